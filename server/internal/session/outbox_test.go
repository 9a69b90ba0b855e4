package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/session"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// link is a connection of which the test decides when a write returns.
type link struct {
	mu      sync.Mutex
	writes  []string // the items of each, joined with a plus
	closed  []*protocol.Error
	hurried int
	busy    bool // a method is running that must be alone
	overlap bool

	gate chan error // when not nil, each write waits for what it returns
}

func (l *link) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.overlap = l.overlap || l.busy
	l.busy = true
}

func (l *link) Write(items [][]byte) error {
	l.enter()
	var texts []string
	for _, item := range items {
		texts = append(texts, string(item))
	}
	var err error
	if l.gate != nil {
		err = <-l.gate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes = append(l.writes, strings.Join(texts, "+"))
	l.busy = false
	return err
}

func (l *link) Close(why *protocol.Error) {
	l.enter()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = append(l.closed, why)
	l.busy = false
}

func (l *link) Hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hurried++
}

// wrote returns the writes so far.
func (l *link) wrote() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes)
}

func (l *link) check(t *testing.T, why *protocol.Error, writes ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.closed) != 1 || l.closed[0] != why && (l.closed[0] == nil || why == nil || l.closed[0].Code != why.Code) {
		t.Errorf("closed with %v, want once with %v", l.closed, why)
	}
	if writes != nil && !slices.Equal(l.writes, writes) {
		t.Errorf("wrote %q, want %q", l.writes, writes)
	}
	if l.overlap {
		t.Error("two calls of the link at a time")
	}
}

// open starts a session without a node, which a session that subscribes to
// nothing does not need.
func open(t *testing.T, m *session.Manager, l *link, outbox int, flush time.Duration) *session.Session {
	t.Helper()
	s, err := m.Start(session.Config{Link: l, Encoding: hub.EncodingPlain, Outbox: outbox, Flush: flush})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var bye = &protocol.Error{Code: protocol.CodeIdle, Message: "bye"}

func TestAnIdleSessionHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &session.Manager{}
		var sessions []*session.Session
		for i := range 100 {
			l := &link{}
			s := open(t, m, l, 1000, time.Duration(i%2)*time.Second)
			s.Send([]byte("a"))
			sessions = append(sessions, s)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if bytes.Contains(stacks, []byte("session.(*")) {
			t.Errorf("of 100 idle sessions, somebody is running:\n%s", stacks)
		}
		if m.Count() != 100 {
			t.Errorf("%d sessions", m.Count())
		}
		for _, s := range sessions {
			m.Finish(s)
		}
		if m.Count() != 0 {
			t.Errorf("%d sessions are left", m.Count())
		}
	})
}

func TestWhatIsQueuedDuringAWriteLeavesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := &session.Manager{}, &link{gate: make(chan error)}
		s := open(t, m, l, 1000, 0)
		s.Send([]byte("a"))
		synctest.Wait() // the write is under way
		for _, item := range []string{"b", "c", "d"} {
			s.Deliver([]byte(item))
		}
		l.gate <- nil
		synctest.Wait()
		s.Send([]byte("e"))
		l.gate <- nil
		l.gate <- nil
		synctest.Wait()
		s.End(bye)
		<-s.Done()
		l.check(t, bye, "a", "b+c+d", "e")
		m.Finish(s)
	})
}

func TestAFlushIntervalGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := &session.Manager{}, &link{}
		s := open(t, m, l, 1000, 16*time.Millisecond)
		check := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			if got := l.wrote(); !slices.Equal(got, want) {
				t.Fatalf("%s: wrote %q, want %q", what, got, want)
			}
		}
		s.Send([]byte("a"))
		time.Sleep(15 * time.Millisecond)
		s.Send([]byte("b"))
		check("before it has passed")
		time.Sleep(time.Millisecond)
		check("once it has passed", "a+b")
		s.Send([]byte("c"))
		check("at once after a flush", "a+b")
		time.Sleep(16 * time.Millisecond)
		check("an interval later", "a+b", "c")
		s.SetFlush(0)
		s.Send([]byte("d"))
		check("without an interval", "a+b", "c", "d")
		s.SetFlush(time.Hour)
		s.Send([]byte("e"))
		s.Send([]byte("f"))
		began := time.Now()
		s.End(bye)
		<-s.Done()
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the end waited %v for the interval", waited)
		}
		l.check(t, bye, "a+b", "c", "d", "e+f")
		m.Finish(s)
	})
}

func TestAFullOutboxEndsItsSessionAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, slow, quick := &session.Manager{}, &link{gate: make(chan error)}, &link{}
		s, other := open(t, m, slow, 100, 0), open(t, m, quick, 100, 0)
		for i := range 20 {
			item := fmt.Appendf(nil, "%03d", i)
			s.Deliver(item)
			other.Deliver(item)
			synctest.Wait()
		}
		if len(quick.wrote()) != 20 {
			t.Errorf("the other got %d", len(quick.wrote()))
		}
		select {
		case <-s.Done():
			t.Error("it is gone although a write is under way")
		default:
		}
		if slow.hurried == 0 {
			t.Error("the write that is under way was not hurried")
		}
		slow.gate <- nil
		<-s.Done()
		// The one that was being written; what was queued is thrown away.
		slow.check(t, &protocol.Error{Code: protocol.CodeSlowConsumer}, "000")
		m.Finish(s)
		m.Finish(other)
		quick.check(t, nil)
	})
}

