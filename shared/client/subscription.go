package client

import (
	"slices"

	"fanlight/shared/protocol"
)

// subscription is a channel that is wanted, or that is being left.
//
// What the application wants and what the server does meet here. There is at
// most one command for a channel under way; what is wanted may change several
// times meanwhile, and the answer decides what to ask next (see next).
type subscription struct {
	channel string
	wanted  bool
	// owed counts the Unsubscribed events that calls of Unsubscribe have
	// coming. While it is not 0, nothing of the channel is delivered.
	owed   int
	remote remote
	listed bool // in session.todo

	// position is the last publication that the client has, or where it was
	// told to go on from; nil before the server has taken the subscription.
	position *protocol.Since
	// rewind is for the first subscribe: until there is a position.
	rewind *protocol.Rewind
	// filter is the application's; filtered says that there is one, be it the
	// server's.
	filter   string
	filtered bool
	// recovering counts the publications of the history that are still to come,
	// of recovered in all.
	recovering, recovered int
	// goal is where the subscription stands when all of them have come.
	goal protocol.Since
	// mended says that a hole was found, and nothing came in its place since.
	mended bool
}

// remote is what the connection that stands has of a subscription.
type remote uint8

const (
	absent  remote = iota
	asking         // subscribe is under way
	present        // the server took it
	leaving        // unsubscribe is under way
	torn           // the server took it, and left a hole: it has to be made anew
)

// step is the command that a subscription needs.
type step uint8

const (
	stepNone step = iota
	stepSubscribe
	stepUnsubscribe
	stepMend // both: unsubscribe, and subscribe from the position
)

func (s *subscription) next() step {
	switch {
	case s.remote == asking || s.remote == leaving:
		return stepNone
	case s.owed > 0:
		// Also when the server never heard of the channel: its answer, that
		// there is nothing to leave, is as good, and comes in order.
		return stepUnsubscribe
	case s.remote == torn:
		return stepMend
	case s.wanted && s.remote == absent:
		return stepSubscribe
	default:
		return stepNone
	}
}

func (s *subscription) delivers() bool {
	return s.wanted && s.owed == 0 && s.remote == present
}

// request is what to subscribe with: the position, once there is one.
func (s *subscription) request() *protocol.Subscribe {
	if s.position != nil {
		return &protocol.Subscribe{Channel: s.channel, Since: s.position, Filter: s.filter}
	}
	return &protocol.Subscribe{Channel: s.channel, Rewind: s.rewind, Filter: s.filter}
}

// leave ends what the application wanted to leave, and returns the events that
// it is owed. A subscription that is not wanted any more is forgotten.
func (c *Client) leave(s *subscription) []Event {
	s.remote = absent
	events := make([]Event, s.owed)
	for i := range events {
		events[i] = Unsubscribed{Channel: s.channel}
	}
	s.owed = 0
	if !s.wanted {
		c.remove(s)
	}
	return events
}

// remove is for a channel that is neither wanted nor being left any more.
func (c *Client) remove(s *subscription) {
	delete(c.subs, s.channel)
	c.order = slices.DeleteFunc(c.order, func(o *subscription) bool { return o == s })
}
