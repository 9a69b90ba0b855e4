package presence

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come.
const patience = 20 * time.Second

// site is a Redis and the relays around it.
type site struct {
	t      *testing.T
	url    string
	prefix string
	rdb    *redis.Client        // not of any relay
	mini   *miniredis.Miniredis // nil on a real Redis
}

// onEachRedis runs a test on miniredis, and on the Redis that
// FANLIGHT_TEST_REDIS_URL names.
func onEachRedis(t *testing.T, test func(t *testing.T, s *site)) {
	t.Parallel() // they mostly wait
	t.Run("miniredis", func(t *testing.T) {
		mini := miniredis.RunT(t)
		mini.ClockTTL(true)
		test(t, newSite(t, "redis://"+mini.Addr(), mini))
	})
	if url := os.Getenv("FANLIGHT_TEST_REDIS_URL"); url != "" {
		t.Run("redis", func(t *testing.T) { test(t, newSite(t, url, nil)) })
	}
}

func newSite(t *testing.T, url string, mini *miniredis.Miniredis) *site {
	s := &site{t: t, url: url, mini: mini, prefix: "presence-" + strings.ToLower(rand.Text()[:8]) + "/"}
	s.rdb = s.client()
	return s
}

func (s *site) client() *redis.Client {
	opt, err := redis.ParseURL(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	opt.ContextTimeoutEnabled, opt.MaxRetries = true, -1
	opt.DialerRetries = 1
	c := redis.NewClient(opt)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// relay is a relay's presence, with a link to Redis that can be cut.
type relay struct {
	*Presence
	t    *testing.T
	gate *gate
}

// For tests in which time must pass: testTTL bears that a machine stands still
// for two seconds. What has to happen within a TTL or a grace is tested with one
// that does not end, and then expire.
const (
	testTTL   = 3 * time.Second
	testGrace = 150 * time.Millisecond
)

// relay starts one; nobody expires, and the grace is short, where the Config says
// nothing else.
func (s *site) relay(cfg Config) *relay {
	c, g := s.client(), &gate{}
	c.AddHook(g)
	cfg.Redis, cfg.Prefix = c, s.prefix
	cfg.TTL = cmp.Or(cfg.TTL, time.Hour)
	cfg.Grace = cmp.Or(cfg.Grace, testGrace)
	r := &relay{Presence: New(cfg), t: s.t, gate: g}
	s.t.Cleanup(func() {
		g.open()
		r.Close()
	})
	return r
}

// kill ends a relay as SIGKILL does: without a word.
func (r *relay) kill() {
	r.cancel()
	<-r.done
}

// enter brings a connection of a user's, or of nobody's if user is "".
func (r *relay) enter(channel, client, user string) {
	r.Enter(channel, protocol.Member{Client: client, User: user}, true)
}

// list returns who is there, after all that the relay was told.
func (r *relay) list(channel string) protocol.Presence {
	r.t.Helper()
	p, err := r.List(context.Background(), channel)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// isAway reports whether the relay knows that Redis is away.
func (r *relay) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link.away
}

// sent counts the commands and pipelines that the relay has sent.
func (r *relay) sent() int {
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	return r.gate.passed
}

// takes checks how many commands something takes.
func (r *relay) takes(commands int, what string, do func()) {
	r.t.Helper()
	before := r.sent()
	do()
	if n := r.sent() - before; n != commands {
		r.t.Errorf("%s took %d commands, not %d", what, n, commands)
	}
}

// clients are those of a list, in order of the alphabet.
func clients(p protocol.Presence) string {
	var all []string
	for _, m := range p.Members {
		all = append(all, m.Client)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// expect checks who is on a channel, as a relay sees it.
func (r *relay) expect(channel string, connections, users int, names string) {
	r.t.Helper()
	p := r.list(channel)
	if p.Connections != connections || p.Users != users || clients(p) != names {
		r.t.Fatalf("%d connections of %d users (%s), not %d of %d (%s)",
			p.Connections, p.Users, clients(p), connections, users, names)
	}
}

// eventually asks until it is true.
func eventually(t *testing.T, what string, isTrue func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); !isTrue(); <-tick.C {
		if time.Since(begin) > patience {
			t.Fatal("never came to be: " + what)
		}
	}
}

// watcher hears what is published on a channel.
type watcher struct {
	t       *testing.T
	s       *site
	channel string
	pubsub  *redis.PubSub
}

func (s *site) watch(channel string) *watcher {
	s.t.Helper()
	w := &watcher{t: s.t, s: s, channel: channel, pubsub: s.rdb.Subscribe(context.Background(), s.prefix+channel)}
	s.t.Cleanup(func() { _ = w.pubsub.Close() })
	if _, err := w.pubsub.Receive(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	return w
}

// next returns the next event: "join ann" or "leave ann"; by client for whoever
// has no name.
func (w *watcher) next() string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	msg, err := w.pubsub.ReceiveMessage(ctx)
	if err != nil {
		w.t.Fatal("no event came: ", err)
	}
	var e struct {
		Fanlight int
		Join     *protocol.Member
		Leave    *protocol.Member
	}
	if json.Unmarshal([]byte(msg.Payload), &e) != nil || e.Fanlight != 1 {
		return msg.Payload
	}
	if e.Join != nil {
		return "join " + cmp.Or(e.Join.User, e.Join.Client)
	}
	return "leave " + cmp.Or(e.Leave.User, e.Leave.Client)
}

func (w *watcher) expect(events ...string) {
	w.t.Helper()
	for i, want := range events {
		if got := w.next(); got != want {
			w.t.Fatalf("event %d is %q, not %q", i+1, got, want)
		}
	}
}

// quiet checks that nothing was published till now that was not expected.
func (w *watcher) quiet() {
	w.t.Helper()
	if err := w.s.rdb.Publish(context.Background(), w.s.prefix+w.channel, "end").Err(); err != nil {
		w.t.Fatal(err)
	}
	w.expect("end")
}

// gate is what a relay's commands pass on their way to Redis.
type gate struct {
	mu      sync.Mutex
	closed  bool          // they fail
	stalled bool          // they are not answered
	deaf    bool          // they are carried out, and the answer is lost
	held    chan struct{} // they do not even give up, until it is closed
	passed  int
}

func (g *gate) set(closed, stalled, deaf bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.stalled, g.deaf = closed, stalled, deaf
}

// hold keeps all commands until release is called.
func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := make(chan struct{})
	g.held = held
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held = nil
		close(held)
	})
}

