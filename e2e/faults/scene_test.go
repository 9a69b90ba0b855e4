package faults

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fanlight/e2e/checker"
	"fanlight/e2e/leak"
	"fanlight/e2e/port"
	"fanlight/e2e/proxy"
)

// patience is how long anything may take that should happen at once, on a machine
// with much else to do. A test that waits this long has failed.
const patience = time.Minute

// unhurried is a ping interval that no busy machine misses.
const unhurried = 15 * time.Second

// news is the channel of most scenes.
const news = "news"

// plan is what a scene is made of.
type plan struct {
	// harmed says that Redis itself will be damaged.
	harmed bool
	// link puts a proxy between the relays and Redis.
	link bool
	// recovered is how many messages must come from the history, at least.
	recovered int
	// settings of the relays; Addr, Redis and Prefix are the scene's to fill in.
	settings
}

// scene is a Redis, its relays, and all who talk to them.
type scene struct {
	t     *testing.T
	plan  plan
	store *store
	link  *proxy.Proxy // between relays and Redis; nil without
	log   *checker.Log
	path  string
	file  *os.File

	publishers  []*publisher
	subscribers []subscriber
	joined      int // by join
	channels    map[string]bool
	// quiet is locked while nobody must be publishing.
	quiet sync.RWMutex
}

func newScene(t *testing.T, p plan) *scene {
	t.Helper()
	// What comes first is cleaned up last.
	running := goleak.IgnoreCurrent()
	t.Cleanup(func() { leak.None(t, running) })

	s := &scene{t: t, plan: p, channels: map[string]bool{news: true}}
	if s.plan.History == 0 {
		// More than fast publishers get through on a fast machine while a fault
		// lasts: a gap would be no one's fault.
		s.plan.History = 20_000
	}
	if s.plan.Probe == 0 {
		s.plan.Probe = 200 * time.Millisecond
	}
	if s.plan.Ping == 0 {
		s.plan.Ping = 5 * time.Second
	}
	s.store = newStore(t, p.harmed)
	if p.link {
		var err error
		if s.link, err = proxy.Start(proxy.Config{Target: s.store.addr(), Redis: true}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.link.Close)
	}
	var err error
	s.path = filepath.Join(t.ArtifactDir(), "events.jsonl")
	if s.file, err = os.Create(s.path); err != nil {
		t.Fatal(err)
	}
	s.log = checker.NewLog(s.file)
	t.Cleanup(func() { _ = s.file.Close() })
	return s
}

// site starts a relay; apart, one in a process of its own. It returns when
// messages flow.
func (s *scene) site(apart bool) *site {
	s.t.Helper()
	r := &site{t: s.t, settings: s.plan.settings, apart: apart}
	r.settings.Addr, r.settings.Redis, r.settings.Prefix = port.Addr(freePort(s.t)), s.store.url, s.store.prefix
	if s.link != nil {
		r.settings.Redis = s.store.through(s.link.Addr())
	}
	s.t.Cleanup(r.stop)
	s.t.Cleanup(s.leaveAll) // before the relay goes
	r.start()
	return r
}

// proxied returns a proxy before a relay.
func (s *scene) proxied(r *site) *proxy.Proxy {
	s.t.Helper()
	p, err := proxy.Start(proxy.Config{Target: r.settings.Addr})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.Close)
	return p
}

// fault writes down what the test does.
func (s *scene) fault(format string, args ...any) {
	s.log.Add(checker.Event{Kind: checker.Fault, Text: fmt.Sprintf(format, args...)})
}

// await shows events to seen, from the first on, until it reports true.
func (s *scene) await(what string, seen func(checker.Event) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.log.Await(ctx, seen); err != nil {
		s.t.Errorf("not within %v: %s", patience, what) // at once: who still writes may break off the log
		s.t.Fatal(s.check())
	}
}

// received waits until a subscriber has received n messages in all.
func (s *scene) received(who string, n int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%s receives %d messages", who, n), count(n, func(e checker.Event) bool {
		return e.Kind == checker.Receive && e.Who == who
	}))
}

// acknowledged waits until n more publishes than now were acknowledged.
func (s *scene) acknowledged(n int) {
	s.t.Helper()
	s.more(n, fmt.Sprintf("%d publishes are acknowledged", n), func(e checker.Event) bool { return e.Kind == checker.Ack })
}

// more waits for n events that are yet to come.
func (s *scene) more(n int, what string, is func(checker.Event) bool) {
	s.t.Helper()
	now := s.log.Last()
	s.await(what, count(n, func(e checker.Event) bool { return e.N > now && is(e) }))
}

func count(n int, is func(checker.Event) bool) func(checker.Event) bool {
	return func(e checker.Event) bool {
		if is(e) {
			n--
		}
		return n <= 0
	}
}

// end is the end of every scene: publishers stop, everyone gets to the top, and
// the checker has the last word.
func (s *scene) end() checker.Counts {
	s.t.Helper()
	for _, p := range s.publishers {
		p.stop()
	}
	s.settle()
	s.leaveAll()
	for channel := range s.channels {
		for _, e := range s.store.entries(channel) {
			s.log.Add(e)
		}
		s.log.Add(s.store.top(channel))
	}
	if err := s.log.Close(); err != nil {
		s.t.Fatal(err)
	}
	report := s.check()
	if !report.OK() {
		s.t.Errorf("(events in %s, kept with -artifacts)\n%s", s.path, report)
	} else {
		s.t.Log(report)
	}
	return report.Counts
}

// check reads the log and judges it.
func (s *scene) check() *checker.Report {
	s.t.Helper()
	if err := s.log.Close(); err != nil {
		s.t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := checker.Read(bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	return checker.Check(events, checker.Config{History: uint64(s.plan.History), Recovered: s.plan.recovered})
}

// settle waits until everyone who is there stands at the top; whoever does not
// get there, the checker tells of.
func (s *scene) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	tops := map[string]checker.Event{}
	for channel := range s.channels {
		tops[channel] = s.store.top(channel)
	}
	behind := map[[2]string]bool{}
	now := s.log.Last()
	_ = s.log.Await(ctx, func(e checker.Event) bool {
		k := [2]string{e.Who, e.Channel}
		top := tops[e.Channel]
		switch e.Kind {
		case checker.Receive:
			if !e.Foreign {
				behind[k] = e.Offset != top.Offset || e.Epoch != top.Epoch || e.ID != top.ID
			}
		case checker.Gap:
			behind[k] = e.To != top.Offset || e.Epoch != top.Epoch
		case checker.Resume:
			behind[k] = e.ID != top.ID
		case checker.Subscribe:
			if _, known := behind[k]; !known {
				behind[k] = e.Count > 0 || e.Offset != top.Offset || e.Epoch != top.Epoch
			}
		case checker.Reset:
			behind[k] = top.Offset > 0
		case checker.Leave:
			delete(behind, k)
		}
		if e.N < now {
			return false
		}
		for _, b := range behind {
			if b {
				return false
			}
		}
		return true
	})
}

// leaveAll ends all publishers and subscribers, whatever they are at.
func (s *scene) leaveAll() {
	for _, p := range s.publishers {
		_ = p.client.Close()
		p.stop()
	}
	for _, r := range s.subscribers {
		r.leave()
	}
	s.subscribers = nil
}

// eventually waits until ok, for things that tell nobody when they happen.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// caller keeps no connection, so that none looks like a leak.
var caller = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

// status returns the status of a GET, or 0.
func status(url string) int {
	resp, err := caller.Get(url)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
