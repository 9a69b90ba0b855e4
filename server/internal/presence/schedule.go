package presence

import "container/heap"

// schedule orders rooms by when they are due, the next one first: see
// container/heap. Only settle and gather touch it.
type schedule []*room

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due < s[j].due }

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push implements heap.Interface.
func (s *schedule) Push(x any) {
	r := x.(*room)
	r.index = len(*s)
	*s = append(*s, r)
}

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	end := len(*s) - 1
	r := (*s)[end]
	(*s)[end] = nil
	*s = (*s)[:end]
	r.index = -1
	return r
}

// settle puts a room where it belongs in the schedule, or forgets it when
// there is nothing to do for it any more. The lock is held.
func (p *Presence) settle(r *room) {
	if r.inFlight {
		return // settled when the answer is there
	}
	due := r.sweepAt
	switch {
	case len(r.entries) == 0:
		r.dirty = nil
		r.answered(true)
	case len(r.dirty) > 0:
		due = 0
	default:
		due = min(due, r.refreshAt)
	}
	r.due = max(due, r.notBefore)
	switch {
	case due == never: // there are no entries then
		if r.index >= 0 {
			heap.Remove(&p.due, r.index)
		}
		delete(p.rooms, r.channel)
	case r.index < 0:
		heap.Push(&p.due, r)
	default:
		heap.Fix(&p.due, r.index)
	}
}
