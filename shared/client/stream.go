package client

import "fanlight/shared/protocol"

// This file follows a channel's stream: each publication is the next one, or
// was delivered before, or the server has said what is missing between. Nothing
// else is passed on.
//
// With a filter any later one is next, since only the server knows which of
// those between were left out. What it says of how many are recovered, and where
// the channel stands then, is held against it all the same.

// place is where something stands in a stream.
type place uint8

const (
	behind place = iota // the client has it
	next                // it is the next one
	ahead               // something is missing that the server did not tell of
)

// place says where an offset stands.
func (s *subscription) place(epoch string, offset uint64) place {
	switch {
	case !s.within(epoch):
		return ahead
	case s.position == nil:
		return next
	case offset <= s.position.Offset:
		return behind
	case offset == s.position.Offset+1, s.filtered:
		return next
	default:
		return ahead
	}
}

// within reports whether the position is in the epoch. Before a channel's first
// publication there is none; it brings one.
func (s *subscription) within(epoch string) bool {
	return s.position == nil || s.position.Epoch == epoch || s.position.Epoch == "" && s.position.Offset == 0
}

func (s *subscription) advance(epoch string, offset uint64, last string) {
	if s.position == nil {
		s.position = &protocol.Since{}
	}
	*s.position = protocol.Since{Epoch: epoch, Offset: offset, Last: last}
}

// begin takes in where the server lets the subscription begin, and returns the
// events to tell. The error is an answer that does not add up: what is
// recovered does not lead from the position to where the channel stands.
func (s *subscription) begin(m *protocol.Subscribed) ([]Event, error) {
	n := uint64(max(m.Recovered, 0)) // #nosec G115 -- not negative
	if m.Recovered < 0 || n > m.Offset {
		return nil, errStream
	}
	s.filtered = m.Filtered || s.filter != ""
	if s.position == nil && !s.filtered {
		s.position = &protocol.Since{Epoch: m.Epoch, Offset: m.Offset - n}
	}
	events := []Event{Subscribed{Channel: s.channel, Position: m.Position, Recovered: m.Recovered, Filtered: s.filtered}}
	if m.Reset != nil {
		s.advance(m.Reset.Epoch, 0, "")
		events = append(events, Reset{*m.Reset})
	}
	if g := m.Gap; g != nil {
		if s.skip(g) != next {
			return nil, errStream
		}
		events = append(events, Gap{*g})
	}
	if !s.within(m.Epoch) || !s.leads(n, m.Offset) {
		return nil, errStream
	}
	if n == 0 {
		s.advance(m.Epoch, m.Offset, m.Last)
	}
	s.recovering, s.recovered = m.Recovered, m.Recovered
	s.goal = protocol.Since{Epoch: m.Epoch, Offset: m.Offset, Last: m.Last}
	return events, nil
}

// leads reports whether so many publications can lead from the position to an
// offset: with a filter, the others between were left out.
func (s *subscription) leads(n, to uint64) bool {
	if s.position == nil {
		return true // the history begins somewhere before
	}
	from := s.position.Offset
	return from <= to && (n == to-from || s.filtered && n < to-from)
}

// deliver takes in a publication that has a place, if it is the next one.
// recovered is how many were recovered, with the last of them.
func (s *subscription) deliver(p *protocol.Publication) (at place, again bool, recovered int) {
	if at = s.place(p.Epoch, p.Offset); at != next {
		return at, false, 0
	}
	again = s.recovering > 0
	if again && p.Offset > s.goal.Offset {
		return ahead, false, 0 // fewer came than the server said
	}
	s.advance(p.Epoch, p.Offset, p.ID)
	s.mended = false
	if again {
		if s.recovering--; s.recovering == 0 {
			recovered = s.recovered
			if s.filtered { // those after the last one were left out
				*s.position = s.goal
			}
		}
	}
	return next, again, recovered
}

// skip goes over a gap, which is next if it begins where the client stands.
func (s *subscription) skip(g *protocol.Gap) place {
	if s.place(g.Epoch, g.From) != next || g.To < g.From || g.Count != g.To-g.From+1 {
		return ahead
	}
	s.advance(g.Epoch, g.To, "")
	return next
}

// confirm compares where the server says that a quiet channel stands with where
// the client is: next, if that is there, or if a filter left out all that is
// between. What the server said before a publication that came meanwhile is
// behind.
func (s *subscription) confirm(m *protocol.Moved) place {
	switch {
	case !s.within(m.Epoch) || s.position == nil:
		return ahead
	case m.Offset < s.position.Offset:
		return behind
	case m.Offset > s.position.Offset && (!s.filtered || s.recovering > 0):
		return ahead
	}
	s.advance(m.Epoch, m.Offset, m.Last)
	return next
}

// mend has a torn subscription made anew from its position, on the connection
// that stands: other channels and publishes need not suffer. If that was of no
// use, it returns a reason to leave the connection; the wait before the next
// one grows, so that a server that is broken for good is not hammered.
func (s *session) mend(sub *subscription) error {
	if sub.mended {
		return errStream
	}
	sub.mended, sub.remote = true, torn
	s.list(sub)
	return nil
}
