package checker

import (
	"math/rand/v2"
	"slices"
	"testing"

	"fanlight/shared/protocol"
)

// A mutation is one lie in an honest history.
type mutation struct {
	name string
	rule string // that it must break, perhaps among others
	// apply changes the events in place, or reports that there is nothing in
	// them that it could change.
	apply func(h *mutant) bool
}

// mutant is a history that is being changed.
type mutant struct {
	*rand.Rand
	events  []Event
	history uint64
}

const wanted = 25 // histories in which each mutation must be found out

func TestEveryLieIsFoundOut(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			found := 0
			for seed := uint64(0); found < wanted; seed++ {
				if seed == histories {
					t.Fatalf("it could be told in %d of %d histories only", found, histories)
				}
				model := newModel(seed)
				h := &mutant{model.Rand, model.run(400), uint64(model.history)}
				if !m.apply(h) {
					continue
				}
				for i := range h.events {
					h.events[i].N = uint64(i) + 1
				}
				report := Check(h.events, Config{History: h.history})
				if !slices.ContainsFunc(report.Violations, func(v Violation) bool { return v.Rule == m.rule && len(v.Proof) > 0 }) {
					t.Fatalf("seed %d: not found out by the rule %q: %s", seed, m.rule, report)
				}
				found++
			}
		})
	}
}

