package hub

import (
	"sync"

	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// room is one channel in this process. Once a subscription has started, the
// room knows where it stands, and lets publications through in their order
// and without hole: one that does not follow waits until the history has
// filled in what is missing, or has said that it is lost.
type room struct {
	hub     *Hub
	channel string

	mu    sync.Mutex
	subs  []*Subscription
	known bool
	at    protocol.Since // the last publication that went through

	filling bool
	waiting backlog // what came while filling
	flooded bool    // more came than may wait; the history has it
	stuck   bool    // the last fill changed nothing
	// late is up to where the history has filled in: those publications may
	// still arrive by themselves.
	late uint64
}

// take lets a publication through, or lets it wait.
func (r *room) take(f *fanout) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.subs {
		if !s.started {
			s.gather(f)
		}
	}
	switch {
	case !r.known && !f.pub.Foreign:
	case f.pub.Foreign:
		r.deliver(f)
	default:
		r.admit(f)
	}
}

// admit lets a publication through, or has it wait for those that are missing
// before it. The lock is held.
func (r *room) admit(f *fanout) {
	if !r.filling && r.accept(f) {
		return
	}
	if !r.waiting.add(f) {
		r.waiting, r.flooded = backlog{}, true
	}
	r.startFilling()
}

// accept delivers a publication if it is the next one, and drops it if it was
// filled in already. Otherwise it reports false. The lock is held.
func (r *room) accept(f *fanout) bool {
	p := &f.pub
	switch {
	case r.at.Epoch == "" && p.Offset == 1:
	case p.Epoch != r.at.Epoch:
		return false
	case p.Offset == r.at.Offset+1 && f.prev == r.at.Last:
	case p.Offset == r.at.Offset && p.ID == r.at.Last, p.Offset < r.at.Offset && p.Offset <= r.late:
		return true
	default:
		return false
	}
	r.deliver(f)
	r.at = protocol.Since{Epoch: p.Epoch, Offset: p.Offset, Last: p.ID}
	return true
}

// deliver hands a publication to all who have started. The lock is held.
func (r *room) deliver(f *fanout) {
	for _, s := range r.subs {
		if s.started {
			s.deliver(f)
		}
	}
}

// startFilling asks for the history, if that was not done yet. The lock is held.
func (r *room) startFilling() {
	if !r.filling {
		r.filling = true
		r.hub.cfg.Fill(r.channel, r.at)
	}
}

// fill delivers what the history has, says what it has not, and lets through
// what waited.
func (r *room) fill(since protocol.Since, h *recovery.History) (again bool, from protocol.Since) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.filling || r.at != since {
		return false, protocol.Since{}
	}
	v := recovery.Judge(r.at, h)
	for _, s := range r.subs {
		if s.started {
			s.mark(v, h.Position)
		}
	}
	for _, p := range v.Publications {
		f := &fanout{pub: p, past: true}
		r.deliver(f)
		for _, s := range r.subs {
			if !s.started {
				s.gather(f)
			}
		}
	}
	moved := r.at != h.Since()
	r.at, r.late = h.Since(), h.Offset

	waiting, flooded := r.waiting, r.flooded
	r.waiting, r.flooded = backlog{}, false
	for i, f := range waiting.items {
		if r.accept(f) {
			moved = true
			continue
		}
		if p := &f.pub; p.Epoch == r.at.Epoch && p.Offset <= r.at.Offset {
			continue // the history that was just read knows better
		}
		if !moved && r.stuck {
			continue // asked twice, and still nothing leads there: it is a stray
		}
		r.waiting, r.stuck = waiting.from(i), !moved
		return true, r.at
	}
	if flooded {
		return true, r.at
	}
	r.filling, r.stuck = false, false
	return false, protocol.Since{}
}
