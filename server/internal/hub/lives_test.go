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

// Whoever begins in a new epoch, before the room knows of it, hears no more of
// the old one.
func TestWhoStartsInANewEpochHearsNothingOfTheOld(t *testing.T) {
	r, old := newRedis(t, 100), &ear{encoding: hub.EncodingPlain}
	start(t, r.Join("c", old), protocol.Since{})
	r.publish(true)
	young := &ear{encoding: hub.EncodingPlain}
	s := r.Join("c", young)
	r.publish(true) // is gathered
	r.flush("e2")
	r.publish(false)
	start(t, s, standing("e2", 1))
	r.hears(young)
	r.fill()
	r.publish(true)
	r.hears(young, "2")
}

// A history that was read before everything changed is no place to begin.
func TestWhoReadTheHistoryBeforeItWasLostDoesNotStart(t *testing.T) {
	r := newRedis(t, 100)
	start(t, r.Join("c", &ear{encoding: hub.EncodingPlain}), protocol.Since{})
	r.publish(true)
	young := &ear{encoding: hub.EncodingPlain}
	s := r.Join("c", young)
	read := standing("e1", 1)
	r.flush("e2")
	r.publish(true)
	r.fill()
	if s.Start(read, nil, func() {}) {
		t.Errorf("it starts, and hears %v", young.heard)
	}
}

// What the history fills in is missed by nobody who is about to start.
func TestWhatIsFilledInIsGatheredToo(t *testing.T) {
	r := newRedis(t, 100)
	start(t, r.Join("c", &ear{encoding: hub.EncodingPlain}), protocol.Since{})
	r.publish(true)
	young := &ear{encoding: hub.EncodingPlain}
	s := r.Join("c", young)
	read := standing("e1", 1)
	r.publish(false)
	r.publish(true)
	r.fill()
	start(t, s, read)
	r.hears(young, "2", "3")
}

func TestWhoBeganOnAnEmptyChannelHasNothingToForget(t *testing.T) {
	r := newRedis(t, 100)
	start(t, r.Join("c", &ear{encoding: hub.EncodingV1}), protocol.Since{})
	r.publish(true)
	r.flush("e2")
	young := &ear{encoding: hub.EncodingV1}
	start(t, r.Join("c", young), protocol.Since{})
	r.publish(true)
	r.fill()
	r.hears(young, string(protocol.AppendPublication(nil, ptr(pub("c", "e2", 1)))))
}

// Messages are lost, histories emptied, holes filled, and subscribers start
// with whatever they have read, at any time: everyone hears consecutive
// offsets of one epoch, or a true word that it is another.
func TestWhateverBecomesOfRedisNobodyIsMisled(t *testing.T) {
	started, refused := 0, 0
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- a test's
		r := newRedis(t, 1000)
		life := 1
		var all []*beginner
		var waiting []*beginner
		for range 150 {
			switch random.IntN(16) {
			case 0, 1:
				e := &ear{encoding: hub.EncodingV1}
				waiting = append(waiting, &beginner{ear: e, s: r.Join("c", e)})
			case 2, 3:
				if len(waiting) > 0 {
					waiting[random.IntN(len(waiting))].read = r.history(protocol.Since{})
				}
			case 4, 5:
				i := slices.IndexFunc(waiting, func(l *beginner) bool { return l.read != nil })
				if i < 0 {
					continue
				}
				l := waiting[i]
				waiting = slices.Delete(waiting, i, i+1)
				if !l.s.Start(l.read.Since(), nil, func() {}) {
					refused++
					r.Leave(l.s)
					continue
				}
				started++
				all = append(all, l)
			case 6:
				r.fill()
			case 7:
				r.Check("c")
			case 8:
				if random.IntN(4) == 0 {
					life++
					r.flush(fmt.Sprintf("e%d", life))
				}
			default:
				r.publish(random.IntN(4) > 0)
			}
		}
		r.publish(true)
		r.Check("c")
		r.fill()
		for i, l := range all {
			if at := l.follow(t); at != (protocol.Position{Epoch: r.epoch, Offset: r.top}) {
				t.Fatalf("seed %d: listener %d stands at %v, Redis at %s:%d: %q", seed, i, at, r.epoch, r.top, l.heard)
			}
		}
	}
	if refused*4 > started {
		t.Errorf("%d starts were refused, and only %d not", refused, started)
	}
}

type beginner struct {
	*ear
	s    *hub.Subscription
	read *recovery.History
}

// follow goes through what was heard, as far as it is true, and returns where
// that leads.
func (l *beginner) follow(t *testing.T) protocol.Position {
	t.Helper()
	at := l.read.Position
	for _, line := range l.heard {
		ms, err := protocol.DecodeMessages([]byte(line))
		if err != nil || len(ms) != 1 {
			t.Fatal(line, err)
		}
		switch m := &ms[0]; {
		case m.Reset != nil && m.Reset.Was == at && m.Reset.Epoch != at.Epoch:
			at = protocol.Position{Epoch: m.Reset.Epoch}
		case m.Publication != nil && (m.Publication.Epoch == at.Epoch || at == protocol.Position{}) && m.Publication.Offset == at.Offset+1:
			at = m.Publication.Position()
		default:
			return at
		}
	}
	return at
}
