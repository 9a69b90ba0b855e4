package session

import (
	"context"

	"fanlight/shared/protocol"
)

// kind is what an item is, and so what it counts against.
type kind uint8

const (
	live   kind = iota // an outbox's limit
	asked              // nothing: that there is one recovery at a time bounds it
	missed             // maxRefill
)

// maxRefill is how many outboxes of the past may wait to be written, when the
// relay has missed it and not the session. With the default outbox it is the
// same as what may wait in the hub while it is being filled in.
const maxRefill = 16

// Replay queues a publication of the history that the session has asked for.
func (s *Session) Replay(encoded []byte) { s.queue(encoded, asked) }

// Refill queues one that the relay has missed. When too many wait, the session
// ends, and recovers when it comes back.
func (s *Session) Refill(encoded []byte) { s.queue(encoded, missed) }

// beginRecovery waits until the session may recover, if that is what a subscribe asks
// for, and returns what has to be called when it has its answer. That waits
// too, until enough of what was replayed is written.
func (s *Session) beginRecovery(req *protocol.Subscribe) (over func(), err error) {
	if req.Since == nil && req.Rewind == nil {
		return func() {}, nil
	}
	select {
	case s.recovery <- struct{}{}:
	case <-s.ctx.Done():
		return nil, closing()
	}
	if s.ctx.Err() != nil { // the end lets go of both at once
		<-s.recovery
		return nil, closing()
	}
	return func() {
		s.out.catchUp(s.ctx)
		<-s.recovery
	}, nil
}

// catchUp waits until no more than an outbox's worth of the past is left to
// write. Only one may wait at a time.
func (o *outbox) catchUp(ctx context.Context) {
	o.mu.Lock()
	if o.past <= o.limit {
		o.mu.Unlock()
		return
	}
	caught := make(chan struct{})
	o.caught = caught
	o.mu.Unlock()
	select {
	case <-caught:
	case <-ctx.Done():
	}
}

// wrote says how much of the past was written. The lock is held.
func (o *outbox) wrote(past int) {
	o.past -= past
	if o.caught != nil && o.past <= o.limit {
		close(o.caught)
		o.caught = nil
	}
}
