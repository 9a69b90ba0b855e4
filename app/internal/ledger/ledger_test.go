package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

const room = "room"

func subscribed(epoch string, offset uint64, recovered int) client.Event {
	return client.Subscribed{Channel: room, Position: protocol.Position{Epoch: epoch, Offset: offset}, Recovered: recovered}
}

func filtered(epoch string, offset uint64, recovered int) client.Event {
	s := subscribed(epoch, offset, recovered).(client.Subscribed)
	s.Filtered = true
	return s
}

func live(epoch string, offset uint64) client.Event {
	return client.Received{Publication: protocol.Publication{Channel: room, Epoch: epoch, Offset: offset, ID: fmt.Sprint(epoch, offset)}}
}

func recovered(epoch string, offset uint64) client.Event {
	r := live(epoch, offset).(client.Received)
	r.Recovered = true
	return r
}

func gap(epoch string, from, to uint64) client.Event {
	return client.Gap{Gap: protocol.Gap{Channel: room, Epoch: epoch, From: from, To: to, Count: to - from + 1}}
}

func reset(epoch string) client.Event {
	return client.Reset{Reset: protocol.Reset{Channel: room, Epoch: epoch}}
}

func moved(epoch string, offset uint64) client.Event {
	return client.Moved{Channel: room, Position: protocol.Position{Epoch: epoch, Offset: offset}}
}

