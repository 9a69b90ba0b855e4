package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/node"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

const (
	// localBacklog bounds what waits for a Local's callback, in bytes.
	localBacklog = 1 << 20
	// localRetry is the wait before a subscription is tried again.
	localRetry = 200 * time.Millisecond
)

// Local is a caller inside the relay's process. It goes the way of every other:
// what its grants and the namespaces' rules do not allow is refused. Only the
// limits that bound strangers do not bound it. Its methods may be called
// concurrently; they must have returned before the relay is closed.
type Local struct {
	node *node.Node
	from node.Caller
}

// Local returns a caller with a subject and grants of its own, of which nobody
// else has a token.
func (r *Relay) Local(subject string, grants channel.Grants) *Local {
	who := &auth.Identity{
		Subject: subject, Grants: grants,
		Expires: time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC), // what never expires would be anonymous
	}
	return &Local{node: r.node, from: node.Caller{Who: who, User: subject, Way: ops.WayInside}}
}

// Publish publishes and waits for the outcome, in the broker's own time. The
// error is a [*protocol.Error]; with CodeUnavailable the message may or may not
// have been taken, and a key makes another try safe.
func (l *Local) Publish(ctx context.Context, p protocol.Publish) (protocol.Published, error) {
	return l.node.PublishWait(ctx, l.from, p)
}

// Last returns the last publications of a channel, newest first; count is at
// least 1 and at most [protocol.MaxRewind].
func (l *Local) Last(ctx context.Context, name string, count int) (*protocol.HistoryResponse, error) {
	return l.node.History(ctx, l.from, name, node.Page{Limit: count, Reverse: true})
}

// Presence returns who is on a channel.
func (l *Local) Presence(ctx context.Context, name string) (protocol.Presence, error) {
	return l.node.Presence(ctx, l.from, name)
}

// Subscribe calls each for everything on a channel: first the answer, then
// publications, gaps and resets, in order, one at a time. It returns when the
// context ends, with its error, or with a [*protocol.Error] when the
// subscription is refused. When Redis is away, or each falls behind by more
// than a megabyte, it begins again where it stood, with another answer; what is
// lost meanwhile is told in that. The caller is not present on the channel.
func (l *Local) Subscribe(ctx context.Context, req protocol.Subscribe, each func(protocol.Message)) error {
	for {
		err := l.follow(ctx, &req, each)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var e *protocol.Error
		if errors.As(err, &e) && e.Code != protocol.CodeUnavailable && e.Code != protocol.CodeSlowConsumer {
			return err
		}
		pause := time.NewTimer(localRetry)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// follow is one subscription. It leaves in req where the next one begins.
func (l *Local) follow(ctx context.Context, req *protocol.Subscribe, each func(protocol.Message)) error {
	ear := &localEar{wake: make(chan struct{}, 1)}
	sub, err := l.node.Subscribe(l.from, *req, protocol.Member{}, ear)
	if err != nil {
		return err
	}
	defer l.node.Unsubscribe(sub, true)
	err = l.node.Start(ctx, sub, func(answer protocol.Subscribed) {
		ear.add(protocol.AppendMessage(nil, &protocol.Message{Subscribed: &answer}))
	})
	if err != nil {
		return err
	}
	for {
		items, err := ear.take()
		for _, item := range items {
			messages, err := protocol.DecodeMessages(item)
			if err != nil {
				return err // not what we encoded ourselves
			}
			for _, m := range messages {
				each(m)
				resume(req, &m)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err != nil {
			return err
		}
		select {
		case <-ear.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resume moves on where a subscription begins.
func resume(req *protocol.Subscribe, m *protocol.Message) {
	switch {
	case m.Subscribed != nil && m.Subscribed.Recovered == 0:
		a := m.Subscribed
		req.Since, req.Rewind = &protocol.Since{Epoch: a.Epoch, Offset: a.Offset, Last: a.Last}, nil
	case m.Publication != nil && !m.Publication.Foreign:
		p := m.Publication
		req.Since, req.Rewind = &protocol.Since{Epoch: p.Epoch, Offset: p.Offset, Last: p.ID}, nil
	case m.Gap != nil:
		req.Since, req.Rewind = &protocol.Since{Epoch: m.Gap.Epoch, Offset: m.Gap.To}, nil
	case m.Reset != nil:
		req.Since, req.Rewind = &protocol.Since{Epoch: m.Reset.Epoch}, nil
	}
}

// localEar keeps what arrives until it is taken.
type localEar struct {
	mu    sync.Mutex
	items [][]byte
	size  int
	ended error
	wake  chan struct{}
}

// Encoding implements hub.Subscriber.
func (*localEar) Encoding() hub.Encoding { return hub.EncodingV1 }

// Deliver implements hub.Subscriber.
func (e *localEar) Deliver(b []byte) {
	e.mu.Lock()
	full := e.size+len(b) > localBacklog
	e.mu.Unlock()
	if full {
		e.End(&protocol.Error{Code: protocol.CodeSlowConsumer, Message: "too much waits"})
		return
	}
	e.add(b)
}

// Replay implements hub.Subscriber. The history is bounded by its namespace:
// cut short, it would begin again for ever.
func (e *localEar) Replay(b []byte) { e.add(b) }

// Refill implements hub.Subscriber, likewise.
func (e *localEar) Refill(b []byte) { e.add(b) }

// End implements hub.Subscriber.
func (e *localEar) End(why *protocol.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended == nil {
		e.ended = why
	}
	e.signal()
}

func (e *localEar) add(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended != nil {
		return // what follows a hole is for the next subscription
	}
	e.items, e.size = append(e.items, b), e.size+len(b)
	e.signal()
}

func (e *localEar) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *localEar) take() ([][]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	items := e.items
	e.items, e.size = nil, 0
	return items, e.ended
}
