package client

import (
	"encoding/json"
	"errors"
	"time"

	"fanlight/shared/protocol"
)

// receive handles one frame of the server's. Its error is a reason to leave
// the connection.
func (c *Client) receive(s *session, frame []byte, now time.Time) error {
	c.heard(s, now)
	for line := range protocol.Lines(frame) {
		if c.ctx.Err() != nil {
			return nil // Close waits; nobody wants the rest
		}
		if p, ok := decodePublication(line); ok {
			if err := c.deliver(s, &p, now); err != nil {
				return err
			}
			continue
		}
		var m protocol.Message
		if json.Unmarshal(line, &m) != nil {
			return errBadFrame
		}
		if err := c.take(s, &m, now); err != nil {
			return err
		}
	}
	return nil
}

// take handles one message. Its error is a reason to leave the connection.
func (c *Client) take(s *session, m *protocol.Message, now time.Time) error {
	switch {
	case m.Publication != nil:
		return c.deliver(s, m.Publication, now)
	case m.ID != 0:
		events, err := c.answered(s, m, now)
		c.emit(events...)
		return err
	case m.Error != nil:
		s.refusal = m.Error
		return nil
	default:
		return c.pushed(s, m)
	}
}

// heard notes that the link is alive.
func (c *Client) heard(s *session, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.pulse.read(now) {
		s.wakeWriter()
	}
}

// pushed has a subscription take in what is not a publication, and tells it; or
// has it mended, if what came does not follow what was there. What only a newer
// server knows is skipped.
func (c *Client) pushed(s *session, m *protocol.Message) error {
	var channel string
	var e Event
	switch {
	case m.Gap != nil:
		channel, e = m.Gap.Channel, Gap{*m.Gap}
	case m.Reset != nil:
		channel, e = m.Reset.Channel, Reset{*m.Reset}
	case m.Moved != nil:
		channel, e = m.Moved.Channel, Moved{Channel: m.Moved.Channel, Position: m.Moved.Position}
	case m.Join != nil:
		channel, e = m.Join.Channel, Joined{*m.Join}
	case m.Leave != nil:
		channel, e = m.Leave.Channel, Left{*m.Leave}
	}
	c.mu.Lock()
	sub := c.subs[channel]
	if sub == nil || !sub.delivers() {
		c.mu.Unlock()
		return nil
	}
	at := next
	switch {
	case m.Gap != nil:
		at = sub.skip(m.Gap)
	case m.Reset != nil:
		sub.advance(m.Reset.Epoch, 0, "")
	case m.Moved != nil:
		at = sub.confirm(m.Moved)
	}
	var err error
	if at == ahead {
		err = s.mend(sub)
	}
	c.mu.Unlock()
	if at == next {
		c.emit(e)
	}
	return err
}

func (c *Client) deliver(s *session, p *protocol.Publication, now time.Time) error {
	c.mu.Lock()
	sub := c.subs[p.Channel]
	if sub == nil || !sub.delivers() {
		c.mu.Unlock()
		return nil
	}
	e := Received{Publication: *p, Latency: s.clock.since(p.Time, now)}
	recovered := 0                  // how many, with the last of them
	if !p.Foreign && p.Offset > 0 { // else it has no place
		var at place
		switch at, e.Recovered, recovered = sub.deliver(p); at {
		case behind:
			c.mu.Unlock()
			return nil
		case ahead:
			err := s.mend(sub)
			c.mu.Unlock()
			return err
		}
	}
	c.mu.Unlock()
	c.emit(e)
	if recovered > 0 {
		c.emit(Recovered{Channel: p.Channel, Count: recovered})
	}
	return nil
}

// answered takes in a reply and returns the events that it gives rise to. Its
// error is a reason to leave the connection.
func (c *Client) answered(s *session, m *protocol.Message, now time.Time) ([]Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := s.asked[m.ID]
	if !ok {
		return nil, nil // its caller has gone
	}
	delete(s.asked, m.ID)
	switch {
	case r.call != nil:
		return c.callAnswered(s, r.call, m, now), nil
	case r.subscription != nil:
		events, err := c.subscriptionAnswered(s, r.subscription, m, now)
		s.list(r.subscription)
		return events, err
	case r.refresh != nil:
		r.refresh.answer <- *m
		if m.Refreshed != nil {
			return []Event{Refreshed{m.Refreshed.Expires}}, nil
		}
	case m.Pong != nil:
		s.clock.add(r.pinged, now, m.Pong.Time)
	}
	return nil, nil
}

func (c *Client) callAnswered(s *session, p *call, m *protocol.Message, now time.Time) []Event {
	switch {
	case m.Published != nil && p.data != nil, m.Presence != nil && p.data == nil:
		s.pause.failures = 0
		c.queue.finish(p, *m, nil)
	case m.Error == nil:
		c.queue.finish(p, protocol.Message{}, errors.New("client: the server answered with something else"))
	case passing(m.Error):
		c.queue.again(p)
		return s.rest(now, m.Error)
	case m.Error.Code == protocol.CodeShutdown:
		// The server closes this connection; on the next one it goes out again.
	default:
		c.queue.finish(p, protocol.Message{}, m.Error)
	}
	return nil
}

// passing reports whether a refusal is of the moment, so that the same may be
// taken later.
func passing(err *protocol.Error) bool {
	return err.Code == protocol.CodeUnavailable || err.Code == protocol.CodeRateLimited
}

func (c *Client) subscriptionAnswered(s *session, sub *subscription, m *protocol.Message, now time.Time) ([]Event, error) {
	switch {
	case sub.remote == leaving:
		// Either it was left, or there was nothing to leave.
		return c.leave(sub), nil
	case m.Subscribed != nil:
		s.pause.failures = 0
		sub.remote = present
		if sub.owed > 0 {
			return nil, nil // left meanwhile
		}
		return sub.begin(m.Subscribed)
	case sub.owed > 0:
		return c.leave(sub), nil // it did not come to be
	case m.Error != nil && passing(m.Error):
		sub.remote = absent
		return s.rest(now, m.Error), nil
	case m.Error != nil && m.Error.Code == protocol.CodeShutdown:
		return nil, nil // as for a call
	default:
		refusal := m.Error
		if refusal == nil {
			refusal = &protocol.Error{Code: protocol.CodeInternal, Message: "the server answered a subscribe with something else"}
		}
		c.remove(sub)
		return []Event{Refused{Channel: sub.channel, Err: refusal}}, nil
	}
}

// rest pauses calls and subscriptions, since the server can't take any
// now. Several answers in one pause count once, but each may lengthen it; a
// pause that a limit asks for is told when it begins.
func (s *session) rest(now time.Time, why *protocol.Error) []Event {
	began := !now.Before(s.until)
	if began {
		s.until = now.Add(s.pause.next())
	}
	if asked := now.Add(retryAfter(why)); asked.After(s.until) {
		s.until = asked
	}
	s.wakeWriter()
	if began && why.Code == protocol.CodeRateLimited {
		return []Event{Limited{Err: why, Retry: s.until.Sub(now)}}
	}
	return nil
}
