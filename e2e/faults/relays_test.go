package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"fanlight/e2e/checker"
	"fanlight/e2e/latency"
	"fanlight/e2e/proxy"
	"fanlight/shared/protocol"
)

// Fault 1.
func TestAPublishIsStoredOnceThoughItsRelayIsKilledMeanwhile(t *testing.T) {
	s := newScene(t, plan{recovered: 1})
	doomed, steady := s.site(true), s.site(false)
	door := s.proxied(doomed)
	s.join("alice", doomed.url(), news)
	s.join("bob", steady.url(), news)
	for range 4 {
		s.publisher(doomed.url()).keepOn(news, time.Millisecond)
	}
	late := s.publisher("http://" + door.Addr())
	late.publish(news)
	const kills = 3
	for range kills {
		s.acknowledged(100)
		name := late.next()
		s.fault("the answer to %s is held back", name)
		door.Stall(proxy.Down)
		late.done.Go(func() { late.send(news, name) })
		s.await(name+" is stored", func(e checker.Event) bool {
			return e.Kind == checker.Receive && e.Who == "bob" && e.Data == name
		})
		s.fault("the relay is killed")
		doomed.kill()
		door.Reset(proxy.Any)
		door.Flow()
		doomed.start()
		s.await(name+" is acknowledged", func(e checker.Event) bool { return e.Kind == checker.Ack && e.Data == name })
	}
	s.acknowledged(100)
	if c := s.end(); c.Duplicates < kills {
		t.Errorf("%d were stored and not answered: %s", kills, c)
	}
}

// Fault 2.
func TestFiftySubscribersRecoverByThemselvesAfterTheirRelayWasKilled(t *testing.T) {
	s := newScene(t, plan{recovered: 50})
	doomed, steady := s.site(true), s.site(false)
	for i := range 50 {
		s.join(fmt.Sprintf("s%d", i+1), doomed.url(), news)
	}
	p := s.publisher(steady.url())
	p.keepOn(news, 5*time.Millisecond)
	s.acknowledged(20)
	s.fault("the relay is killed")
	doomed.kill()
	s.acknowledged(20)
	doomed.start()
	s.acknowledged(20)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("it came back within the window: %s", c)
	}
}

// Fault 3.
func TestNobodyLosesAnythingWhenRelaysAreRestartedOneAfterTheOther(t *testing.T) {
	s := newScene(t, plan{recovered: 10})
	relays := []*site{s.site(true), s.site(true)}
	for i, r := range relays {
		for j := range 10 {
			s.join(fmt.Sprintf("s%d.%d", i+1, j+1), r.url(), news)
		}
		s.publisher(r.url()).keepOn(news, 3*time.Millisecond)
	}
	for _, r := range relays {
		s.acknowledged(50)
		s.fault("%s is restarted", r.url())
		r.stop()
		s.acknowledged(10) // by way of the other
		r.start()
	}
	s.acknowledged(50)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("it came back within the window: %s", c)
	}
}

// Fault 12. The embedded Redis waits for a subscriber that does not read, and
// everyone waits with it; when the relay goes on, so does everything. A real
// one waits for nobody.
func TestNothingIsLostWhenARelayStandsStillForAWhile(t *testing.T) {
	s := newScene(t, plan{recovered: 1, settings: settings{Ping: time.Second}})
	stalled, steady := s.site(true), s.site(false)
	s.join("alice", stalled.url(), news)
	s.join("bob", steady.url(), news)
	p := s.publisher(steady.url()).padded(32 << 10)
	p.publish(news)
	s.received("alice", 1)

	s.fault("a relay stands still")
	stalled.freeze()
	// More than the sockets between Redis and the relay hold.
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() { p.publishN(news, 25) })
	}
	if realURL != "" {
		writers.Wait()
	} else {
		poster := s.poster(steady.url())
		eventually(t, "the embedded Redis takes nothing for as long as a publish waits", func() bool {
			still := s.log.Last()
			return poster.post(news) == http.StatusServiceUnavailable && s.acks(still) == 0
		})
	}
	s.await("alice has noticed", func(e checker.Event) bool { return e.Kind == checker.Disconnect && e.Who == "alice" })
	s.fault("the relay goes on")
	stalled.thaw()
	writers.Wait()
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("it all fits into the history: %s", c)
	}
}

// acks counts what was acknowledged since an event, until now.
func (s *scene) acks(since uint64) (n int) {
	s.t.Helper()
	now := s.log.Last()
	s.await("now", func(e checker.Event) bool {
		if e.Kind == checker.Ack && e.N > since {
			n++
		}
		return e.N >= now
	})
	return n
}

// Beyond the twenty: nobody is left to say that the connections of a relay that
// was killed are gone, so what is not said again has to expire.
func TestTheConnectionsOfAKilledRelayAreNotPresentForLongerThanTheTTL(t *testing.T) {
	const ttl = 2 * time.Second
	s := newScene(t, plan{settings: settings{PresenceTTL: ttl}})
	doomed, steady := s.site(true), s.site(false)
	for i := range 4 {
		s.join(fmt.Sprintf("s%d", i+1), doomed.url(), news)
	}
	s.join("steady", steady.url(), news)
	present := func() int { return steady.present(news).Connections }
	eventually(t, "all are present", func() bool { return present() == 5 })
	s.fault("the relay is killed")
	watch := latency.Watch()
	doomed.kill()
	killed := time.Now()
	eventually(t, "its connections are not present any more", func() bool { return present() == 1 })
	// Redis looks ten times a second what has expired, if the machine lets it.
	took, late := time.Since(killed), watch().Slowest
	if took > ttl+time.Second+2*late {
		t.Errorf("they were present for %v, with a TTL of %v; a sleeper overslept by %v", took, ttl, late)
	}
	doomed.start()
	eventually(t, "all are present again", func() bool { return present() == 5 })
	s.end()
}

// present asks a relay who is on a channel.
func (s *site) present(channel string) (p protocol.Presence) {
	s.t.Helper()
	resp, err := caller.Get(s.url() + "/presence?channel=" + channel)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatal(resp.Status, err)
	}
	return p
}
