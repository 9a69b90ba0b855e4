package client

import (
	"context"
	"time"

	"fanlight/shared/protocol"
)

// session is what belongs to one connection. Everything below the blank line
// is guarded by Client.mu.
type session struct {
	c       *Client
	link    link
	ctx     context.Context // done when the connection is to end; its cause says why
	cancel  context.CancelCauseFunc
	wake    chan struct{}   // there is something to write
	ended   chan struct{}   // closed when write has returned
	buffer  []byte          // the writer's
	refusal *protocol.Error // the reader's: the last error without an id, why a close may come

	ready  bool // hello has come
	lastID uint64
	asked  map[uint64]request
	todo   []*subscription // those that may need a command
	pulse  pulse
	clock  clock
	pause  backoff   // after the answer unavailable
	until  time.Time // when the pause ends
	fresh  *refresh  // a new token that waits to be sent
}

// request is a command that waits for its reply: one of these, or none if the
// reply does not matter.
type request struct {
	subscription *subscription
	call         *call
	pinged       time.Time
	refresh      *refresh
}

func (c *Client) newSession(l link) *session {
	s := &session{
		c: c, link: l,
		wake:  make(chan struct{}, 1),
		ended: make(chan struct{}),
		asked: map[uint64]request{},
		pause: newBackoff(c.cfg.BackoffBase, c.cfg.BackoffCap),
	}
	// Not a child of the client's context: after Close there is a goodbye.
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s
}

func (s *session) wakeWriter() { poke(s.wake) }

// list has a subscription looked at by the writer.
func (s *session) list(sub *subscription) {
	if sub.next() == stepNone {
		return
	}
	if !sub.listed {
		sub.listed = true
		s.todo = append(s.todo, sub)
	}
	s.wakeWriter() // also when listed: what waits for a pause may be wanted otherwise now
}

// write is the goroutine that writes. It ends when the session does, and ends
// the session when the link fails or the client is closed.
func (s *session) write() {
	defer close(s.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if s.c.ctx.Err() != nil {
			s.sayGoodbye()
			return
		}
		frame, wait, err := s.take(time.Now())
		if err == nil && frame != nil {
			if err = s.send(frame); err == nil {
				continue
			}
		}
		if err != nil {
			s.cancel(err)
			return
		}
		timer.Reset(wait)
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.c.ctx.Done():
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *session) send(frame []byte) error {
	ctx, cancel := context.WithTimeout(s.c.ctx, writeTimeout)
	defer cancel()
	s.c.tapped(true, frame)
	err := s.link.write(ctx, frame)
	if err == nil {
		return nil
	}
	// The close frame that says why may still be waiting to be read; it
	// decides whether to come back.
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
	case <-timer.C:
	}
	return err
}

func (s *session) sayGoodbye() {
	dropped := make(chan struct{})
	timer := time.AfterFunc(goodbye, func() { // frees close when nobody answers
		defer close(dropped)
		s.cancel(ErrClosed) // first: that is why the reader's link ends
		s.link.drop()
	})
	s.link.close()
	if !timer.Stop() {
		<-dropped
	}
	s.cancel(ErrClosed)
}

// take fills one frame with all there is to say, as far as it fits, and is
// asked again until nothing is left. Then it returns how long to wait for the
// next thing that time brings. Its error is a link that is dead.
func (s *session) take(now time.Time) (frame []byte, wait time.Duration, err error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.buffer = s.buffer[:0]

	ping, dead, wait := s.pulse.check(now)
	if dead {
		return nil, 0, errDead
	}
	if ping {
		s.buffer = appendPing(s.buffer, s.ask(request{pinged: now}))
		s.pulse.pinged(now)
	}
	if f := s.fresh; f != nil {
		s.fresh = nil
		s.line()
		s.buffer = appendRefresh(s.buffer, s.ask(request{refresh: f}), f.token)
	}
	pause := s.until.Sub(now)
	s.takeSteps(pause > 0)
	if pause > 0 {
		wait = min(wait, pause)
	} else {
		s.takeCalls()
	}
	if len(s.buffer) == 0 {
		return nil, wait, nil
	}
	s.pulse.wrote(now)
	return s.buffer, 0, nil
}

// takeSteps moves the commands that subscriptions need into the frame.
func (s *session) takeSteps(paused bool) {
	kept := s.todo[:0]
	for _, sub := range s.todo {
		step := sub.next()
		if step == stepNone {
			sub.listed = false
			continue
		}
		if step != stepUnsubscribe && paused || !s.takeStep(sub, step, s.c.limits.Frame) {
			kept = append(kept, sub)
			continue
		}
		sub.listed = false
	}
	clear(s.todo[len(kept):])
	s.todo = kept
}

// takeStep reports false when the frame has no room for the command.
func (s *session) takeStep(sub *subscription, step step, room int) bool {
	start, id := s.line(), s.lastID+1
	if step != stepSubscribe {
		s.buffer = appendNamed(s.buffer, id, "unsubscribe", sub.channel)
	}
	if step == stepMend {
		s.buffer = append(s.buffer, '\n')
		id++
	}
	if step != stepUnsubscribe {
		s.buffer = appendSubscribe(s.buffer, id, sub.request())
	}
	if start > 0 && len(s.buffer) > room {
		s.buffer = s.buffer[:start]
		return false
	}
	if step == stepMend {
		s.ask(request{}) // the second reply tells
	}
	s.ask(request{subscription: sub})
	sub.remote = asking
	if step == stepUnsubscribe {
		sub.remote = leaving
	}
	return true
}

// takeCalls moves calls into the frame, oldest first.
func (s *session) takeCalls() {
	queue := &s.c.queue
	for p := queue.unsent(); p != nil; p = queue.unsent() {
		start, id := s.line(), s.lastID+1
		if p.data == nil {
			s.buffer = appendNamed(s.buffer, id, "presence", p.channel)
		} else {
			s.buffer = appendPublish(s.buffer, id, p)
		}
		if len(s.buffer) > s.c.limits.Frame {
			s.buffer = s.buffer[:start]
			if start > 0 {
				return
			}
			queue.finish(p, protocol.Message{}, &protocol.Error{
				Code: protocol.CodeTooLarge, Message: "the command is larger than the frames that the server takes",
				Field: "data", Limit: s.c.limits.Frame,
			})
			continue
		}
		p.sent, p.id = true, s.ask(request{call: p})
	}
}

// line begins a line of the frame, and returns the length to go back to.
func (s *session) line() int {
	start := len(s.buffer)
	if start > 0 {
		s.buffer = append(s.buffer, '\n')
	}
	return start
}

// ask notes that the next command waits for its reply, and returns its id.
func (s *session) ask(r request) uint64 {
	s.lastID++
	s.asked[s.lastID] = r
	return s.lastID
}
