package transport

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/server/internal/session"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Config is what the transports need. All of it is required, but for Limiter and
// Build.
type Config struct {
	Node     *node.Node
	Sessions *session.Manager
	Limits   protocol.Limits
	// Limiter bounds how many connections there are, and what each may do; nil
	// does not.
	Limiter *limit.Limiter
	// Outbox is the most bytes that may wait to be written to one connection.
	Outbox int
	// PingInterval is how often a silent connection gives a sign of life.
	PingInterval time.Duration
	// ConnectTimeout is how long a fanlight.v1 connection may take to connect.
	ConnectTimeout time.Duration
	// Build is what the hello names.
	Build string
}

// patience is how long a peer may be silent. Two and a half intervals: a
// browser's hidden tab wakes once a minute, and a ping may be lost.
func (c *Config) patience() time.Duration { return c.PingInterval * 5 / 2 }

// Handlers serves the ways to hold a connection. It is safe for concurrent use.
type Handlers struct {
	cfg      Config
	received atomic.Uint64
}

// Received returns how many bytes were read from WebSockets so far.
func (h *Handlers) Received() uint64 { return h.received.Load() }

// New returns the handlers.
func New(cfg Config) *Handlers { return &Handlers{cfg: cfg} }

// WebSocket serves GET /ws: fanlight.v1 to whoever asks for it by
// Sec-WebSocket-Protocol, a plain WebSocket to everyone else. Its error is to be
// answered; without one it has answered, or will by itself.
func (h *Handlers) WebSocket(w http.ResponseWriter, r *http.Request) error {
	if !isUpgrade(r) {
		return &protocol.Error{Code: protocol.CodeUpgrade, Message: "this is where WebSockets are opened; event streams are at /sse"}
	}
	// First of all: what a connection too many asks for should cost us nothing.
	limits, err := h.cfg.Limiter.Connect(h.cfg.Limiter.Addr(r))
	switch {
	case err != nil:
		return err
	case wantsV1(r):
		h.serveV1(w, r, limits)
	default:
		h.servePlain(w, r, limits)
	}
	return nil
}

// isUpgrade reports whether a request wants to become a WebSocket. What else is
// wrong with it is coder's to say.
func isUpgrade(r *http.Request) bool {
	for _, value := range r.Header.Values("Upgrade") {
		for name := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(name), "websocket") {
				return true
			}
		}
	}
	return false
}

func wantsV1(r *http.Request) bool {
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offered := range strings.SplitSeq(header, ",") {
			if strings.TrimSpace(offered) == protocol.Subprotocol {
				return true
			}
		}
	}
	return false
}

// requestsOf returns what a request subscribes to: its channels, each from
// ?rewind=N publications back, and of each what matches ?filter=.
func requestsOf(r *http.Request) ([]protocol.Subscribe, error) {
	var rewind *protocol.Rewind
	if n := r.URL.Query().Get("rewind"); n != "" {
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 || count > protocol.MaxRewind {
			return nil, &protocol.Error{
				Code: protocol.CodeBadRequest, Field: "rewind", Limit: protocol.MaxRewind,
				Message: fmt.Sprintf("rewind is a number from 1 to %d", protocol.MaxRewind),
			}
		}
		rewind = &protocol.Rewind{Count: count}
	}
	var requests []protocol.Subscribe
	for _, c := range channelsOf(r) {
		requests = append(requests, protocol.Subscribe{Channel: c, Rewind: rewind, Filter: r.URL.Query().Get("filter")})
	}
	return requests, nil
}

// refused audits that a connection got none of what it came for.
func (h *Handlers) refused(from node.Caller, requests []protocol.Subscribe, why error) {
	for i := range requests {
		h.cfg.Node.Refused(from, ops.OpSubscribe, requests[i].Channel, why)
	}
}

// channelsOf returns the channels that a request names, without repetition;
// the default channel when it names none.
func channelsOf(r *http.Request) []string {
	var channels []string
	for _, c := range r.URL.Query()["channel"] {
		if !slices.Contains(channels, c) {
			channels = append(channels, c)
		}
	}
	if len(channels) == 0 {
		return []string{protocol.DefaultChannel}
	}
	return channels
}
