package faults

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"fanlight/e2e/checker"
	"fanlight/e2e/port"
)

// realURL is the Redis that the suite is to run on; empty means the embedded one.
var realURL = os.Getenv("FANLIGHT_TEST_REDIS_URL")

// store is a Redis, and what a test may do to it. The real one that was named
// is shared with others: a test that harms its Redis gets a process of its own.
type store struct {
	t      *testing.T
	url    string
	prefix string
	rdb    *redis.Client // without a proxy in between

	mini   *miniredis.Miniredis
	server *redisServer
}

// newStore starts a Redis; harmed says that the test will damage it.
func newStore(t *testing.T, harmed bool) *store {
	t.Helper()
	s := &store{t: t}
	switch {
	case realURL == "":
		s.mini = miniredis.NewMiniRedis()
		if err := s.mini.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.mini.Close)
		runClock(t, s.mini)
		s.url = "redis://" + s.mini.Addr()
	case harmed:
		s.server = &redisServer{t: t, dir: t.TempDir(), port: freePort(t)}
		s.server.start()
		t.Cleanup(s.server.kill)
		s.url = "redis://127.0.0.1:" + strconv.Itoa(s.server.port)
	default:
		s.url, s.prefix = realURL, strings.ToLower(rand.Text()[:8])+"."
	}
	opt, err := redis.ParseURL(s.url)
	if err != nil {
		t.Fatal(err)
	}
	opt.Protocol, opt.ReadTimeout = 2, patience
	s.rdb = redis.NewClient(opt)
	t.Cleanup(func() { _ = s.rdb.Close() })
	return s
}

// through returns the URL of the store behind another address.
func (s *store) through(addr string) string {
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	u.Host = addr
	return u.String()
}

func (s *store) addr() string {
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Host
}

func (s *store) key(kind, channel string) string {
	return "fanlight/" + kind + "/{" + s.prefix + channel + "}"
}

// top returns where a channel stands.
func (s *store) top(channel string) checker.Event {
	s.t.Helper()
	meta, err := s.rdb.HGetAll(s.t.Context(), s.key("meta", channel)).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	e := checker.Event{Kind: checker.Top, Channel: channel, Epoch: meta["epoch"], ID: meta["last"]}
	e.Offset, _ = strconv.ParseUint(meta["offset"], 10, 64)
	return e
}

// entries returns a channel's history.
func (s *store) entries(channel string) []checker.Event {
	s.t.Helper()
	stream, err := s.rdb.XRange(s.t.Context(), s.key("stream", channel), "-", "+").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	epoch := s.top(channel).Epoch
	events := make([]checker.Event, len(stream))
	for i, m := range stream {
		number, _, _ := strings.Cut(m.ID, "-")
		offset, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		id, _ := m.Values["id"].(string)
		data, _ := m.Values["data"].(string)
		events[i] = checker.Event{Kind: checker.Entry, Channel: channel, Epoch: epoch, Offset: offset, ID: id, Data: nameOf([]byte(data))}
	}
	return events
}

// away takes Redis away: a real one with SIGKILL. back brings it back, with
// its data.
func (s *store) away() {
	s.t.Helper()
	if s.mini != nil {
		s.mini.Close()
		return
	}
	s.server.kill()
}

