package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fanlight/server/internal/filter"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// every matches every nth publication, and counts how often it was asked.
type every struct {
	nth   int
	asked int
}

func (e *every) Match(tags protocol.Tags) bool {
	e.asked++
	n, ok := tags["n"].(float64)
	return ok && int(n)%e.nth == 0
}

// tagged puts the offset into a tag.
func tagged(p protocol.Publication) protocol.Publication {
	p.Tags = protocol.Tags{"n": float64(p.Offset)}
	return p
}

// moved is what is heard of a position.
func moved(e hub.Encoding, offset uint64) string {
	if e == hub.EncodingSSE {
		return fmt.Sprintf("id: c@e:%d:i%d\n\n", offset, offset)
	}
	return fmt.Sprintf(`{"moved":{"channel":"c","epoch":"e","offset":%d,"last":"i%d"}}`, offset, offset)
}

func TestAFilterIsAskedOncePerPublicationHoweverManyShareIt(t *testing.T) {
	const distinct, shared, publications = 20, 15, 7
	h := newHub()
	var filters []*every
	for i := range distinct {
		filters = append(filters, &every{nth: i%5 + 1})
	}
	var late []*hub.Subscription
	for i := range distinct * shared {
		encoding := []hub.Encoding{hub.EncodingV1, hub.EncodingPlain, hub.EncodingSSE}[i%3]
		// Every other one demands a second filter, that others have too.
		of := []hub.Filter{filters[i%distinct]}
		if i%2 == 0 {
			of = append(of, filters[(i+1)%distinct])
		}
		s := h.Join("c", &ear{encoding: encoding}, of...)
		if i < distinct*shared/2 {
			start(t, s, protocol.Since{})
		} else {
			late = append(late, s) // gathers, and judges when it starts
		}
	}
	for offset := range uint64(publications) {
		takes(h, tagged(pub("c", "e", offset+1)))
	}
	for _, s := range late {
		start(t, s, protocol.Since{})
	}
	for i, f := range filters {
		if f.asked != publications {
			t.Errorf("filter %d was asked %d times about %d publications", i, f.asked, publications)
		}
	}
}

func TestNobodyIsAskedAboutWhatNobodyGets(t *testing.T) {
	h, f := newHub(), &every{nth: 1}
	start(t, h.Join("c", nobody{}, f), standing("e", 5))
	takes(h, tagged(pub("c", "e", 3))) // it has that
	if f.asked != 0 {
		t.Errorf("asked %d times", f.asked)
	}
}

// As TestJoinStartAndLeaveAtEveryMoment: with a filter, it is the same without
// what the filter holds back.
func TestAFilteredSubscriptionHearsWhatMatchesAtEveryMoment(t *testing.T) {
	const n = 6
	for join := range n + 1 {
		for started := join; started <= n; started++ {
			for from := join; from <= n; from++ {
				h, e := newHub(), &ear{encoding: hub.EncodingPlain}
				other := h.Join("c", nobody{}) // so that the room knows, or not
				var s *hub.Subscription
				for at := range n + 1 {
					if at == 2 {
						top := 2
						if started < 2 { // then Redis has told that already
							top = max(top, from)
						}
						start(t, other, standing("e", uint64(top)))
					}
					if at == join {
						s = h.Join("c", e, &every{nth: 2})
					}
					if at == started && !s.Start(standing("e", uint64(from)), nil, func() {}) {
						t.Fatal("it does not start")
					}
					if at < n {
						takes(h, tagged(pub("c", "e", uint64(at+1))))
					}
				}
				var want []string
				for offset := from + 1; offset <= n; offset++ {
					if offset%2 == 0 {
						want = append(want, fmt.Sprint(offset))
					}
				}
				if !slices.Equal(e.heard, want) {
					t.Fatalf("joined at %d, started at %d from %d: heard %v, want %v", join, started, from, e.heard, want)
				}
			}
		}
	}
}

func TestAllFiltersOfASubscriptionMustMatch(t *testing.T) {
	h, e := newHub(), &ear{encoding: hub.EncodingPlain}
	start(t, h.Join("c", e, &every{nth: 2}, &every{nth: 3}), protocol.Since{})
	for offset := range uint64(13) {
		takes(h, tagged(pub("c", "e", offset+1)))
	}
	if want := []string{"6", "12"}; !slices.Equal(e.heard, want) {
		t.Errorf("heard %v, want %v", e.heard, want)
	}
}

