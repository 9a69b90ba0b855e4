package embedded

import (
	"fmt"
	"log/slog"
	"net"

	"github.com/alicebob/miniredis/v2"
)

// Redis is a running miniredis.
type Redis struct {
	mini *miniredis.Miniredis
	addr string // miniredis forgets it when it is closed, and panics
}

// Start listens on addr (host:port). When that port is taken it listens on a
// free one of the same host instead, and says so in the log. The error is
// about the host.
func Start(addr string, log *slog.Logger) (*Redis, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("embedded Redis: %w", err)
	}
	mini := miniredis.NewMiniRedis()
	if err := mini.StartAddr(addr); err != nil {
		if ferr := mini.StartAddr(net.JoinHostPort(host, "0")); ferr != nil {
			return nil, fmt.Errorf("embedded Redis: %w", ferr)
		}
		log.Warn("the embedded Redis could not have its port and took a free one", "wanted", addr, "error", err, "got", mini.Addr())
	}
	// Without this nothing ever expires: by itself miniredis's clock stands.
	mini.ClockTTL(true)
	return &Redis{mini: mini, addr: mini.Addr()}, nil
}

// Addr returns the host and port that it listens on.
func (r *Redis) Addr() string { return r.addr }

// URL returns what go-redis connects to.
func (r *Redis) URL() string { return "redis://" + r.addr }

// Close ends it, with its connections.
func (r *Redis) Close() { r.mini.Close() }
