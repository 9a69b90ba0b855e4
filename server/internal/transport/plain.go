package transport

import (
	"errors"
	"net/http"
	"time"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/server/internal/session"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// servePlain serves a WebSocket that knows nothing of us: each text frame to
// it is one message's data, each text frame from it is published to the first
// of its channels. It has no way to be told of an error but a close code.
func (h *Handlers) servePlain(w http.ResponseWriter, r *http.Request, limits *limit.Conn) {
	from := node.Caller{From: h.cfg.Limiter.Addr(r), Way: ops.WayPlain}
	requests, wrong := requestsOf(r)
	who, unknown := h.cfg.Node.Authority().Request(r)
	if wrong == nil {
		wrong = unknown
	}
	sock, err := h.upgrade(w, r, limits, false)
	if err != nil {
		return
	}
	if wrong != nil {
		h.refused(from, requests, wrong)
		defer limits.Close()
		sock.Close(asError(wrong)) // a browser shows its page a close code, and no HTTP status
		return
	}
	s, err := h.cfg.Sessions.Start(session.Config{
		Node: h.cfg.Node, Link: sock, Encoding: hub.EncodingPlain, Outbox: h.cfg.Outbox, Limits: limits,
		From: from.From, Way: from.Way,
	})
	if err != nil {
		sock.Close(asError(err))
		return
	}
	if err := s.Identify(who, ""); err != nil {
		s.End(asError(err))
	}
	// A goroutine of its own, so that net/http's, with the request and its
	// buffers, can go. The session's Finish is what the relay waits for.
	go func() {
		defer h.cfg.Sessions.Finish(s)
		h.runPlain(s, sock, requests)
	}()
}

func (h *Handlers) runPlain(s *session.Session, sock *socket, requests []protocol.Subscribe) {
	pings := startPinger(sock, h.cfg.PingInterval)
	defer pings.stop()
	for _, req := range requests {
		subscribed := func(answer protocol.Subscribed, err error) {
			if err == nil && answer.Gap != nil {
				err = hub.GapError(answer.Gap)
			}
			if err != nil {
				s.End(asError(err))
			}
		}
		if err := s.Subscribe(req, subscribed); err != nil {
			s.End(asError(err))
			break
		}
	}
	for {
		text, ok, why := sock.read(h.cfg.Limits.Frame)
		if !ok {
			s.End(why)
			return
		}
		publish := protocol.Publish{Channel: requests[0].Channel, Data: protocol.TextOrJSON(text)}
		err := s.Publish(publish, func(_ protocol.Published, err error) {
			if err != nil {
				s.End(asError(err))
			}
		})
		if err != nil {
			s.End(asError(err))
		}
	}
}

// pingFrame is an empty WebSocket ping (RFC 6455, 5.5.2).
var pingFrame = []byte{0x89, 0x00}

// pinger sends WebSocket pings, for proxies that cut what is silent, and so
// that a peer that is gone is noticed: its pongs are what keeps conn patient.
type pinger struct {
	sock     *socket
	interval time.Duration
	timer    *time.Timer
}

func startPinger(sock *socket, interval time.Duration) *pinger {
	p := &pinger{sock: sock, interval: interval}
	p.timer = time.AfterFunc(time.Hour, p.ping) // set before it can fire
	p.timer.Reset(interval)
	return p
}

// ping goes on until a write fails, as it does once the connection is closed.
func (p *pinger) ping() {
	if _, err := p.sock.conn.Write(pingFrame); err == nil {
		p.timer.Reset(p.interval)
	}
}

func (p *pinger) stop() { p.timer.Stop() }

// asError returns err as the protocol's own, which all of ours are.
func asError(err error) *protocol.Error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e
	}
	return &protocol.Error{Code: protocol.CodeInternal, Message: "something went wrong"}
}