func (s *store) back() {
	s.t.Helper()
	if s.mini != nil {
		if err := s.mini.Restart(); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	s.server.start()
}

// saved is an older state of a Redis.
type saved struct {
	keys []savedKey // of the embedded one
	dir  string     // of a real one
}

type savedKey struct {
	name, kind string
	left       time.Duration
	text       string
	hash       map[string]string
	stream     []redis.XMessage
	set        []string
	sorted     []redis.Z
}

// save keeps Redis's state. Nobody must write to it meanwhile.
func (s *store) save() *saved {
	s.t.Helper()
	if s.server != nil {
		dir := s.t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(s.server.dir)); err != nil {
			s.t.Fatal(err)
		}
		return &saved{dir: dir}
	}
	state, err := s.dump(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// dump reads all that the embedded Redis holds.
func (s *store) dump(ctx context.Context) (*saved, error) {
	names, err := s.rdb.Keys(ctx, "*").Result()
	if err != nil {
		return nil, err
	}
	// In two pipelines: there are thousands of idempotency keys.
	state := &saved{keys: make([]savedKey, len(names))}
	kinds, lefts := make([]*redis.StatusCmd, len(names)), make([]*redis.DurationCmd, len(names))
	if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range names {
			kinds[i], lefts[i] = p.Type(ctx, name), p.PTTL(ctx, name)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	contents := make([]func(), len(names))
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range names {
			k := &state.keys[i]
			k.name, k.kind, k.left = name, kinds[i].Val(), lefts[i].Val()
			switch k.kind {
			case "hash":
				c := p.HGetAll(ctx, name)
				contents[i] = func() { k.hash = c.Val() }
			case "stream":
				c := p.XRange(ctx, name, "-", "+")
				contents[i] = func() { k.stream = c.Val() }
			case "string":
				c := p.Get(ctx, name)
				contents[i] = func() { k.text = c.Val() }
			case "set":
				c := p.SMembers(ctx, name)
				contents[i] = func() { k.set = c.Val() }
			case "zset":
				c := p.ZRangeWithScores(ctx, name, 0, -1)
				contents[i] = func() { k.sorted = c.Val() }
			default:
				return fmt.Errorf("%s is a %s", name, k.kind)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, fill := range contents {
		fill()
	}
	return state, nil
}

// restore puts an older state in place of the present one: a real Redis is
// killed for it, the embedded one goes back from one command to the next.
func (s *store) restore(state *saved) {
	s.t.Helper()
	if s.server != nil {
		s.server.kill()
		if err := os.RemoveAll(s.server.dir); err != nil {
			s.t.Fatal(err)
		}
		if err := os.CopyFS(s.server.dir, os.DirFS(state.dir)); err != nil {
			s.t.Fatal(err)
		}
		s.server.start()
		return
	}
	ctx := s.t.Context()
	now, err := s.dump(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	present := make(map[string]savedKey, len(now.keys))
	for _, k := range now.keys {
		present[k.name] = k
	}
	// The results of idempotency keys are thousands, and hardly one of them
	// changed: they stay, or the embedded Redis would stand still for seconds.
	var stay []any
	var changed []savedKey
	for _, k := range state.keys {
		if p, ok := present[k.name]; ok && k.kind == "hash" && maps.Equal(p.hash, k.hash) {
			stay = append(stay, k.name)
		} else {
			changed = append(changed, k)
		}
	}
	tx := s.rdb.TxPipeline()
	tx.Eval(ctx, `
		local stay = {}
		for _, name in ipairs(ARGV) do stay[name] = true end
		for _, name in ipairs(redis.call('KEYS', '*')) do
			if not stay[name] then redis.call('DEL', name) end
		end`, nil, stay...)
	for _, k := range changed {
		switch k.kind {
		case "hash":
			tx.HSet(ctx, k.name, k.hash)
		case "stream":
			for _, m := range k.stream {
				tx.XAdd(ctx, &redis.XAddArgs{Stream: k.name, ID: m.ID, Values: m.Values})
			}
		case "string":
			tx.Set(ctx, k.name, k.text, 0)
		case "set":
			tx.SAdd(ctx, k.name, k.set)
		case "zset":
			tx.ZAdd(ctx, k.name, k.sorted...)
		}
		if k.left > 0 {
			tx.PExpire(ctx, k.name, k.left)
		}
	}
	if _, err := tx.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) { // the script returns nothing
		s.t.Fatal(err)
	}
}

// redisServer is a redis-server of the test's own, which writes all it is told
// to disk at once.
type redisServer struct {
	t       *testing.T
	dir     string
	port    int
	process *exec.Cmd
}

func (r *redisServer) start() {
	r.t.Helper()
	r.process = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(r.port), "--dir", r.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	out, err := r.process.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.process.Start(); err != nil {
		r.t.Fatalf("a real Redis needs redis-server (apt-get install redis-server): %v", err)
	}
	ready := make(chan bool, 1)
	go func() {
		defer close(ready)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "Ready to accept connections") {
				ready <- true
			}
		}
	}()
	select {
	case ok := <-ready:
		if !ok {
			r.t.Fatal("redis-server ended at once")
		}
	case <-time.After(patience):
		r.t.Fatal("redis-server does not get ready")
	}
}

// kill is SIGKILL.
func (r *redisServer) kill() {
	if r.process != nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
		r.process = nil
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	p, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runClock lets keys of an embedded Redis expire until the test ends, as the
// product's own does.
func runClock(t *testing.T, mini *miniredis.Miniredis) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				mini.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
	})
}
