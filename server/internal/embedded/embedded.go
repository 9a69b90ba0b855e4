package embedded

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Redis is a running miniredis.
type Redis struct {
	mini *miniredis.Miniredis
	addr string // miniredis forgets it when it is closed, and panics
	pass string // "" lets everybody in

	closed  sync.Once
	closing chan struct{}
	clock   sync.WaitGroup
}

const (
	// tick is how exactly keys expire. Each looks at every key there is.
	tick = time.Second / 2
	// rest is how many times longer than such a look the clock waits at least, so
	// that many keys make it coarse and not expensive: a five-hundredth of a core.
	rest = 500
)

// Start listens on addr (host:port). When that port is taken it listens on a
// free one of the same host instead, and says so in the log. The error is
// about the host.
func Start(addr string, log *slog.Logger) (*Redis, error) { return start(addr, "", log) }

// StartPrivate is [Start] for one that nobody can use who does not have its URL,
// with a password that is made here. miniredis has no way to do without a port.
func StartPrivate(addr string, log *slog.Logger) (*Redis, error) {
	return start(addr, rand.Text(), log)
}

func start(addr, pass string, log *slog.Logger) (*Redis, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("embedded Redis: %w", err)
	}
	mini := miniredis.NewMiniRedis()
	mini.RequireAuth(pass) // before it listens
	if err := mini.StartAddr(addr); err != nil {
		if ferr := mini.StartAddr(net.JoinHostPort(host, "0")); ferr != nil {
			return nil, fmt.Errorf("embedded Redis: %w", ferr)
		}
		log.Warn("the embedded Redis could not have its port and took a free one", "wanted", addr, "error", err, "got", mini.Addr())
	}
	r := &Redis{mini: mini, addr: mini.Addr(), pass: pass, closing: make(chan struct{})}
	r.clock.Go(r.runClock)
	return r, nil
}

// runClock lets keys expire: by itself miniredis's clock stands still. Its
// ClockTTL would do, but goes through all keys, sorted, at every command; with
// the idempotency keys of a busy hour that is most of what it would do.
func (r *Redis) runClock() {
	t := time.NewTimer(tick)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-r.closing:
			return
		case <-t.C:
			now := time.Now()
			r.mini.FastForward(now.Sub(last))
			last = now
			t.Reset(max(tick, rest*time.Since(now)))
		}
	}
}

// Addr returns the host and port that it listens on.
func (r *Redis) Addr() string { return r.addr }

// URL returns what go-redis connects to. That of a private one is a secret.
func (r *Redis) URL() string {
	if r.pass == "" {
		return "redis://" + r.addr
	}
	return "redis://:" + r.pass + "@" + r.addr
}

// Close ends it, with its connections.
func (r *Redis) Close() {
	r.closed.Do(func() { close(r.closing) })
	r.clock.Wait()
	r.mini.Close()
}