func TestAForeignMessageIsJudgedAsOneWithoutTags(t *testing.T) {
	h, e, none := newHub(), &ear{encoding: hub.EncodingPlain}, &ear{encoding: hub.EncodingPlain}
	all, err := filter.Compile("true")
	if err != nil {
		t.Fatal(err)
	}
	start(t, h.Join("c", e, all), protocol.Since{})
	start(t, h.Join("c", none, &every{nth: 1}), protocol.Since{})
	takes(h, foreign("c", `"hello"`))
	if !slices.Equal(e.heard, []string{"hello"}) || len(none.heard) > 0 {
		t.Errorf("heard %v and %v", e.heard, none.heard)
	}
}

func TestAfterAHundredHeldBackItIsToldWhereItStands(t *testing.T) {
	for _, encoding := range []hub.Encoding{hub.EncodingV1, hub.EncodingSSE, hub.EncodingPlain} {
		h := newHub()
		e, same := &ear{encoding: encoding}, &ear{encoding: encoding}
		f := &every{nth: 250}
		start(t, h.Join("c", e, f), protocol.Since{})
		start(t, h.Join("c", same, f), protocol.Since{})
		for offset := range uint64(360) {
			takes(h, tagged(pub("c", "e", offset+1)))
			takes(h, foreign("c", "1")) // has no position to tell, and does not count
		}
		match := &ear{encoding: encoding}
		reference := newHub()
		start(t, reference.Join("c", match), standing("e", 249))
		takes(reference, tagged(pub("c", "e", 250)))
		want := []string{moved(encoding, 100), moved(encoding, 200), match.heard[0], moved(encoding, 350)}
		if encoding == hub.EncodingPlain {
			want = match.heard // which has no word for it
		}
		if !slices.Equal(e.heard, want) {
			t.Errorf("encoding %d: heard %q, want %q", encoding, e.heard, want)
		}
		if len(same.bytes) == 0 || &same.bytes[0][0] != &e.bytes[0][0] {
			t.Errorf("encoding %d: everyone has bytes of its own", encoding)
		}
	}
}

func TestWhatIsHeldBackMovesThePositionOn(t *testing.T) {
	h := newHub()
	s := h.Join("c", &ear{encoding: hub.EncodingV1}, &every{nth: 3})
	if _, ok := s.Skipped(); ok {
		t.Error("it has skipped something before it began")
	}
	start(t, s, standing("e", 1))
	s.Quiet()
	if _, ok := s.Skipped(); ok {
		t.Error("it has skipped something, and nothing came")
	}
	takes(h, tagged(pub("c", "e", 2)))
	if at, ok := s.Quiet(); !ok || at != standing("e", 2) {
		t.Errorf("a ping tells %v, %t", at, ok)
	}
	if _, ok := s.Skipped(); ok {
		t.Error("it is told twice")
	}
	takes(h, tagged(pub("c", "e", 3))) // matches
	if _, ok := s.Skipped(); ok {
		t.Error("it has skipped something, and got it")
	}
	takes(h, tagged(pub("c", "e", 4)))
	if at, ok := s.Skipped(); !ok || at != standing("e", 4) {
		t.Errorf("%v, %t", at, ok)
	}
	if _, ok := s.Skipped(); ok {
		t.Error("it is told twice")
	}
	takes(h, tagged(pub("c", "e", 5)))
	takes(h, tagged(pub("c", "e", 9))) // behind a hole: who knows what is in it
	if at, ok := s.Skipped(); ok {
		t.Errorf("while a hole is filled it is told %v", at)
	}
}

