package transport

import (
	"fmt"
	"net/http"
	"time"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/server/internal/session"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// stream is an event stream (WHATWG HTML, "Server-sent events"), as a link.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	// begun is closed when the response is the session's, with headed set, or
	// when it will never be. Till then it is the handler's: the session may end
	// before there is a head, and two may not write at a time.
	begun  chan struct{}
	headed bool

	haste haste
	// positions is set for a stream of several channels, whose event ids have
	// to tell where all of them stand.
	positions *positions
}

// EventStream serves GET /sse. It returns an error, before anything was
// written, for a request that it does not take; else it serves until the
// connection ends, and returns nil.
func (h *Handlers) EventStream(w http.ResponseWriter, r *http.Request) error {
	limits, err := h.cfg.Limiter.Connect(h.cfg.Limiter.Addr(r))
	if err != nil {
		return err
	}
	defer limits.Close() // the session does too, but there may be none
	requests, err := requestsOf(r)
	if err != nil {
		return err
	}
	if err := resume(requests, r); err != nil {
		return err
	}
	from := node.Caller{Limits: limits, From: h.cfg.Limiter.Addr(r), Way: ops.WaySSE}
	who, err := h.cfg.Node.Authority().Request(r)
	if err != nil {
		h.refused(from, requests, err)
		return err
	}
	from.Who, from.User = who, h.cfg.Node.Name(who, "")
	for i := range requests {
		if err := h.cfg.Node.MaySubscribe(from, &requests[i]); err != nil {
			return err
		}
	}
	if most := h.cfg.Limits.Subscriptions; len(requests) > most {
		limits.Refused(limit.Subscriptions)
		err := &protocol.Error{
			Code: protocol.CodeTooManySubscriptions, Field: "channel", Limit: most,
			Message: fmt.Sprintf("a connection has at most %d subscriptions", most),
		}
		h.refused(from, requests[most:], err)
		return err
	}
	st := &stream{w: w, rc: http.NewResponseController(w), begun: make(chan struct{})}
	if len(requests) > 1 {
		st.positions = newPositions(requests)
	}
	s, err := h.cfg.Sessions.Start(session.Config{
		Node: h.cfg.Node, Link: st, Encoding: hub.EncodingSSE, Outbox: h.cfg.Outbox, Limits: limits,
		From: from.From, Way: from.Way,
	})
	if err != nil {
		return err
	}
	defer h.cfg.Sessions.Finish(s)
	if err := s.Identify(who, ""); err != nil {
		close(st.begun)
		return err
	}

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	w.WriteHeader(http.StatusOK)
	st.headed = true
	close(st.begun) // from here on the session's goroutine is the one that writes
	s.Send([]byte("retry: 1000\n\n"))
	fail := func(err error) { s.End(asError(err)) }
	for _, req := range requests {
		subscribed := func(answer protocol.Subscribed, err error) {
			if err != nil {
				fail(err)
				return
			}
			if answer.Reset != nil {
				s.Send(hub.EncodeReset(answer.Reset, hub.EncodingSSE))
			}
			if answer.Gap != nil {
				s.Send(hub.EncodeGap(answer.Gap, hub.EncodingSSE))
			}
			s.Send(startEvent(answer))
		}
		if err := s.Subscribe(req, subscribed); err != nil {
			fail(err)
			return nil
		}
	}
	tick := time.NewTicker(h.cfg.PingInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.Send([]byte(":\n\n")) // a comment, for proxies that cut what is silent
			s.Skipped(func(m protocol.Moved) { s.Send(hub.EncodeMoved(&m, hub.EncodingSSE)) })
		case <-r.Context().Done():
			return nil
		case <-s.Done():
			return nil
		}
	}
}

// Write implements session.Link.
func (s *stream) Write(items [][]byte) error {
	<-s.begun
	if !s.headed {
		return nil // the handler answers
	}
	left := 0 // how much more may be written in the time that was set
	for _, item := range items {
		if left -= len(item); left <= 0 {
			if err := s.haste.bound(s.rc.SetWriteDeadline); err != nil {
				return err
			}
			left = maxBatch
		}
		if s.positions != nil {
			item = s.positions.rewrite(item)
		}
		if _, err := s.w.Write(item); err != nil {
			return err
		}
	}
	return s.rc.Flush()
}

// Hurry implements session.Link.
func (s *stream) Hurry() { s.haste.begin(hurryTimeout, s.rc.SetWriteDeadline) }

// Close implements session.Link. The handler's return ends the response, and
// an EventSource comes back by itself; a ticket does not let it in again.
func (s *stream) Close(why *protocol.Error) {
	if why != nil && why.Code != protocol.CodeSlowConsumer { // who does not read would not read that
		_ = s.Write([][]byte{[]byte("event: error\ndata: " + why.Error() + "\n\n")})
	}
}
