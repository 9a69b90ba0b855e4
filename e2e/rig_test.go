package e2e_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"fanlight/app/pages"
	"fanlight/e2e/port"
	"fanlight/server/demos"
	"fanlight/server/relay"
)

// patience is how long anything may take that should happen at once, on a machine
// with much else to do. A test that waits this long has failed.
const patience = time.Minute

// rig is a Redis and as many relays as a test wants.
type rig struct {
	t      *testing.T
	url    string
	prefix string
	redis  *redis.Client // for what other programs do
	// namespaces are history sizes, for the relays that are started from now on.
	namespaces map[string]int
	// secret guards them, if it is set.
	secret string
	// fed has them feed simulated prices and readings.
	fed bool
	// ops is what they tell of themselves.
	ops relay.Ops
	// grace is how long they keep the place of whoever is gone.
	grace time.Duration
}

// newRig lets the test run beside others: what it has is its own, and most of what
// it does is wait.
func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	g := &rig{t: t, url: os.Getenv("FANLIGHT_TEST_REDIS_URL"), prefix: strings.ToLower(rand.Text()[:8]) + ".", grace: time.Second}
	if g.url == "" {
		mini := miniredis.RunT(t)
		mini.ClockTTL(true)
		g.url, g.prefix = "redis://"+mini.Addr(), ""
	}
	opt, err := redis.ParseURL(g.url)
	if err != nil {
		t.Fatal(err)
	}
	opt.Protocol = 2
	g.redis = redis.NewClient(opt)
	t.Cleanup(func() { _ = g.redis.Close() })
	return g
}

// publish is redis-cli's: bytes, on a channel, without a word to us.
func (g *rig) publish(channel, message string) {
	g.t.Helper()
	if err := g.redis.Publish(g.t.Context(), g.prefix+channel, message).Err(); err != nil {
		g.t.Fatal(err)
	}
}

// forget removes a channel's history, as FLUSHALL would, and nobody else's.
func (g *rig) forget(channel string) {
	g.t.Helper()
	c := "{" + g.prefix + channel + "}"
	if err := g.redis.Del(g.t.Context(), "fanlight/meta/"+c, "fanlight/stream/"+c).Err(); err != nil {
		g.t.Fatal(err)
	}
}

// newFedRig is newRig, with relays that feed simulated prices and readings.
func newFedRig(t *testing.T) *rig {
	t.Helper()
	g := newRig(t)
	g.fed = true
	return g
}

// site is a relay with its pages on a port of its own, which it keeps when it
// is restarted.
type site struct {
	rig    *rig
	addr   string
	relay  *relay.Relay
	demos  func() // ends them
	server *http.Server
	ended  chan struct{}
}

// site starts a relay and waits until messages flow.
func (g *rig) site() *site {
	g.t.Helper()
	free, err := port.Free()
	if err != nil {
		g.t.Fatal(err)
	}
	s := &site{rig: g, addr: port.Addr(free)}
	s.start()
	g.t.Cleanup(s.stop)
	return s
}

func (s *site) url() string { return "http://" + s.addr }

func (s *site) start() {
	t := s.rig.t
	t.Helper()
	page, err := pages.New(pages.Config{})
	if err != nil {
		t.Fatal(err)
	}
	namespaces := map[string]relay.Namespace{
		"chat":   {Presence: true, JoinLeave: true},
		"silent": {},
	}
	for name, size := range s.rig.namespaces {
		namespaces[name] = relay.Namespace{HistorySize: size}
	}
	s.relay, err = relay.New(relay.Config{
		Namespaces: demos.Namespaces(namespaces, s.rig.secret == ""), PresenceGrace: s.rig.grace,
		RedisURL: s.rig.url, Prefix: s.rig.prefix, Loopback: true, JWTSecret: s.rig.secret,
		Pages: page, Build: page.Build(), Ops: s.rig.ops,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.demos = demos.Start(s.relay, demos.Config{Still: !s.rig.fed, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	s.server = &http.Server{Handler: s.relay, ReadHeaderTimeout: patience}
	s.server.RegisterOnShutdown(s.relay.Drain)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	eventually(t, "the relay is ready", func() bool { return status(s.url()+"/readyz") == http.StatusOK })
}

// stop ends the relay as SIGTERM would. Stopping twice is harmless.
func (s *site) stop() {
	if s.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.server.Shutdown(ctx)
	s.demos()
	if err := errors.Join(err, s.relay.Close(ctx)); err != nil {
		s.rig.t.Error(err)
	}
	<-s.ended
	s.server = nil
}

// eventually waits until ok, for things that tell nobody when they happen.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			if !ok() { // it may have come while the machine stood still
				t.Fatalf("not within %v: %s", patience, what)
			}
			return
		case <-tick.C:
		}
	}
}

// status returns the status of a GET, or 0.
func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// post publishes over HTTP and returns the status and the body.
func post(t *testing.T, url, contentType, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// get returns the status and the body of a GET.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