func TestWhatIsRecoveredIsFilteredAndLeadsUpToTheTop(t *testing.T) {
	var past []protocol.Publication
	for offset := range uint64(10) {
		past = append(past, tagged(pub("c", "e", offset+1)))
	}
	for _, c := range []struct {
		nth  int
		want []string
	}{
		{5, []string{"started", "5", "10"}},
		{4, []string{"started", "4", "8", moved(hub.EncodingSSE, 10)}},
		{11, []string{"started"}}, // the word that it started tells the top
	} {
		h, e := newHub(), &ear{encoding: hub.EncodingSSE}
		filters := []hub.Filter{&every{nth: c.nth}}
		s := h.Join("c", e, filters...)
		selected := hub.PastOf(&recovery.History{Publications: past}).Select(filters)
		if !s.Start(standing("e", 10), selected, func() { e.heard = append(e.heard, "started") }) {
			t.Fatal("it does not start")
		}
		for i, heard := range e.heard {
			if _, data, ok := strings.Cut(heard, "data: "); ok {
				e.heard[i] = strings.TrimSpace(data)
			}
		}
		if !slices.Equal(e.heard, c.want) {
			t.Errorf("every %dth: heard %q, want %q", c.nth, e.heard, c.want)
		}
	}
	if len(past) != 10 || past[0].Offset != 1 {
		t.Error("the history, which is shared, was changed")
	}
	if all := hub.PastOf(&recovery.History{Publications: past}).Select(nil); all.Len() != len(past) {
		t.Error("without a filter something is missing")
	}
}

func TestAHoleIsFilledWithWhatMatches(t *testing.T) {
	r := newRedis(t, 1000)
	r.tagged = true
	e, sse := &ear{encoding: hub.EncodingPlain}, &ear{encoding: hub.EncodingSSE}
	start(t, r.Join("c", e, &every{nth: 2}), protocol.Since{})
	start(t, r.Join("c", sse, &every{nth: 1000}), protocol.Since{})
	r.publish(true)
	for range 120 {
		r.publish(false)
	}
	r.publish(true)
	r.fill()
	if len(e.heard) != 61 || e.heard[0] != "2" || e.heard[60] != "122" {
		t.Errorf("heard %v", e.heard)
	}
	if want := []string{"id: c@e1:100:i100\n\n"}; !slices.Equal(sse.heard, want) {
		t.Errorf("heard %q, want %q", sse.heard, want)
	}
}

func TestAGapAndAResetAreToldWhateverIsFiltered(t *testing.T) {
	r := newRedis(t, 2)
	r.tagged = true
	e := &ear{encoding: hub.EncodingV1}
	start(t, r.Join("c", e, &every{nth: 1000}), protocol.Since{})
	for range 6 {
		r.publish(false)
	}
	r.publish(true)
	r.fill()
	r.flush("e2")
	r.publish(true)
	r.fill()
	r.hears(e, `{"gap":{"channel":"c","epoch":"e1","from":1,"to":5,"count":5}}`,
		`{"reset":{"channel":"c","epoch":"e2","was":{"epoch":"e1","offset":7}}}`)
}

// As TestWhateverIsLostEveryoneHearsEverythingOnce, with a filter each; and
// whoever is told a position has everything up to there.
func TestWhateverIsLostTheFilteredHearWhatMatchesOnce(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- a test's
		r := newRedis(t, 1000)
		r.tagged = true
		type listener struct {
			*ear
			s    *hub.Subscription
			nth  int
			from uint64
		}
		wants := func(l *listener, to uint64) (want []string) {
			for offset := l.from + 1; offset <= to; offset++ {
				if offset%uint64(l.nth) == 0 {
					want = append(want, fmt.Sprint(offset))
				}
			}
			return want
		}
		var all []*listener
		for range 200 {
			switch random.IntN(9) {
			case 0:
				l := &listener{ear: &ear{encoding: hub.EncodingPlain}, nth: 1 + random.IntN(4)}
				l.s = r.Join("c", l.ear, &every{nth: l.nth})
				for range random.IntN(3) {
					r.publish(random.IntN(3) > 0)
				}
				h := r.history(standing("e1", r.top))
				l.from = h.Offset
				for range random.IntN(3) {
					r.publish(random.IntN(3) > 0)
				}
				start(t, l.s, h.Since())
				all = append(all, l)
			case 1:
				r.fill()
			case 2:
				r.Check("c")
			case 3:
				for i, l := range all {
					if at, ok := l.s.Skipped(); ok && !slices.Equal(l.heard, wants(l, at.Offset)) {
						t.Fatalf("seed %d: listener %d, from %d, is told %d and has heard %v", seed, i, l.from, at.Offset, l.heard)
					}
				}
			default:
				r.publish(random.IntN(4) > 0)
			}
		}
		r.Check("c")
		r.fill()
		for i, l := range all {
			if want := wants(l, r.top); !slices.Equal(l.heard, want) {
				t.Fatalf("seed %d: listener %d of %d, every %d from %d to %d, heard %v", seed, i, len(all), l.nth, l.from, r.top, l.heard)
			}
		}
	}
}
