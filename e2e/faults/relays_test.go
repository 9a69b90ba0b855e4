package faults

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"fanlight/e2e/checker"
)

// Fault 1.
func TestAPublishIsStoredOnceThoughItsRelayIsKilledMeanwhile(t *testing.T) {
	s := newScene(t, plan{recovered: 1})
	doomed, steady := s.site(true), s.site(false)
	s.join("alice", doomed.url(), news)
	s.join("bob", steady.url(), news)
	for range 4 {
		p := s.publisher(doomed.url())
		p.keepOn(news, time.Millisecond)
	}
	for range 3 {
		s.acknowledged(100)
		s.fault("the relay is killed")
		doomed.kill()
		doomed.start()
	}
	s.acknowledged(100)
	s.end()
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
// everyone waits with it; when the relay goes on, so does everything.
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
	s.more(1, "alice has noticed", func(e checker.Event) bool { return e.Kind == checker.Disconnect && e.Who == "alice" })
	s.fault("the relay goes on")
	stalled.thaw()
	writers.Wait()
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("it all fits into the history: %s", c)
	}
}
