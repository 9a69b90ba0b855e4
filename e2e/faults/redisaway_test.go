package faults

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"fanlight/e2e/checker"
	"fanlight/e2e/proxy"
	"fanlight/shared/protocol"
)

// Fault 4.
func TestSubscribersSeeOnlyADelayWhenRedisIsAwayForTwoSeconds(t *testing.T) {
	s := newScene(t, plan{harmed: true})
	r := s.site(false)
	for i := range 5 {
		s.join(fmt.Sprintf("s%d", i+1), r.url(), news)
	}
	p := s.publisher(r.url())
	p.keepOn(news, 5*time.Millisecond)
	s.acknowledged(20)

	s.fault("Redis is away")
	gone := time.After(2 * time.Second)
	s.store.away()
	eventually(t, "the relay says that messages do not flow", func() bool { return status(r.url()+"/readyz") == http.StatusServiceUnavailable })
	<-gone
	s.store.back()
	s.fault("Redis is back")
	s.acknowledged(20)
	r.ready()
	if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 {
		t.Errorf("they were to see nothing but a delay: %s", c)
	}
}

// Fault 5.
func TestEverySubscriberIsToldThatRedisWasFlushed(t *testing.T) {
	s := newScene(t, plan{harmed: true, recovered: 1})
	r := s.site(false)
	away := s.proxied(r)
	simple := s.plain(r.url())
	s.join("alice", r.url(), news)
	s.join("bob", "http://"+away.Addr(), news)
	s.stream("carol", r.url())
	s.stream("dave", "http://"+away.Addr())
	p := s.publisher(r.url())
	p.publishN(news, 20)
	all := []string{"alice", "bob", "carol", "dave"}
	for _, who := range all {
		s.received(who, 20)
	}
	simple.hears(20)

	s.fault("bob and dave are away")
	away.Refuse(true)
	away.Cut(proxy.Any)
	s.log.Add(checker.Event{Kind: checker.Flushed})
	if err := s.store.rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.log.Add(checker.Event{Kind: checker.Settled})
	p.publishN(news, 5)
	away.Refuse(false)
	p.publishN(news, 5)
	for _, who := range all {
		s.told(who, checker.Reset)
	}
	simple.isClosed(protocol.CloseGap) // it has no other way to be told
	if c := s.end(); c.Resets != len(all) || c.Gaps > 0 {
		t.Errorf("each was to be told once: %s", c)
	}
}

// Fault 6.
func TestEverySubscriberIsToldThatRedisWentBackInTime(t *testing.T) {
	s := newScene(t, plan{harmed: true, recovered: 1})
	r := s.site(false)
	away := s.proxied(r)
	s.join("alice", r.url(), news)
	s.join("bob", "http://"+away.Addr(), news)
	p := s.publisher(r.url())
	p.publishN(news, 5)
	old := s.store.save()
	then := s.store.top(news)
	p.publishN(news, 3)
	s.received("alice", 8)
	s.received("bob", 8)

	s.fault("bob is away")
	away.Refuse(true)
	away.Cut(proxy.Any)
	then.Kind = checker.RolledBack
	s.log.Add(then)
	s.store.restore(old)
	s.log.Add(checker.Event{Kind: checker.Settled})
	r.ready()
	p.publishN(news, 4) // offsets 6 to 9 once more
	away.Refuse(false)
	p.publishN(news, 4)
	s.told("alice", checker.Reset)
	s.told("bob", checker.Reset)
	if c := s.end(); c.Resets != 2 {
		t.Errorf("each was to be told once: %s", c)
	}
}

// told waits until a subscriber has got a marker.
func (s *scene) told(who string, kind checker.Kind) {
	s.t.Helper()
	s.await(fmt.Sprintf("%s gets a %s", who, kind), func(e checker.Event) bool { return e.Kind == kind && e.Who == who })
}

// Fault 10.
func TestPublishesGetThroughOnceRedisTakesThemAgain(t *testing.T) {
	for _, c := range []struct {
		answer   string
		embedded bool // a real one can't be made to say so at will
		begin    []any
		end      []any
	}{
		{answer: "LOADING Redis is loading the dataset in memory", embedded: true},
		{
			answer: "READONLY You can't write against a read only replica.",
			begin:  []any{"REPLICAOF", "127.0.0.1", "1"}, end: []any{"REPLICAOF", "NO", "ONE"},
		},
		{
			answer: "OOM command not allowed when used memory > 'maxmemory'.",
			begin:  []any{"CONFIG", "SET", "maxmemory", "1"}, end: []any{"CONFIG", "SET", "maxmemory", "0"},
		},
	} {
		if c.embedded && realURL != "" {
			t.Logf("a real Redis can't be made to answer %s: it does while it loads its data, as after faults 4 and 6", c.answer[:7])
			continue
		}
		t.Run(c.answer[:7], func(t *testing.T) {
			s := newScene(t, plan{harmed: true})
			r := s.site(false)
			s.join("alice", r.url(), news)
			s.join("bob", r.url(), news)
			p := s.publisher(r.url())
			p.keepOn(news, 5*time.Millisecond)
			s.acknowledged(20)

			s.fault("Redis answers %s", c.answer)
			say := func(command []any) {
				if err := s.store.rdb.Do(t.Context(), command...).Err(); err != nil {
					t.Fatal(err)
				}
			}
			if s.store.mini != nil {
				s.store.mini.SetError(c.answer)
			} else {
				say(c.begin)
			}
			poster := s.poster(r.url())
			eventually(t, "a publish is refused", func() bool { return poster.post(news) == http.StatusServiceUnavailable })
			if s.store.mini != nil {
				s.store.mini.SetError("")
			} else {
				say(c.end)
			}
			s.fault("Redis is well again")
			s.acknowledged(20)
			r.ready()
			if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 {
				t.Errorf("they were to see nothing but a delay: %s", c)
			}
		})
	}
}