func (g *gate) open()   { g.set(false, false, false) }
func (g *gate) shut()   { g.set(true, false, false) }
func (g *gate) stall()  { g.set(false, true, false) }
func (g *gate) deafen() { g.set(false, false, true) }

var errGate = &net.OpError{Op: "write", Err: errors.New("cut by the test")}

func (g *gate) pass(ctx context.Context, next func() error) error {
	g.mu.Lock()
	closed, stalled, deaf, held := g.closed, g.stalled, g.deaf, g.held
	g.passed++
	g.mu.Unlock()
	if held != nil {
		<-held
	}
	switch {
	case closed:
		return errGate
	case stalled:
		<-ctx.Done()
		return ctx.Err()
	}
	err := next()
	if deaf {
		return errGate
	}
	return err
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := g.pass(ctx, func() error { return next(ctx, cmd) })
		if errors.Is(err, errGate) || ctx.Err() != nil {
			cmd.SetErr(err)
		}
		return err
	}
}

func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := g.pass(ctx, func() error { return next(ctx, cmds) })
		if errors.Is(err, errGate) || ctx.Err() != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// lose makes Redis lose a channel, as FLUSHALL does, but leaves alone what is
// not this test's.
func (s *site) lose(channel string) {
	s.t.Helper()
	var err error
	if s.mini != nil {
		s.mini.FlushAll()
	} else {
		err = s.rdb.Del(context.Background(), s.keys(channel)...).Err()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) keys(channel string) []string {
	base := fmt.Sprintf("fanlight/presence/{%s%s}", s.prefix, channel)
	return []string{base, base + "/arrivals", base + "/members"}
}
