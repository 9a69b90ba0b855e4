package session_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"fanlight/server/internal/session"
	"fanlight/shared/protocol"
)

// What waits takes 24 bytes besides its own.
func TestWhoeverLooksSeesTheMostThatWaitedInOneOutboxSinceItLookedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, stuck, quick := &session.Manager{}, &link{gate: make(chan error)}, &link{}
		one, other := m.HighWater(), m.HighWater()
		a, b := open(t, m, stuck, 1000, 0), open(t, m, quick, 1000, 0)
		a.Send(make([]byte, 6))
		synctest.Wait() // this is being written
		a.Send(make([]byte, 76))
		a.Send(make([]byte, 76))
		b.Send(make([]byte, 126))
		synctest.Wait()
		if high := one(); high != 200 {
			t.Errorf("%d", high)
		}
		if high := one(); high != 200 {
			t.Errorf("what is stuck still waits, and it sees %d", high)
		}
		stuck.gate <- nil
		stuck.gate <- nil
		synctest.Wait()
		if first, second := one(), one(); first != 200 || second != 0 {
			t.Errorf("%d, and then %d", first, second)
		}
		b.Send(make([]byte, 276))
		m.Finish(b) // which must not hide what it had
		if high := one(); high != 300 {
			t.Errorf("%d", high)
		}
		if high := other(); high != 300 {
			t.Errorf("somebody else has looked, and it sees %d", high)
		}
		close(stuck.gate)
		m.Finish(a)
		if one() != 0 || other() != 0 {
			t.Error("nobody is there, and something waits")
		}
	})
}

func TestASlowReaderIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, stuck := &session.Manager{}, &link{gate: make(chan error)}
		s := open(t, m, stuck, 100, 0)
		for range 5 {
			s.Send(bytes.Repeat([]byte("x"), 50))
		}
		leaving := open(t, m, &link{}, 100, 0)
		leaving.End(&protocol.Error{Code: protocol.CodeShutdown, Message: "bye"})
		close(stuck.gate)
		m.Finish(s)
		m.Finish(leaving)
		if n := m.Slow(); n != 1 {
			t.Errorf("%d", n)
		}
	})
}

// BenchmarkHighWater is a look at the outboxes of as many connections as a relay
// takes.
func BenchmarkHighWater(b *testing.B) {
	m := &session.Manager{}
	for range 20_000 {
		s, err := m.Start(session.Config{Link: &link{}, Outbox: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		defer m.Finish(s)
	}
	look := m.HighWater()
	for b.Loop() {
		look()
	}
}