// Messages of no bytes at all take memory as well.
func TestAnOutboxOfEmptyMessagesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := &session.Manager{}, &link{gate: make(chan error)}
		s := open(t, m, l, 1000, 0)
		s.Deliver(nil)
		synctest.Wait()
		for range 1000 {
			s.Deliver(nil)
		}
		l.gate <- nil
		synctest.Wait()
		select {
		case <-s.Done():
		default:
			l.gate <- nil
			t.Error("a thousand are queued in an outbox of a thousand bytes")
		}
		m.Finish(s)
	})
}

func TestAnEndWritesWhatIsQueuedAndClosesOnce(t *testing.T) {
	for _, flush := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			m, l := &session.Manager{}, &link{gate: make(chan error)}
			s := open(t, m, l, 1000, flush)
			s.Send([]byte("a"))
			time.Sleep(2 * time.Second) // the write is under way
			synctest.Wait()
			s.Send([]byte("b"))
			s.End(bye)
			s.Send([]byte("too late"))
			s.Deliver([]byte("too late"))
			s.End(&protocol.Error{Code: protocol.CodeInternal})
			s.End(nil)
			l.gate <- nil
			l.gate <- nil
			<-s.Done()
			s.Send([]byte("too late"))
			s.End(bye)
			synctest.Wait()
			l.check(t, bye, "a", "b")
			m.Finish(s)
		})
	}
}

func TestAnEndOfASilentSessionCloses(t *testing.T) {
	for _, why := range []*protocol.Error{nil, bye} {
		for _, used := range []bool{false, true} { // with a timer that has fired, or none
			synctest.Test(t, func(t *testing.T) {
				m, l := &session.Manager{}, &link{}
				s := open(t, m, l, 1000, time.Second)
				if used {
					s.Send([]byte("a"))
					time.Sleep(2 * time.Second)
				}
				s.End(why)
				<-s.Done()
				l.check(t, why)
				m.Finish(s)
			})
		}
	}
}

func TestAWriteErrorEndsWithoutAWord(t *testing.T) {
	for _, ended := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m, l := &session.Manager{}, &link{gate: make(chan error)}
			s := open(t, m, l, 1000, 0)
			s.Send([]byte("a"))
			synctest.Wait()
			s.Send([]byte("never written"))
			if ended {
				s.End(bye) // which nobody will read
			}
			l.gate <- errors.New("broken pipe")
			<-s.Done()
			l.check(t, nil, "a")
			m.Finish(s)
		})
	}
}

// Whatever happens at the same time, a session is closed once, and what it
// wrote is the beginning of what was sent, in order.
func TestEndsThatRace(t *testing.T) {
	for round := range 200 {
		m, l := &session.Manager{}, &link{}
		s := open(t, m, l, 1000+10*round, time.Duration(round%3)*time.Microsecond)
		var all sync.WaitGroup
		all.Go(func() {
			for i := range 100 {
				s.Send(fmt.Appendf(nil, "%03d", i))
			}
		})
		all.Go(func() { s.End(bye) })
		all.Go(func() { s.End(nil) })
		all.Go(m.Drain)
		all.Wait()
		m.Finish(s)
		var items []string
		for _, w := range l.wrote() {
			items = append(items, strings.Split(w, "+")...)
		}
		for i, item := range items {
			if item != fmt.Sprintf("%03d", i) {
				t.Fatalf("item %d is %s", i, item)
			}
		}
		if len(l.closed) != 1 || l.overlap {
			t.Fatalf("closed %d times; overlap: %t", len(l.closed), l.overlap)
		}
	}
}

func TestAManagerThatDrainsEndsAllAndStartsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &session.Manager{}
		stuck, idle := &link{gate: make(chan error)}, &link{}
		a, b := open(t, m, stuck, 1000, 0), open(t, m, idle, 1000, 0)
		a.Send([]byte("a"))
		var finished sync.WaitGroup
		for _, s := range []*session.Session{a, b} {
			finished.Go(func() { <-s.Done(); m.Finish(s) })
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := m.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a session that does not end: %v", err)
		}
		idle.check(t, &protocol.Error{Code: protocol.CodeShutdown})
		if _, err := m.Start(session.Config{Link: &link{}}); !errors.Is(err, &protocol.Error{Code: protocol.CodeShutdown}) {
			t.Errorf("a session of a relay that stops: %v", err)
		}
		stuck.gate <- nil
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
		stuck.check(t, &protocol.Error{Code: protocol.CodeShutdown}, "a")
		finished.Wait()
	})
}
