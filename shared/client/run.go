package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"fanlight/shared/protocol"
)

// firstFrame is how much of the channels to subscribe to goes out together with
// connect, before the server has told its limits.
const firstFrame = 16 << 10

// run goes around until the client is closed or told to stay away: open a
// connection, read it until it ends, wait. All events are told from here.
func (c *Client) run() {
	defer close(c.done)
	defer c.cancel()
	release := c.watch()
	defer release()

	back := newBackoff(c.cfg.BackoffBase, c.cfg.BackoffCap)
	told := map[string]bool{} // server builds, by Stale
	for attempt := 1; c.ctx.Err() == nil; attempt++ {
		c.emit(Connecting{Attempt: attempt})
		o, err := c.connect()
		if err == nil {
			attempt = 0
			start := time.Now()
			events := []Event{Connected{Hello: o.hello, RTT: o.rtt}}
			if b := o.hello.Build; b != "" && c.cfg.Build != "" && b != c.cfg.Build && !told[b] {
				told[b] = true
				events = append(events, Stale{Build: b})
			}
			err = c.serve(o, events)
			back.lasted(time.Since(start))
		}
		if c.ctx.Err() != nil {
			break
		}
		if code, ok := CloseCode(err); ok && !code.Reconnect() {
			c.end(&endedError{err})
			c.emit(c.abandon()...)
			c.emit(Disconnected{Err: err, Final: true})
			return
		}
		c.emit(c.abandon()...)
		wait := max(back.next(), retryAfter(err))
		c.wait(wait, Disconnected{Err: err, Retry: wait})
	}
	c.abandon()
	c.emit(Disconnected{Err: ErrClosed, Final: true})
}

func (c *Client) emit(events ...Event) {
	if c.cfg.OnEvent == nil {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	for _, e := range events {
		c.cfg.OnEvent(e)
	}
}

// wait tells the event and lets the time pass, unless Reconnect or Close ends it.
func (c *Client) wait(d time.Duration, e Disconnected) {
	select {
	case <-c.retry: // from a call while there was nothing to end
	default:
	}
	c.emit(e) // its handler may call Reconnect
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-c.retry:
			return
		case <-c.ctx.Done():
			return
		case <-c.kick:
			c.emit(c.settle()...)
		}
	}
}

// settle returns the events owed for channels of which no connection knows.
func (c *Client) settle() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil && c.session.ready {
		return nil
	}
	var events []Event
	for _, s := range slices.Clone(c.order) { // leave removes from it
		if s.owed > 0 && s.remote == absent {
			events = append(events, c.leave(s)...)
		}
	}
	return events
}

// abandon forgets the session: what was under way on it is to be asked again.
func (c *Client) abandon() []Event {
	c.mu.Lock()
	c.session = nil
	for _, s := range c.subs {
		s.remote, s.listed, s.mended = absent, false, false
	}
	c.queue.allAgain()
	c.mu.Unlock()
	return c.settle()
}

// opened is a connection on which the server has said hello.
type opened struct {
	session *session
	hello   protocol.Hello
	rtt     time.Duration
	at      time.Time // when the hello came
	rest    []byte    // of the frame that it came in
}

// connect waits until a connection is open, and settles what it can meanwhile.
func (c *Client) connect() (opened, error) {
	var o opened
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		o, err = c.open()
	}()
	for {
		select {
		case <-done:
			return o, err
		case <-c.kick:
			c.emit(c.settle()...)
		}
	}
}

// open asks for a token, dials, says connect, and waits for the hello.
func (c *Client) open() (opened, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.cfg.DialTimeout, errDialTimeout)
	defer cancel()
	token, err := c.token(ctx)
	if err != nil {
		return opened{}, err
	}
	l, err := c.dial(ctx, c.cfg.URL)
	if err != nil {
		return opened{}, cause(ctx, err)
	}
	s := c.newSession(l)
	o, err := c.greet(ctx, s, token)
	if err != nil {
		s.cancel(err)
		l.drop()
		return opened{}, cause(ctx, err)
	}
	return o, nil
}

