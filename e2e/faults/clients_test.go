package faults

import (
	"fmt"
	"testing"
	"time"

	"fanlight/e2e/checker"
	"fanlight/e2e/latency"
	"fanlight/e2e/proxy"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Fault 11.
func TestASlowReaderIsSentAwayAndDelaysNobody(t *testing.T) {
	// What a busy machine delays now and then is delayed by a slow reader each time.
	var delay error
	for try := range 3 {
		if !t.Run(fmt.Sprintf("try %d", try+1), func(t *testing.T) { delay = slowReader(t) }) || delay == nil {
			return
		}
	}
	t.Error(delay)
}

// slowReader returns an error if others than the slow reader were delayed.
func slowReader(t *testing.T) error {
	t.Helper()
	const few, many = 700, 1500
	s := newScene(t, plan{recovered: 1, settings: settings{Outbox: 128 << 10, Ping: unhurried}})
	r := s.site(false)
	s.join("fast", r.url(), news)
	p := s.publisher(r.url()).padded(4 << 10)
	p.publishN(news, few)
	s.received("fast", few)

	slow := s.newWire("slow", r.url(), news)
	slow.paced = make(chan struct{}, 1)
	slow.paced <- struct{}{} // hello
	slow.start()
	slow.paced <- struct{}{} // subscribed
	s.subscribed("slow")
	s.fault("slow does not read")
	watch := latency.Watch()
	p.publishN(news, many) // 6 MB: more than the sockets hold
	s.received("fast", few+many)
	busy := watch()
	s.fault("slow reads")
	close(slow.paced)
	s.more(1, "slow is sent away", func(e checker.Event) bool { return e.Kind == checker.Disconnect && e.Who == "slow" })
	s.received("slow", many)
	alone, beside := s.latencies("fast", 1, few), s.latencies("fast", few+1, few+many)
	t.Logf("fast receives alone: %v; beside a reader that stands still: %v; a sleeper overslept by: %v", alone, beside, busy)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("it all fits into the history: %s", c)
	}
	return beside.Beside(alone, busy)
}

// latencies returns the times from invoke to receive of a subscriber's
// messages of some offsets.
func (s *scene) latencies(who string, from, to uint64) latency.Summary {
	invoked := map[string]int64{}
	var all []time.Duration
	s.await("all is received", func(e checker.Event) bool {
		switch {
		case e.Kind == checker.Invoke:
			invoked[e.Data] = e.Time
		case e.Kind == checker.Receive && e.Who == who && e.Offset >= from:
			all = append(all, time.Duration(e.Time-invoked[e.Data])*time.Microsecond)
			return e.Offset == to
		}
		return false
	})
	return latency.Of(all)
}

// Fault 13.
func TestWhoWasAwayPastTheWindowIsToldExactlyWhatIsMissing(t *testing.T) {
	s := newScene(t, plan{recovered: 50, settings: settings{History: 50}})
	r := s.site(false)
	away := s.proxied(r)
	s.join("alice", "http://"+away.Addr(), news)
	s.join("bob", "http://"+away.Addr(), news)
	p := s.publisher(r.url())
	p.publishN(news, 10)
	s.received("alice", 10)
	s.received("bob", 10)
	s.fault("both are away")
	away.Refuse(true)
	away.Cut(proxy.Any)
	p.burst(news, 200)
	away.Refuse(false)
	s.told("alice", checker.Gap)
	s.told("bob", checker.Gap)
	p.publishN(news, 10)
	if c := s.end(); c.Gaps != 2 || c.Missing != 2*150 || c.Recovered != 2*50 {
		t.Errorf("of 200 messages, 50 were still there for each: %s", c)
	}
}

// Fault 14.
func TestNothingFallsBetweenHistoryAndLiveHoweverOftenOneComesBack(t *testing.T) {
	s := newScene(t, plan{recovered: 100})
	r := s.site(false)
	for range 4 {
		s.publisher(r.url()).keepOn(news, time.Millisecond)
	}
	s.acknowledged(10)
	var away []*proxy.Proxy
	for i := range 10 {
		away = append(away, s.proxied(r))
		s.join(fmt.Sprintf("s%d", i+1), "http://"+away[i].Addr(), news)
	}
	for range 10 {
		for _, p := range away {
			s.acknowledged(5)
			p.Reset(proxy.Any)
		}
	}
	s.acknowledged(10)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("all came back within the window: %s", c)
	}
}

