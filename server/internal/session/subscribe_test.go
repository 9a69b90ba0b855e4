package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fanlight/e2e/port"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/node"
	"fanlight/server/internal/session"
	"fanlight/shared/protocol"
)

// patience bounds what a test waits for; nothing that works comes near it.
const patience = 15 * time.Second

// rig is all that is below a session.
type rig struct {
	*testing.T
	redis    *embedded.Redis
	node     *node.Node
	sessions session.Manager
}

// newRig starts one; without a Redis nothing is ever confirmed.
func newRig(t *testing.T, redis bool) *rig {
	log := slog.New(slog.DiscardHandler)
	r := &rig{T: t}
	free, err := port.Free() // which stays so, for a relay without a Redis
	if err != nil {
		t.Fatal(err)
	}
	url := "redis://" + port.Addr(free)
	if redis {
		if r.redis, err = embedded.Start(port.Addr(free), log); err != nil {
			t.Fatal(err)
		}
		url = r.redis.URL()
	}
	r.node, err = node.New(node.Config{
		Broker:        broker.Config{URL: url, Log: log, MessageLimit: 1000},
		Limits:        protocol.Limits{Message: 1000, Frame: 2000, Subscriptions: 3},
		CheckInterval: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.node.Close()
		if redis {
			r.redis.Close()
		}
	})
	return r
}

// session starts one, that the test finishes.
func (r *rig) session(l *link) *session.Session {
	r.Helper()
	s, err := r.sessions.Start(session.Config{Node: r.node, Link: l, Encoding: hub.EncodingPlain, Outbox: 1 << 20})
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// subscribe returns what done will be called with.
func (r *rig) subscribe(s *session.Session, channel string) <-chan error {
	r.Helper()
	done := make(chan error, 2) // 2, to see a second call
	if err := s.Subscribe(protocol.Subscribe{Channel: channel}, func(_ protocol.Subscribed, err error) { done <- err }); err != nil {
		r.Fatal(err)
	}
	return done
}

func (r *rig) publish(channel, data string) {
	r.Helper()
	_, err := r.node.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: channel, Data: json.RawMessage(data)})
	if err != nil {
		r.Fatal(err)
	}
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal(what + " did not come")
		panic("unreachable")
	}
}

func wantCode(t *testing.T, what string, err error, code protocol.Code) protocol.Error {
	t.Helper()
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
		return protocol.Error{}
	}
	return *e
}

func TestSubscribingIsRefusedForGoodReasons(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	s := r.session(&link{})
	never := func(protocol.Subscribed, error) { t.Error("done was called for what was refused") }
	wantCode(t, "a bad name", s.Subscribe(protocol.Subscribe{Channel: "No"}, never), protocol.CodeChannelInvalid)
	for _, c := range []string{"a", "b", "c"} {
		if err := receive(t, "a subscription", r.subscribe(s, c)); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, "a channel twice", s.Subscribe(protocol.Subscribe{Channel: "a"}, never), protocol.CodeAlreadySubscribed)
	wantCode(t, "a bad name when full", s.Subscribe(protocol.Subscribe{Channel: "No"}, never), protocol.CodeChannelInvalid)
	if e := wantCode(t, "one too many", s.Subscribe(protocol.Subscribe{Channel: "d"}, never), protocol.CodeTooManySubscriptions); e.Limit != 3 {
		t.Errorf("the limit is told as %d", e.Limit)
	}
	wantCode(t, "leaving a channel that it is not on", s.Unsubscribe("d"), protocol.CodeNotSubscribed)
	if err := s.Unsubscribe("a"); err != nil {
		t.Error(err)
	}
	wantCode(t, "leaving twice", s.Unsubscribe("a"), protocol.CodeNotSubscribed)
	if err := receive(t, "a subscription", r.subscribe(s, "d")); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	r.sessions.Finish(s)
	wantCode(t, "a session that has ended", s.Subscribe(protocol.Subscribe{Channel: "a"}, never), protocol.CodeShutdown)
	if channels, subscriptions := r.node.Count(); channels+subscriptions != 0 {
		t.Errorf("left behind: %d channels, %d subscriptions", channels, subscriptions)
	}
}