func TestWhatTheLedgerMakesOfIt(t *testing.T) {
	foreign := client.Received{Publication: protocol.Publication{Channel: room, Foreign: true}}
	elsewhere := client.Received{Publication: protocol.Publication{Channel: "left", Epoch: "a", Offset: 9}}
	for name, c := range map[string]struct {
		since  *protocol.Since
		events []client.Event
		want   Figures
		at     protocol.Since
	}{
		"all is well": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 6), live("a", 7), moved("a", 7)},
			want:   Figures{Received: 2}, at: protocol.Since{Epoch: "a", Offset: 7, Last: "a7"},
		},
		"a channel's first publication brings the epoch": {
			events: []client.Event{subscribed("", 0, 0), live("a", 1)},
			want:   Figures{Received: 1}, at: protocol.Since{Epoch: "a", Offset: 1, Last: "a1"},
		},
		"resumed": {
			since:  &protocol.Since{Epoch: "a", Offset: 3, Last: "a3"},
			events: []client.Event{subscribed("a", 5, 2), recovered("a", 4), recovered("a", 5), live("a", 6)},
			want:   Figures{Received: 3, Recovered: 2}, at: protocol.Since{Epoch: "a", Offset: 6, Last: "a6"},
		},
		"rewound": {
			events: []client.Event{subscribed("a", 5, 2), recovered("a", 4), recovered("a", 5)},
			want:   Figures{Received: 2, Recovered: 2}, at: protocol.Since{Epoch: "a", Offset: 5, Last: "a5"},
		},
		"lost, and said so": {
			since:  &protocol.Since{Epoch: "a", Offset: 3},
			events: []client.Event{subscribed("a", 9, 2), gap("a", 4, 7), recovered("a", 8), recovered("a", 9)},
			want:   Figures{Received: 2, Recovered: 2, Missing: 4}, at: protocol.Since{Epoch: "a", Offset: 9, Last: "a9"},
		},
		"lost without a word": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 8)},
			want:   Figures{Received: 1, Missing: 2, Silent: 2}, at: protocol.Since{Epoch: "a", Offset: 8, Last: "a8"},
		},
		"more lost than was said": {
			events: []client.Event{subscribed("a", 5, 0), gap("a", 7, 8), live("a", 10)},
			want:   Figures{Received: 1, Missing: 4, Silent: 2}, at: protocol.Since{Epoch: "a", Offset: 10, Last: "a10"},
		},
		"a lost last one": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 6), moved("a", 7)},
			want:   Figures{Received: 1, Missing: 1, Silent: 1}, at: protocol.Since{Epoch: "a", Offset: 7},
		},
		"twice": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 6), live("a", 7), live("a", 6), live("a", 7)},
			want:   Figures{Received: 4, Doubled: 2}, at: protocol.Since{Epoch: "a", Offset: 7, Last: "a7"},
		},
		"again what was there before the load": {
			since:  &protocol.Since{Epoch: "a", Offset: 3},
			events: []client.Event{subscribed("a", 3, 0), live("a", 3)},
			want:   Figures{Received: 1, Doubled: 1}, at: protocol.Since{Epoch: "a", Offset: 3},
		},
		"too late": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 7), live("a", 6), live("a", 6)},
			want:   Figures{Received: 3, Disordered: 1, Doubled: 1}, at: protocol.Since{Epoch: "a", Offset: 7, Last: "a7"},
		},
		"said to be lost, and there all the same": {
			events: []client.Event{subscribed("a", 5, 0), gap("a", 6, 8), live("a", 7)},
			want:   Figures{Received: 1, Missing: 2, Disordered: 1}, at: protocol.Since{Epoch: "a", Offset: 8},
		},
		"a history that began anew": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 6), reset("b"), live("b", 1), live("b", 2)},
			want:   Figures{Received: 3, Resets: 1}, at: protocol.Since{Epoch: "b", Offset: 2, Last: "b2"},
		},
		"a Redis that went back in time gives its offsets out again": {
			events: []client.Event{subscribed("a", 5, 0), live("a", 6), reset("a"), gap("a", 1, 4), live("a", 5), live("a", 6)},
			want:   Figures{Received: 3, Missing: 4, Resets: 1}, at: protocol.Since{Epoch: "a", Offset: 6, Last: "a6"},
		},
		"a history that is empty": {
			events: []client.Event{subscribed("a", 5, 0), reset(""), live("b", 1)},
			want:   Figures{Received: 1, Resets: 1}, at: protocol.Since{Epoch: "b", Offset: 1, Last: "b1"},
		},
		"a history that began anew without a word": {
			events: []client.Event{subscribed("a", 5, 0), live("b", 3)},
			want:   Figures{Received: 1, Missing: 2, Silent: 2, Disordered: 1}, at: protocol.Since{Epoch: "b", Offset: 3, Last: "b3"},
		},
		"what has no position": {
			events: []client.Event{subscribed("a", 5, 0), foreign, elsewhere},
			want:   Figures{Received: 2}, at: protocol.Since{Epoch: "a", Offset: 5},
		},
		"what a filter leaves out": {
			events: []client.Event{filtered("a", 5, 0), live("a", 9), moved("a", 200), live("a", 4000), live("a", 4000), live("a", 3999)},
			want:   Figures{Received: 4, Doubled: 2}, at: protocol.Since{Epoch: "a", Offset: 4000, Last: "a4000"},
		},
		"recovered through a filter, from nobody knows where": {
			events: []client.Event{filtered("a", 100, 2), recovered("a", 91), recovered("a", 95), live("a", 130)},
			want:   Figures{Received: 3, Recovered: 2}, at: protocol.Since{Epoch: "a", Offset: 130, Last: "a130"},
		},
		"lost, and perhaps left out": {
			since:  &protocol.Since{Epoch: "a", Offset: 3},
			events: []client.Event{filtered("a", 9, 1), gap("a", 4, 6), recovered("a", 8), reset("b"), live("b", 4)},
			want:   Figures{Received: 2, Recovered: 1, Missing: 3, Resets: 1}, at: protocol.Since{Epoch: "b", Offset: 4, Last: "b4"},
		},
		"a filter that was dropped": {
			events: []client.Event{filtered("a", 5, 0), live("a", 9), subscribed("a", 9, 0), live("a", 11)},
			want:   Figures{Received: 2, Missing: 1, Silent: 1}, at: protocol.Since{Epoch: "a", Offset: 11, Last: "a11"},
		},
		"the end of all numbers": {
			events: []client.Event{subscribed("a", 0, 0), gap("a", 1, ^uint64(0))},
			want:   Figures{Missing: ^uint64(0)}, at: protocol.Since{Epoch: "a", Offset: ^uint64(0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l Ledger
			if c.since != nil {
				l.Begin(room, *c.since)
			}
			for _, ev := range c.events {
				l.Apply(ev)
			}
			if l.Figures != c.want {
				t.Errorf("the figures are %+v, want %+v", l.Figures, c.want)
			}
			if at, ok := l.Position(room); !ok || at != c.at {
				t.Errorf("it stands at %+v, want %+v", at, c.at)
			}
		})
	}
}