// Fault 16.
func TestAHalfOpenLinkIsNoticedAndWhatItLostRecovered(t *testing.T) {
	s := newScene(t, plan{recovered: 20, settings: settings{Ping: time.Second}})
	r := s.site(false)
	dead := s.proxied(r)
	s.join("alice", "http://"+dead.Addr(), news)
	s.join("bob", "http://"+dead.Addr(), news)
	p := s.publisher(r.url())
	p.publishN(news, 10)
	s.received("alice", 10)
	s.received("bob", 10)
	s.fault("their links are half open")
	dead.Refuse(true) // so that nobody is back before all of it is published
	if dead.StallExisting(proxy.Any, proxy.Up|proxy.Down) == 0 {
		t.Fatal("there are no links")
	}
	p.publishN(news, 10)
	dead.Refuse(false)
	s.received("alice", 20)
	s.received("bob", 20)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("nothing was lost: %s", c)
	}
}

// Fault 17. Whatever position a client makes up, it is told the truth: it gets
// a reset, or what is left from there, or a refusal.
func TestAForgedPositionIsNeverTakenForAPlaceInTheHistory(t *testing.T) {
	s := newScene(t, plan{settings: settings{History: 20}})
	r := s.site(false)
	s.join("alice", r.url(), news)
	p := s.publisher(r.url())
	p.publishN(news, 50)
	s.received("alice", 50)
	top := s.store.top(news)
	forged := []protocol.Since{
		{Epoch: "elsewhere", Offset: 50, Last: top.ID},
		{Epoch: top.Epoch, Offset: 50, Last: "SOMEBODYELSES"},
		{Epoch: top.Epoch, Offset: 49, Last: top.ID},
		{Epoch: top.Epoch, Offset: 51, Last: top.ID},
		{Epoch: top.Epoch, Offset: 1<<53 + 1, Last: top.ID},
		{Epoch: top.Epoch, Offset: 1<<64 - 1, Last: top.ID},
		{Epoch: "elsewhere"},
	}
	for i, since := range forged {
		w := s.newWire(fmt.Sprintf("forger%d", i+1), r.url(), news)
		w.since = &since
		w.log(checker.Event{Kind: checker.Resume, Epoch: since.Epoch, Offset: since.Offset, ID: since.Last})
		w.start()
		s.told(w.who, checker.Reset)
	}
	p.publishN(news, 5)
	if c := s.end(); c.Resets != len(forged) {
		t.Errorf("%d positions were forged: %s", len(forged), c)
	}
}

// Fault 19.
func TestFiveHundredWhoComeBackAtOnceAllRecover(t *testing.T) {
	s := newScene(t, plan{recovered: 500, settings: settings{Ping: unhurried}})
	r := s.site(false)
	door := s.proxied(r)
	wires := make([]*wire, 500)
	for i := range wires {
		wires[i] = s.newWire(fmt.Sprintf("s%d", i+1), "http://"+door.Addr(), news)
		wires[i].start()
	}
	waiting := map[string]bool{}
	for _, w := range wires {
		waiting[w.who] = true
	}
	s.await("all are subscribed", func(e checker.Event) bool {
		if e.Kind == checker.Subscribe {
			delete(waiting, e.Who)
		}
		return len(waiting) == 0
	})
	p := s.publisher(r.url())
	p.publishN(news, 3)
	s.fault("all are cut off")
	door.Refuse(true)
	if n := door.Reset(proxy.Any); n < len(wires) {
		t.Fatalf("only %d were there", n)
	}
	p.publishN(news, 3)
	door.Refuse(false)
	p.publishN(news, 3)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("all came back within the window: %s", c)
	}
}

// Beyond the twenty: a page that is loaded again knows its position from
// before, and nothing else.
func TestWhoLoadsThePageAgainGoesOnFromWhereItStood(t *testing.T) {
	s := newScene(t, plan{recovered: 10})
	r := s.site(false)
	page := s.client("alice", r.url(), news)
	p := s.publisher(r.url())
	p.publishN(news, 10)
	s.received("alice", 10)
	position, ok := page.client.Position(news)
	if !ok {
		t.Fatal("it has no position")
	}
	s.fault("alice loads the page again")
	page.leave()
	p.publishN(news, 10)
	s.clientFrom("alice", r.url(), news, client.SubscribeOptions{Since: &position})
	p.publishN(news, 10)
	if c := s.end(); c.Gaps+c.Resets > 0 || c.Received != 30 {
		t.Errorf("nothing was lost: %s", c)
	}
}