func TestAnUnsubscribeEndsASubscribeThatWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, false)
	s := r.session(&link{})
	defer r.sessions.Finish(s)
	first := r.subscribe(s, "a")
	if err := s.Unsubscribe("a"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the subscribe that waited", receive(t, "an answer", first), protocol.CodeNotSubscribed)
	// Another one for the same channel has nothing to do with the first.
	second := r.subscribe(s, "a")
	wantCode(t, "a second one at the same time", s.Subscribe(protocol.Subscribe{Channel: "a"}, nil), protocol.CodeAlreadySubscribed)
	if err := s.Unsubscribe("a"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the second", receive(t, "an answer", second), protocol.CodeNotSubscribed)
	if channels, subscriptions := r.node.Count(); channels+subscriptions != 0 {
		t.Errorf("left behind: %d channels, %d subscriptions", channels, subscriptions)
	}
	if len(first)+len(second) > 0 {
		t.Error("somebody was answered twice")
	}
}

func TestASubscribeThatRedisNeverConfirmsFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, false)
	s := r.session(&link{})
	defer r.sessions.Finish(s)
	wantCode(t, "the subscribe", receive(t, "an answer", r.subscribe(s, "a")), protocol.CodeUnavailable)
	wantCode(t, "and it is gone", s.Unsubscribe("a"), protocol.CodeNotSubscribed)
}

func TestASessionThatEndsWaitsForItsSubscribes(t *testing.T) {
	t.Parallel()
	r := newRig(t, false)
	l := &link{}
	s := r.session(l)
	var answered atomic.Int32
	for _, c := range []string{"a", "b", "c"} {
		if err := s.Subscribe(protocol.Subscribe{Channel: c}, func(protocol.Subscribed, error) {
			s.Send([]byte("too late"))
			answered.Add(1)
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.End(bye)
	<-s.Done()
	if n := answered.Load(); n != 3 {
		t.Errorf("gone with %d of 3 answered", n)
	}
	l.check(t, bye, []string{}...)
	r.sessions.Finish(s)
	if channels, subscriptions := r.node.Count(); channels+subscriptions != 0 {
		t.Errorf("left behind: %d channels, %d subscriptions", channels, subscriptions)
	}
}

func TestNothingComesAfterAnUnsubscribe(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	var publisher sync.WaitGroup
	stop := make(chan struct{})
	publisher.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				r.publish("a", fmt.Sprint(n))
			}
		}
	})
	for round := range 100 {
		l := &link{}
		s := r.session(l)
		done := r.subscribe(s, "a")
		if round%2 == 0 {
			if err := receive(t, "a subscription", done); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		s.Send([]byte("unsubscribed"))
		s.End(bye)
		<-s.Done()
		if all := strings.Join(l.wrote(), "+"); !strings.HasSuffix(all, "unsubscribed") {
			t.Fatalf("wrote %s", all)
		}
		r.sessions.Finish(s)
	}
	close(stop)
	publisher.Wait()
}

func TestPublishesOfASessionKeepTheirOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	l := &link{}
	s := r.session(l)
	if err := receive(t, "a subscription", r.subscribe(s, "a")); err != nil {
		t.Fatal(err)
	}
	const n = 150 // more than may be in flight
	outcomes := make(chan error, n)
	for i := range n {
		err := s.Publish(protocol.Publish{Channel: "a", Data: fmt.Appendf(nil, "%d", i)}, func(_ protocol.Published, err error) { outcomes <- err })
		if err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		if err := receive(t, "an outcome", outcomes); err != nil {
			t.Fatal(err)
		}
	}
	never := func(protocol.Published, error) { t.Error("done was called for what was refused") }
	for range 100 { // a refused one takes no place
		wantCode(t, "no data", s.Publish(protocol.Publish{Channel: "a"}, never), protocol.CodeBadRequest)
	}
	deadline := time.Now().Add(patience)
	for len(strings.Split(strings.Join(l.wrote(), "+"), "+")) < n && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	r.sessions.Finish(s)
	for i, item := range strings.Split(strings.Join(l.wrote(), "+"), "+") {
		if item != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, item)
		}
	}
	wantCode(t, "a session that has ended", s.Publish(protocol.Publish{Channel: "a", Data: json.RawMessage("1")}, never), protocol.CodeShutdown)
}

func TestSessionsHaveNamesOfTheirOwn(t *testing.T) {
	var m session.Manager
	seen := make(map[string]bool)
	for range 100 {
		s := open(t, &m, &link{}, 1000, 0)
		if id := s.ID(); seen[id] || len(id) < 10 {
			t.Errorf("id %q", id)
		}
		seen[s.ID()] = true
		m.Finish(s)
	}
}
