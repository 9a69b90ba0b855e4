package checker

import "math"

// loss is data that Redis lost, some time between two events.
type loss struct {
	*Event
	// end is the number of the event after which it has happened for certain.
	end uint64
}

func (k *check) lose(e *Event) {
	switch e.Kind {
	case Flushed, RolledBack, Expired:
		k.losses = append(k.losses, loss{e, math.MaxUint64})
	case Settled:
		for i := range k.losses {
			k.losses[i].end = min(k.losses[i].end, e.N)
		}
	}
}

// undoes reports whether the loss took the message at an offset of a channel,
// and its position, if it was there.
func (l *loss) undoes(c *channel, offset uint64) bool {
	return l.Kind == Flushed || l.Kind == RolledBack && l.Channel == c.name && l.Offset < offset
}

// lives counts the histories that a channel may have had.
func (k *check) lives(c *channel) int {
	n := 1
	for _, l := range k.losses {
		if l.undoes(c, math.MaxUint64) {
			n++
		}
	}
	return n
}

// undone counts the times that Redis went back to before an offset.
func (k *check) undone(c *channel, offset uint64) int {
	n := 0
	for _, l := range k.losses {
		if l.Kind == RolledBack && l.undoes(c, offset) {
			n++
		}
	}
	return n
}

// undoneBetween reports whether Redis may have gone back to before what the
// first one stored, until the second was answered.
func (k *check) undoneBetween(c *channel, first, second *Event) bool {
	for _, l := range k.losses {
		if l.end > since(c, first) && l.N < second.N && l.undoes(c, first.Offset) {
			return true
		}
	}
	return false
}

// mayBeLost reports whether Redis may have lost an acknowledged message.
func (k *check) mayBeLost(c *channel, ack *Event) bool {
	for _, l := range k.losses {
		// A relay that sees Redis go back in time may as well begin anew.
		anew := l.Kind == RolledBack && l.Channel == c.name && c.top.Epoch != ack.Epoch
		if l.end > since(c, ack) && (anew || l.undoes(c, ack.Offset)) {
			return true
		}
	}
	return false
}

// since returns when a message can have been stored at the earliest.
func since(c *channel, e *Event) uint64 {
	if invoke := c.invokes[e.Data]; invoke != nil {
		return invoke.N
	}
	return 0
}

// expired returns the highest offset that may have expired after event n.
func (k *check) expired(c *channel, n uint64) uint64 {
	var highest uint64
	for _, l := range k.losses {
		if l.Kind == Expired && l.Channel == c.name && l.end > n {
			highest = max(highest, l.Offset)
		}
	}
	return highest
}