// cause prefers the reason why a context ended to what came of it.
func cause(ctx context.Context, err error) error {
	if reason := context.Cause(ctx); reason != nil {
		return reason
	}
	return err
}

// greet sends connect, with the first channels to subscribe to right behind it,
// which saves a round trip, and reads the hello.
func (c *Client) greet(ctx context.Context, s *session, token string) (opened, error) {
	sent := time.Now()
	first := c.begin(s, token)
	c.tapped(true, first)
	if err := s.link.write(ctx, first); err != nil {
		return opened{}, err
	}
	for {
		frame, err := s.link.read(ctx)
		if err != nil {
			return opened{}, explain(err, s.refusal)
		}
		c.tapped(false, frame)
		now := time.Now()
		for len(frame) > 0 {
			var line []byte
			line, frame, _ = bytes.Cut(frame, []byte("\n"))
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			var m protocol.Message
			if json.Unmarshal(line, &m) != nil {
				return opened{}, errBadFrame
			}
			switch {
			case m.Error != nil && m.ID == 0:
				s.refusal = m.Error
			case m.ID != connectID:
			case m.Hello != nil:
				c.ready(s, m.Hello, sent, now)
				return opened{s, *m.Hello, now.Sub(sent), now, frame}, nil
			case m.Error != nil && m.Error.Close() != 0:
				return opened{}, &closedError{code: m.Error.Close(), refusal: m.Error}
			case m.Error != nil:
				return opened{}, m.Error
			default:
				return opened{}, errBadFrame
			}
		}
	}
}

const connectID = 1

// begin makes a session the client's, and returns its first frame.
func (c *Client) begin(s *session, token string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = s
	s.lastID = connectID
	s.buffer = appendConnect(s.buffer, connectID, int(c.cfg.Flush/time.Millisecond), c.cfg.User, token)
	for _, sub := range c.order {
		if sub.next() == stepSubscribe && !s.takeStep(sub, stepSubscribe, min(firstFrame, c.limits.Frame)) {
			break
		}
	}
	return s.buffer
}

// ready takes in the hello, after which anything may be asked.
func (c *Client) ready(s *session, h *protocol.Hello, sent, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = protocol.DefaultLimits
	for _, l := range []struct{ known, told *int }{
		{&c.limits.Message, &h.Limits.Message},
		{&c.limits.Frame, &h.Limits.Frame},
		{&c.limits.Subscriptions, &h.Limits.Subscriptions},
	} {
		if *l.told > 0 {
			*l.known = *l.told
		}
	}
	interval := c.cfg.PingInterval
	if interval == 0 {
		interval = time.Duration(h.Ping) * time.Millisecond
	}
	if interval <= 0 {
		interval = defaultPing
	}
	s.pulse = newPulse(interval, c.cfg.PongTimeout, now)
	s.clock.start = sent
	s.clock.add(sent, now, h.Time)
	s.ready = true
	for _, sub := range c.order {
		s.list(sub)
	}
}

// defaultPing is for a server that names no interval.
const defaultPing = 25 * time.Second

// serve tells that there is a connection, reads it until it ends, and returns
// why it did.
func (c *Client) serve(o opened, events []Event) error {
	s := o.session
	go s.write()
	c.emit(events...)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keepToken(&o.hello, o.at)
	}()
	err := c.receive(s, o.rest, o.at)
	for err == nil {
		c.resume(s)
		var frame []byte
		if frame, err = s.link.read(s.ctx); err == nil {
			c.tapped(false, frame)
			err = c.receive(s, frame, time.Now())
		}
	}
	err = explain(cause(s.ctx, err), s.refusal)
	s.cancel(err)
	<-s.ended
	<-kept
	s.link.drop()
	return err
}

// resume tells the session's pulse that the next frame is waited for.
func (c *Client) resume(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.pulse.resume(time.Now()) {
		s.wakeWriter()
	}
}

// explain adds what the server said before it closed to the code that it
// closed with.
func explain(err error, refusal *protocol.Error) error {
	var closed *closedError
	if refusal != nil && errors.As(err, &closed) && closed.refusal == nil {
		closed.refusal = refusal
	}
	return err
}
