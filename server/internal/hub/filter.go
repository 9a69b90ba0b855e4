package hub

import "fanlight/shared/protocol"

// Filter says by its tags whether a publication is wanted. Its values must be
// comparable: two that are equal are asked once. Match must not block.
type Filter interface {
	Match(tags protocol.Tags) bool
}

// maxSkipped is how many publications in a row a filter may hold back before
// the subscriber is told where it stands, without a ping. Whoever comes back
// then has not much more to go through than that, and its position is in the
// history as long as anyone's.
const maxSkipped = 100

// verdict is what a filter says of one publication.
type verdict struct {
	filter  Filter
	matches bool
}

// few is up to how many verdicts are found faster by looking at all of them.
const few = 8

// matches asks each filter that was not asked yet about this publication, until
// one says no.
func (f *fanout) matches(filters []Filter) bool {
	for _, filter := range filters {
		if !f.verdict(filter) {
			return false
		}
	}
	return true
}

func (f *fanout) verdict(filter Filter) bool {
	for i := range f.verdicts {
		if v := &f.verdicts[i]; v.filter == filter {
			return v.matches
		}
	}
	matches, ok := f.further[filter]
	if ok {
		return matches
	}
	matches = filter.Match(f.pub.Tags)
	if len(f.verdicts) < few {
		f.verdicts = append(f.verdicts, verdict{filter, matches})
		return matches
	}
	if f.further == nil {
		f.further = make(map[Filter]bool)
	}
	f.further[filter] = matches
	return matches
}

// wants reports whether the subscription's filters let a publication through.
// A foreign one has no tags, and is judged like any other without. The lock is
// held.
func (s *Subscription) wants(f *fanout) bool { return len(s.filters) == 0 || f.matches(s.filters) }

// skip takes note of a publication that a filter holds back. The subscriber's
// position advances with it, and now and then it is told so: else it would come
// back from far behind, and take for lost what it never wanted. The lock is held.
func (s *Subscription) skip(f *fanout) {
	if f.pub.Foreign {
		return // has no position
	}
	if s.skipped++; s.skipped < maxSkipped || s.sub.Encoding() == EncodingPlain {
		return
	}
	s.skipped = 0
	if encoded := f.moved(s.sub.Encoding()); f.past {
		s.sub.Refill(encoded)
	} else {
		s.sub.Deliver(encoded)
	}
}

// moved encodes the word that everything up to the publication is done with.
func (f *fanout) moved(e Encoding) []byte {
	if f.movedTo[e] == nil {
		p := &f.pub
		f.movedTo[e] = EncodeMoved(movedTo(p.Channel, protocol.Since{Epoch: p.Epoch, Offset: p.Offset, Last: p.ID}), e)
	}
	return f.movedTo[e]
}

func movedTo(channel string, at protocol.Since) *protocol.Moved {
	return &protocol.Moved{Channel: channel, Position: protocol.Position{Epoch: at.Epoch, Offset: at.Offset}, Last: at.Last}
}

// Skipped returns where the subscription stands, if filters held anything back
// since the subscriber was last told.
func (s *Subscription) Skipped() (at protocol.Since, ok bool) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if s.skipped == 0 {
		return at, false
	}
	if at, ok = s.at(); ok {
		s.skipped = 0
	}
	return at, ok
}
