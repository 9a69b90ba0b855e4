package hub_test

import (
	"slices"
	"sync"
	"testing"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/recovery"
)

// sharer keeps the bytes that it is replayed.
type sharer struct {
	nobody
	encoding hub.Encoding
	got      [][]byte
}

func (s *sharer) Encoding() hub.Encoding { return s.encoding }
func (s *sharer) Replay(b []byte)        { s.got = append(s.got, b) }

// Many come back at once to the same place, from a relay that was restarted.
func TestWhoeverSharesAHistorySharesItsVerdictsAndEncodings(t *testing.T) {
	const returning, publications = 60, 7
	h := &recovery.History{Memo: new(recovery.Memo)}
	for offset := range uint64(publications) {
		h.Publications = append(h.Publications, tagged(pub("c", "e", offset+1)))
	}
	// The locks of the rooms are others, but nobody asks twice.
	filters := []*every{{nth: 1}, {nth: 2}}
	all := make([]*sharer, returning)
	var starts sync.WaitGroup
	for i := range all {
		all[i] = &sharer{encoding: []hub.Encoding{hub.EncodingV1, hub.EncodingPlain, hub.EncodingSSE}[i%3]}
		own := []hub.Filter{filters[i/3%2]}
		s := newHub().Join("c", all[i], own...)
		starts.Go(func() {
			if !s.Start(standing("e", publications), hub.PastOf(h).Select(own), func() {}) {
				t.Error("it does not start")
			}
		})
	}
	starts.Wait()
	for _, f := range filters {
		if f.asked != publications {
			t.Errorf("every %d was asked %d times about %d publications", f.nth, f.asked, publications)
		}
	}
	for i, s := range all {
		like := all[i%6]
		if s.encoding != hub.EncodingSSE && len(s.got) != publications/(i/3%2+1) || len(s.got) != len(like.got) {
			t.Errorf("%d is replayed %d", i, len(s.got))
			continue
		}
		for n := range publications / (i/3%2 + 1) {
			if &s.got[n][0] != &like.got[n][0] {
				t.Errorf("publication %d was encoded again for %d", n, i)
			}
		}
	}
}

func TestThePartsOfAPast(t *testing.T) {
	h := &recovery.History{}
	for offset := range uint64(6) {
		h.Publications = append(h.Publications, tagged(pub("c", "e", offset+1)))
	}
	offsets := func(p *hub.Past) (all []uint64) {
		for _, p := range p.Publications() {
			all = append(all, p.Offset)
		}
		return all
	}
	past := hub.PastOf(h)
	for name, c := range map[string]struct {
		part *hub.Past
		want []uint64
	}{
		"nothing":               {nil, nil},
		"nothing, selected":     {(*hub.Past)(nil).Select([]hub.Filter{&every{nth: 1}}), nil},
		"all":                   {past, []uint64{1, 2, 3, 4, 5, 6}},
		"some":                  {past.Select([]hub.Filter{&every{nth: 2}}), []uint64{2, 4, 6}},
		"the last of some":      {past.Select([]hub.Filter{&every{nth: 2}}).Reversed().First(2), []uint64{6, 4}},
		"more than there is":    {past.First(9), []uint64{1, 2, 3, 4, 5, 6}},
		"what nobody publishes": {past.Select([]hub.Filter{&every{nth: 9}}), nil},
	} {
		if got := offsets(c.part); !slices.Equal(got, c.want) || c.part.Len() != len(c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
	if past.Publications()[0].Offset != 1 || h.Publications[0].Offset != 1 {
		t.Error("the history, which is shared, was changed")
	}
}
