package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// redis is a channel of epoch after epoch, with a hub that asks it to fill.
type redis struct {
	*testing.T
	*hub.Hub
	epoch   string
	kept    []protocol.Publication
	top     uint64
	limit   int // of the history
	tagged  bool
	pending []protocol.Since
}

func newRedis(t *testing.T, limit int) *redis {
	r := &redis{T: t, epoch: "e1", limit: limit}
	r.Hub = hub.New(hub.Config{Fill: func(_ string, since protocol.Since) { r.pending = append(r.pending, since) }})
	return r
}

// publish keeps a publication, and sends it unless it is lost.
func (r *redis) publish(sent bool) {
	r.top++
	p := pub("c", r.epoch, r.top)
	if r.tagged {
		p = tagged(p)
	}
	r.kept = append(r.kept, p)
	if len(r.kept) > r.limit {
		r.kept = r.kept[len(r.kept)-r.limit:]
	}
	if sent {
		takes(r.Hub, p)
	}
}

// flush begins anew.
func (r *redis) flush(epoch string) { r.epoch, r.top, r.kept = epoch, 0, nil }

// history is what history.lua would answer.
func (r *redis) history(since protocol.Since) *recovery.History {
	read := func(after uint64) *recovery.History {
		h := &recovery.History{Channel: "c", Last: id(r.top), Position: protocol.Position{Epoch: r.epoch, Offset: r.top}}
		if r.top == 0 {
			h.Epoch = ""
		}
		for _, p := range r.kept {
			switch {
			case p.Offset == after:
				h.At = p.ID
			case p.Offset > after:
				h.Publications = append(h.Publications, p)
			}
		}
		return h
	}
	h := read(since.Offset)
	if !h.Belongs(since) {
		h = read(0)
	}
	return h
}

// fill answers what the hub has asked for, until it asks no more.
func (r *redis) fill() {
	r.Helper()
	for range 10 {
		if len(r.pending) == 0 {
			return
		}
		since := r.pending[0]
		r.pending = r.pending[1:]
		if again, from := r.Fill("c", since, r.history(since)); again {
			r.pending = append(r.pending, from)
		}
	}
	r.Fatal("the hub asks for ever")
}

func (r *redis) hears(e *ear, want ...string) {
	r.Helper()
	if !slices.Equal(e.heard, want) {
		r.Fatalf("heard %q, want %q", e.heard, want)
	}
}

func TestAHoleIsFilledAndNobodyNotices(t *testing.T) {
	r, e := newRedis(t, 100), &ear{encoding: hub.EncodingPlain}
	start(t, r.Join("c", e), protocol.Since{})
	r.publish(true)
	r.publish(false)
	r.publish(false)
	r.publish(true)
	r.hears(e, "1")
	r.publish(true) // arrives while the hole is being filled
	r.fill()
	r.hears(e, "1", "2", "3", "4", "5")
	r.publish(true)
	r.hears(e, "1", "2", "3", "4", "5", "6")
}

func TestALostLastMessageIsFoundByACheck(t *testing.T) {
	r, e := newRedis(t, 100), &ear{encoding: hub.EncodingPlain}
	start(t, r.Join("c", e), protocol.Since{})
	r.publish(true)
	r.publish(false)
	r.Check("c")
	r.fill()
	r.hears(e, "1", "2")
	takes(r.Hub, pub("c", "e1", 2)) // late, and a double now
	r.fill()
	r.hears(e, "1", "2")
}

func TestWhatTheHistoryHasLostIsAGapToThoseWhoMissIt(t *testing.T) {
	r := newRedis(t, 2)
	old, plain := &ear{encoding: hub.EncodingV1}, &endable{}
	start(t, r.Join("c", old), protocol.Since{})
	start(t, r.Join("c", plain), protocol.Since{})
	for range 6 {
		r.publish(false)
	}
	young := &ear{encoding: hub.EncodingV1} // comes before the room knows
	start(t, r.Join("c", young), standing("e1", 6))
	r.publish(true)
	r.fill()
	if len(old.heard) != 3 || old.heard[0] != `{"gap":{"channel":"c","epoch":"e1","from":1,"to":5,"count":5}}` {
		t.Errorf("who was there heard %v", old.heard)
	}
	if len(young.heard) != 1 {
		t.Errorf("who came later heard %v", young.heard)
	}
	if plain.why == nil || plain.why.Code != protocol.CodeGap {
		t.Errorf("a plain socket is ended with %v", plain.why)
	}
}