func TestPublishesAreSentThenAcknowledgedOrNot(t *testing.T) {
	var l Ledger
	for range 3 {
		l.Send()
	}
	l.Answer(nil)
	l.Answer(errors.New("no"))
	if l.Waiting() != 1 || l.Acknowledged != 1 || l.Failed != 1 || l.Broken() {
		t.Errorf("the figures are %+v", l.Figures)
	}
}

func TestALeftChannelIsNotAskedAbout(t *testing.T) {
	var l Ledger
	l.Apply(subscribed("a", 5, 0))
	l.End(room)
	if _, ok := l.Position(room); ok {
		t.Error("it still has a position")
	}
	for _, ev := range []client.Event{live("a", 9), gap("a", 10, 11), reset("b"), moved("b", 7)} {
		l.Apply(ev)
	}
	if want := (Figures{Received: 1}); l.Figures != want {
		t.Errorf("the figures are %+v", l.Figures)
	}
	l.Apply(subscribed("b", 20, 0))
	l.Apply(live("b", 21))
	if l.Broken() {
		t.Errorf("subscribed to anew, the figures are %+v", l.Figures)
	}
}

// A made-up client loses, doubles and delays what it likes, and sometimes says
// so. What the ledger finds with its window has to be what one finds who
// remembers everything.
func TestTheWindowFindsWhatAFullMemoryFinds(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var l Ledger
		var want Figures
		l.Apply(subscribed("a", 0, 0))
		came, top := map[uint64]bool{}, uint64(0)
		for range 2000 {
			switch n := rnd.IntN(20); {
			case n == 0: // some are lost
				size := rnd.Uint64N(40) + 1
				if rnd.IntN(10) == 0 {
					size += 2 * window
				}
				if rnd.IntN(2) == 0 {
					l.Apply(gap("a", top+1, top+size))
				} else {
					l.Apply(moved("a", top+size))
					want.Silent += size
				}
				want.Missing += size
				top += size
			case n == 1 && top > 0: // an old one comes again, or at last
				old := top - rnd.Uint64N(min(top, window))
				l.Apply(live("a", old))
				want.Received++
				if came[old] {
					want.Doubled++
				} else {
					want.Disordered++
					want.Missing--
					want.Silent = min(want.Silent, want.Missing)
				}
				came[old] = true
			default:
				top++
				came[top] = true
				l.Apply(live("a", top))
				want.Received++
			}
		}
		if l.Figures != want {
			t.Fatalf("seed %d: the figures are %+v, want %+v", seed, l.Figures, want)
		}
	}
}

func TestWhatComesAfterTheWindowIsTakenForADouble(t *testing.T) {
	var l Ledger
	l.Apply(subscribed("a", 0, 0))
	l.Apply(live("a", 2)) // 1 is lost
	for offset := uint64(3); offset <= window; offset++ {
		l.Apply(live("a", offset))
	}
	l.Apply(moved("a", window+1)) // this one is lost too, and has the place of the first
	l.Apply(live("a", 1))
	if l.Doubled != 1 || l.Missing != 2 {
		t.Errorf("the figures are %+v", l.Figures)
	}
}

func BenchmarkReceived(b *testing.B) {
	var l Ledger
	l.Apply(subscribed("a", 0, 0))
	ev := live("a", 0).(client.Received)
	for b.Loop() {
		ev.Offset++
		l.Apply(ev)
	}
}
