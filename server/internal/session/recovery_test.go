package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/session"
	"fanlight/shared/protocol"
)

// recoveries is somebody who recovers again and again, and says when each has
// begun, or why it has not. Each is more than the outbox holds.
func recoveries(s *session.Session, n int) <-chan error {
	begun := make(chan error, n)
	go func() {
		for range n {
			over, err := s.BeginRecovery()
			begun <- err
			if err != nil {
				return
			}
			go func() {
				s.Replay(bytes.Repeat([]byte("x"), 2000))
				over()
			}()
		}
	}()
	return begun
}

func TestARecoveryWaitsUntilTheOneBeforeIsWritten(t *testing.T) {
	for _, flush := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			m, l := &session.Manager{}, &link{gate: make(chan error)}
			s := open(t, m, l, 1000, flush)
			begun := recoveries(s, 10)
			for n := 1; n <= 10; n++ {
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(begun) != n {
					t.Fatalf("%d recoveries have begun when %d are written", len(begun), n-1)
				}
				l.gate <- nil
			}
			m.Finish(s)
			if all := strings.Count(strings.Join(l.wrote(), ""), "x"); all != 10*2000 {
				t.Errorf("%d bytes were written", all)
			}
		})
	}
}

// Small ones do not wait for a flush interval each.
func TestRecoveriesThatFitIntoTheOutboxDoNotWaitToBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := &session.Manager{}, &link{gate: make(chan error)}
		s := open(t, m, l, 1000, time.Second)
		for range 5 {
			over, err := s.BeginRecovery()
			if err != nil {
				t.Fatal(err)
			}
			s.Replay(bytes.Repeat([]byte("x"), 76))
			over()
		}
		time.Sleep(time.Second)
		l.gate <- nil
		m.Finish(s)
		if len(l.wrote()) != 1 {
			t.Errorf("wrote %q", l.wrote())
		}
	})
}

// Somebody waits for a recovery, the recovery to be written, and the write
// for a peer that does not read: the end must get through to all of them.
func TestAnEndIsNotHeldUpByRecoveriesThatWait(t *testing.T) {
	for _, why := range []*protocol.Error{nil, bye} {
		synctest.Test(t, func(t *testing.T) {
			m, l := &session.Manager{}, &link{gate: make(chan error)}
			s := open(t, m, l, 1000, 0)
			begun := recoveries(s, 3)
			synctest.Wait()
			s.End(why)
			l.gate <- errors.New("timeout")
			<-s.Done()
			synctest.Wait()
			if err := <-begun; err != nil {
				t.Errorf("the first: %v", err)
			}
			wantCode(t, "the second", <-begun, protocol.CodeShutdown)
			m.Finish(s)
		})
	}
}

// Nobody asks whether the relay may fill in what it has missed.
func TestTooMuchThatIsFilledInEndsASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := &session.Manager{}, &link{gate: make(chan error)}
		s := open(t, m, l, 1000, 0)
		for range session.MaxRefill * 10 {
			s.Refill(bytes.Repeat([]byte("x"), 76))
			synctest.Wait()
		}
		for n := range 5 { // and what is live has its own room
			s.Deliver(fmt.Append(nil, n))
		}
		select {
		case <-s.Done():
			t.Fatal("it ended before it was full")
		default:
		}
		s.Refill(nil)
		l.gate <- nil
		<-s.Done()
		l.check(t, &protocol.Error{Code: protocol.CodeSlowConsumer})
		m.Finish(s)
	})
}

// However often it asks, a connection that does not read holds one history at a
// time; and once it reads it has them all.
func TestWhoAsksForThePastAgainAndAgainIsReplayedItOnceAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	text := `"` + strings.Repeat("x", 900) + `"`
	for range 20 {
		r.publish("a", text)
	}
	l := &link{gate: make(chan error)}
	s, err := r.sessions.Start(session.Config{Node: r.node, Link: l, Outbox: 1000})
	if err != nil {
		t.Fatal(err)
	}
	const times = 10
	done := make(chan error, 1)
	go func() {
		for range times {
			answered := make(chan error, 1)
			err := s.Subscribe(protocol.Subscribe{Channel: "a", Rewind: &protocol.Rewind{Count: 1000}}, func(_ protocol.Subscribed, err error) { answered <- err })
			if err == nil {
				err = <-answered
			}
			if err == nil {
				err = s.Unsubscribe("a")
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for finished := false; !finished; {
		select {
		case l.gate <- nil:
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			finished = true
		}
	}
	close(l.gate)
	s.End(bye)
	<-s.Done()
	r.sessions.Finish(s)
	all := 0
	for _, w := range l.wrote() {
		n := strings.Count(w, text)
		if all += n; n > 21 {
			t.Errorf("%d publications were waiting", n)
		}
	}
	if all != times*20 {
		t.Errorf("%d publications were written", all)
	}
	if !slices.Equal(l.closed, []*protocol.Error{bye}) {
		t.Errorf("closed with %v", l.closed)
	}
}