var mutations = []mutation{
	{"a message is dropped", "consecutive", func(h *mutant) bool {
		i, _, ok := h.pair()
		return ok && h.remove(i)
	}},
	{"a dropped message was acknowledged", "complete", func(h *mutant) bool {
		i, _, ok := h.pair()
		return ok && h.find(func(e *Event) bool { return e.Kind == Ack && e.ID == h.events[i].ID }) >= 0 && h.remove(i)
	}},
	{"a message comes twice", "consecutive", func(h *mutant) bool {
		_, j, ok := h.pair()
		return ok && h.insert(j+1, h.events[j])
	}},
	{"two messages change places", "consecutive", func(h *mutant) bool {
		i, j, ok := h.pair()
		if ok {
			h.events[i], h.events[j] = h.events[j], h.events[i]
		}
		return ok
	}},
	{"an offset is used again", "one id", func(h *mutant) bool {
		acks := h.all(func(e *Event) bool { return e.Kind == Ack })
		i := h.any(acks)
		if i < 0 || h.lossy() {
			return false
		}
		for j := range h.events {
			if e := &h.events[j]; e.ID == h.events[i].ID && j != i {
				e.ID += "'"
			}
		}
		return h.find(func(e *Event) bool { return e.ID == h.events[i].ID+"'" }) >= 0
	}},
	{"an id is used again", "one offset", func(h *mutant) bool {
		i, j, ok := h.pair()
		if ok {
			h.events[j].ID = h.events[i].ID
		}
		return ok
	}},
	{"a retry is stored again", "one offset", func(h *mutant) bool {
		i, j, ok := h.pair()
		if !ok || h.lossy() {
			return false
		}
		first, again := h.events[i].Data, h.events[j].Data
		for k := range h.events {
			if h.events[k].Data == again && h.events[k].Kind != Invoke {
				h.events[k].Data = first
			}
		}
		return true
	}},
	{"a reset is kept quiet", "consecutive", func(h *mutant) bool {
		return h.silence(func(e *Event, next *Event) bool { return next.Kind == Receive && e.Epoch != e.Was.Epoch })
	}},
	{"a reset within an epoch is kept quiet", "consecutive", func(h *mutant) bool {
		return h.silence(func(e *Event, next *Event) bool { return next.Kind == Receive && e.Epoch == e.Was.Epoch })
	}},
	{"a gap is kept quiet", "consecutive", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Gap }))
		return i >= 0 && h.next(i, Receive) >= 0 && h.remove(i)
	}},
	{"a gap in place of a message that was there", "gap", func(h *mutant) bool {
		i, _, ok := h.pair()
		if !ok {
			return false
		}
		e := h.events[i]
		if h.lossy() || e.Offset+h.history <= h.events[len(h.events)-1].Offset {
			return false
		}
		h.events[i] = Event{Kind: Gap, Who: e.Who, Channel: e.Channel, Epoch: e.Epoch, From: e.Offset, To: e.Offset, Count: 1}
		return true
	}},
	{"a gap does not add up", "gap", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Gap }))
		if i >= 0 {
			h.events[i].Count++
		}
		return i >= 0
	}},
	{"a gap is larger than what is missing", "gap", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Gap && e.From > 1 }))
		if i >= 0 {
			h.events[i].From--
			h.events[i].Count++
		}
		return i >= 0
	}},
	{"a reset though nothing was lost", "reset", func(h *mutant) bool {
		i, _, ok := h.pair()
		if !ok || h.lossy() {
			return false
		}
		e := h.events[i]
		was := e.position()
		return h.insert(i+1, Event{Kind: Reset, Who: e.Who, Channel: e.Channel, Epoch: e.Epoch, Was: &was})
	}},
	{"a reset that names another position", "reset", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Reset }))
		if i >= 0 {
			h.events[i].Was = &protocol.Position{Epoch: h.events[i].Was.Epoch, Offset: h.events[i].Was.Offset + 1}
		}
		return i >= 0
	}},
	{"a new epoch though nothing was lost", "epoch", func(h *mutant) bool {
		if h.lossy() {
			return false
		}
		acks := h.all(func(e *Event) bool { return e.Kind == Ack })
		if len(acks) < 2 {
			return false
		}
		from := h.events[h.any(acks[1:])].Offset
		for i := range h.events {
			if e := &h.events[i]; e.Offset >= from && from > 1 {
				e.Epoch = "other"
			}
		}
		return from > 1
	}},
	{"an acknowledged message is not in the stream", "stored", func(h *mutant) bool {
		if h.lossy() {
			return false
		}
		i := h.any(h.all(func(e *Event) bool {
			return e.Kind == Entry && h.find(func(a *Event) bool { return a.Kind == Ack && a.ID == e.ID }) >= 0
		}))
		return i >= 0 && h.remove(i)
	}},
	{"the last message is lost after it was acknowledged", "stored", func(h *mutant) bool {
		top := &h.events[len(h.events)-1]
		if h.lossy() || top.Offset < 2 || h.find(func(e *Event) bool { return e.Kind == Ack && e.ID == top.ID }) < 0 {
			return false
		}
		id := top.ID
		before := h.find(func(e *Event) bool { return e.Kind == Entry && e.Offset == top.Offset-1 })
		if before < 0 {
			return false
		}
		top.Offset, top.ID = top.Offset-1, h.events[before].ID
		h.events = slices.DeleteFunc(h.events, func(e Event) bool {
			return e.ID == id && (e.Kind == Entry || e.Kind == Receive)
		})
		return true
	}},
	{"a message that nobody sent", "sent", func(h *mutant) bool {
		_, j, ok := h.pair()
		if ok {
			h.events[j].Data = "forged"
		}
		return ok
	}},
	{"a message is there before it is sent", "sent", func(h *mutant) bool {
		i, _, ok := h.pair()
		if !ok {
			return false
		}
		j := h.find(func(e *Event) bool { return e.Kind == Invoke && e.Data == h.events[i].Data })
		e := h.events[j]
		h.events = append(slices.Delete(h.events, j, j+1), e)
		return true
	}},
	{"a refused message is delivered", "sent", func(h *mutant) bool {
		i, _, ok := h.pair()
		if !ok {
			return false
		}
		j := h.find(func(e *Event) bool { return e.Kind == Ack && e.Data == h.events[i].Data })
		if j >= 0 {
			h.events[j].Kind = Refuse
		}
		return j >= 0
	}},
	{"the later publish comes first", "order", func(h *mutant) bool {
		if h.lossy() {
			return false
		}
		first := h.any(h.all(func(e *Event) bool { return e.Kind == Ack }))
		if first < 0 {
			return false
		}
		a := h.events[first]
		invoke := slices.IndexFunc(h.events[first:], func(e Event) bool { return e.Kind == Invoke })
		if invoke < 0 {
			return false
		}
		b := h.events[first+invoke].Data
		second := h.find(func(e *Event) bool { return e.Kind == Ack && e.Data == b })
		if second < 0 {
			return false
		}
		for i := range h.events {
			if e := &h.events[i]; e.Kind != Invoke && e.Data == a.Data {
				e.Data = b
			} else if e.Kind != Invoke && e.Data == b {
				e.Data = a.Data
			}
		}
		// The answers stay where they were, with each other's place.
		h.events[first], h.events[second] = h.events[second], h.events[first]
		return true
	}},
	{"a subscriber stays behind", "top", func(h *mutant) bool {
		top := h.events[len(h.events)-1]
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Receive && e.ID == top.ID && h.stays(e.Who) }))
		return i >= 0 && h.remove(i)
	}},
	{"a subscriber is told of what it did not get", "consecutive", func(h *mutant) bool {
		i, j, ok := h.pair()
		if ok {
			h.events[j].Kind, h.events[j].ID, h.events[j].Data = Moved, "", ""
		}
		return ok && i >= 0
	}},
	{"more is recovered than was announced", "recovered", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Receive && !e.Recovered }))
		if i < 0 {
			return false
		}
		for j := range h.events {
			if e := &h.events[j]; e.Who == h.events[i].Who && e.Kind == Receive {
				e.Recovered = true
			}
		}
		return true
	}},
	{"more is said to be recovered than was", "recovered", func(h *mutant) bool {
		i := h.any(h.all(func(e *Event) bool { return e.Kind == Recovered }))
		if i >= 0 {
			h.events[i].Count++
		}
		return i >= 0
	}},
	{"Redis loses everything and nobody says so", "epoch", func(h *mutant) bool {
		epochs := map[string]bool{}
		for _, e := range h.events {
			if e.Kind == Ack {
				epochs[e.Epoch] = true
			}
		}
		h.events = slices.DeleteFunc(h.events, func(e Event) bool { return e.Kind == Flushed || e.Kind == RolledBack })
		return len(epochs) > 1
	}},
	{"Redis goes back in time and nobody says so", "one id", func(h *mutant) bool {
		again := false
		ids := map[protocol.Position]string{}
		for _, e := range h.events {
			if e.Kind == Receive || e.Kind == Ack {
				again = again || ids[e.position()] != "" && ids[e.position()] != e.ID
				ids[e.position()] = e.ID
			}
		}
		h.events = slices.DeleteFunc(h.events, func(e Event) bool { return e.Kind == RolledBack })
		return again
	}},
}