// It is told of nothing else, and what comes from then on is of another life.
func TestAPlainSocketIsEndedByAResetOfWhatItKnew(t *testing.T) {
	r := newRedis(t, 100)
	old, young := &endable{}, &endable{}
	start(t, r.Join("c", young), protocol.Since{}) // on an empty channel: it has nothing to forget
	r.flush("e2")
	r.publish(true)
	r.publish(true)
	start(t, r.Join("c", old), standing("e2", 2))
	r.fill()
	if young.why != nil || old.why != nil {
		t.Errorf("before anything was lost they are ended with %v and %v", young.why, old.why)
	}
	r.flush("e3")
	r.publish(true)
	r.fill()
	for _, e := range []*endable{old, young} {
		if e.why == nil || e.why.Code != protocol.CodeGap || e.why.Close() != protocol.CloseGap {
			t.Errorf("a plain socket is ended with %v", e.why)
		}
	}
}

type endable struct {
	nobody
	why *protocol.Error
}

func (*endable) Encoding() hub.Encoding  { return hub.EncodingPlain }
func (e *endable) End(w *protocol.Error) { e.why = w }

func TestANewEpochIsAResetOnceToThoseWhoKnewTheOld(t *testing.T) {
	r := newRedis(t, 100)
	old := &ear{encoding: hub.EncodingV1}
	start(t, r.Join("c", old), protocol.Since{})
	r.publish(true)
	r.flush("e2")
	r.publish(false)
	young := &ear{encoding: hub.EncodingV1}
	start(t, r.Join("c", young), standing("e2", 1))
	r.publish(true)
	r.fill()
	want := []string{
		string(protocol.AppendPublication(nil, ptr(pub("c", "e1", 1)))),
		`{"reset":{"channel":"c","epoch":"e2","was":{"epoch":"e1","offset":1}}}`,
		string(protocol.AppendPublication(nil, ptr(pub("c", "e2", 1)))),
		string(protocol.AppendPublication(nil, ptr(pub("c", "e2", 2)))),
	}
	r.hears(old, want...)
	r.hears(young, want[3])
	r.flush("")
	r.Check("c")
	r.fill()
	r.flush("e3")
	r.publish(true)
	r.hears(young, want[3], `{"reset":{"channel":"c","was":{"epoch":"e2","offset":2}}}`,
		string(protocol.AppendPublication(nil, ptr(pub("c", "e3", 1)))))
}

func ptr[T any](v T) *T { return &v }

// Anything is lost, anybody comes and goes, holes are filled at any time: in
// the end everyone has heard each publication since it started exactly once,
// in order.
func TestWhateverIsLostEveryoneHearsEverythingOnce(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- a test's
		r := newRedis(t, 1000)
		type listener struct {
			*ear
			s    *hub.Subscription
			from uint64
		}
		var all []*listener
		for range 200 {
			switch random.IntN(8) {
			case 0:
				e := &ear{encoding: hub.EncodingPlain}
				l := &listener{ear: e, s: r.Join("c", e)}
				for range random.IntN(3) {
					r.publish(random.IntN(3) > 0)
				}
				// Redis's answer may be older than what has arrived since.
				l.from = r.top
				h := r.history(standing("e1", r.top))
				for range random.IntN(3) {
					r.publish(random.IntN(3) > 0)
				}
				start(t, l.s, h.Since())
				all = append(all, l)
			case 1:
				r.fill()
			case 2:
				r.Check("c")
			default:
				r.publish(random.IntN(4) > 0)
			}
		}
		r.Check("c")
		r.fill()
		for i, l := range all {
			var want []string
			for offset := l.from + 1; offset <= r.top; offset++ {
				want = append(want, fmt.Sprint(offset))
			}
			if !slices.Equal(l.heard, want) {
				t.Fatalf("seed %d: listener %d of %d, from %d to %d, heard %v", seed, i, len(all), l.from, r.top, l.heard)
			}
		}
	}
}
