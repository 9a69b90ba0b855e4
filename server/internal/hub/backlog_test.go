package hub_test

import (
	"bytes"
	"testing"

	"fanlight/server/internal/hub"
	"fanlight/shared/protocol"
)

// large returns a publication of 1 MiB.
func large(offset uint64) protocol.Publication {
	p := pub("c", "e1", offset)
	p.Data = append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 1<<20-2)...), '"')
	return p
}

func TestASubscriptionThatGathersTooManyBytesDoesNotStart(t *testing.T) {
	for _, n := range []uint64{16, 17} {
		h, e := newHub(), &ear{encoding: hub.EncodingPlain}
		s := h.Join("c", e)
		for offset := range n {
			takes(h, large(offset+1))
		}
		if started := s.Start(protocol.Since{}, nil, func() {}); started != (n == 16) {
			t.Errorf("with %d MiB it starts: %t", n, started)
		}
	}
}

func TestWhatDoesNotFitWhileAHoleIsFilledComesFromTheHistory(t *testing.T) {
	r, e := newRedis(t, 100), &ear{encoding: hub.EncodingV1}
	start(t, r.Join("c", e), protocol.Since{})
	asked := 0
	for offset := uint64(1); offset <= 20; offset++ {
		r.top = offset
		r.kept = append(r.kept, large(offset))
		if offset == 10 { // the history is read now, and only then more than fits arrives
			asked = len(r.pending)
		}
		if offset > 1 { // the first one is lost
			takes(r.Hub, large(offset))
		}
	}
	if asked != 1 {
		t.Fatalf("it asks %d times", asked)
	}
	since := r.pending[0]
	early := r.history(since)
	early.Publications, early.Offset, early.Last = early.Publications[:10], 10, id(10)
	r.pending = nil
	again, from := r.Fill("c", since, early)
	if !again {
		t.Fatal("what did not fit is forgotten")
	}
	r.pending = append(r.pending, from)
	r.fill()
	if len(e.heard) != 20 {
		t.Errorf("it hears %d of 20", len(e.heard))
	}
}