// pair picks two messages that a subscriber received one after the other, with
// nothing between them that concerns it.
func (h *mutant) pair() (int, int, bool) {
	i := h.any(h.all(func(e *Event) bool {
		if e.Kind != Receive {
			return false
		}
		j := h.next(int(e.N)-1, Receive)
		return j >= 0 && h.events[j].Epoch == e.Epoch && h.events[j].Offset == e.Offset+1
	}))
	if i < 0 {
		return 0, 0, false
	}
	return i, h.next(i, Receive), true
}

// next returns the subscriber's next event, if it is of the kind.
func (h *mutant) next(i int, kind Kind) int {
	for j := i + 1; j < len(h.events); j++ {
		if e := &h.events[j]; e.Who == h.events[i].Who {
			if e.Kind == kind {
				return j
			}
			return -1
		}
	}
	return -1
}

// silence removes a reset that the choice takes, given what follows it.
func (h *mutant) silence(choose func(e, next *Event) bool) bool {
	i := h.any(h.all(func(e *Event) bool {
		j := h.next(int(e.N)-1, Receive)
		return e.Kind == Reset && j >= 0 && choose(e, &h.events[j])
	}))
	return i >= 0 && h.remove(i)
}

func (h *mutant) all(is func(*Event) bool) []int {
	var found []int
	for i := range h.events {
		if is(&h.events[i]) {
			found = append(found, i)
		}
	}
	return found
}

func (h *mutant) any(of []int) int {
	if len(of) == 0 {
		return -1
	}
	return of[h.IntN(len(of))]
}

func (h *mutant) find(is func(*Event) bool) int {
	return slices.IndexFunc(h.events, func(e Event) bool { return is(&e) })
}

// stays reports whether a subscriber is there to the end.
func (h *mutant) stays(who string) bool {
	return h.find(func(e *Event) bool { return e.Kind == Leave && e.Who == who }) < 0
}

// lossy reports whether Redis lost anything in this history.
func (h *mutant) lossy() bool {
	return h.find(func(e *Event) bool { return e.Kind == Flushed || e.Kind == RolledBack || e.Kind == Expired }) >= 0
}

func (h *mutant) remove(i int) bool {
	h.events = slices.Delete(h.events, i, i+1)
	return true
}

func (h *mutant) insert(i int, e Event) bool {
	h.events = slices.Insert(h.events, i, e)
	return true
}
