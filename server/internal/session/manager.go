package session

import (
	"context"
	"sync"
	"sync/atomic"

	"fanlight/shared/protocol"
)

// Manager knows the sessions of a relay. The zero value is ready.
type Manager struct {
	mu      sync.Mutex
	closing bool
	all     map[*Session]struct{}
	gone    sync.WaitGroup
	tally   tally
	highs   []*int // what each of those who look at the outboxes has yet to see
}

// tally counts what was written to all connections, and those that did not read it.
type tally struct{ items, bytes, slow atomic.Uint64 }

// Sent returns how many messages, and bytes of them, were written so far.
func (m *Manager) Sent() (messages, bytes uint64) { return m.tally.items.Load(), m.tally.bytes.Load() }

// Slow returns how many sessions were ended since their outbox was full.
func (m *Manager) Slow() uint64 { return m.tally.slow.Load() }

// HighWater returns what tells, at each call, the most bytes that waited in one
// outbox since the call before. Each that it returns does so for itself. An item
// that is queued costs nothing for it: the call looks at all outboxes.
func (m *Manager) HighWater() func() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	mine := new(int)
	m.highs = append(m.highs, mine)
	return func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		for s := range m.all {
			m.seen(s)
		}
		high := *mine
		*mine = 0
		return high
	}
}

// seen notes for all who look what one outbox has held. The lock is held.
func (m *Manager) seen(s *Session) {
	high := s.out.takeHigh()
	for _, h := range m.highs {
		*h = max(*h, high)
	}
}

// Start makes a session, or returns an error with CodeShutdown when the relay
// stops. Whoever starts one calls Finish when its connection is done with.
func (m *Manager) Start(cfg Config) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		cfg.Limits.Close()
		return nil, shutdown()
	}
	s := newSession(cfg)
	s.out.tally = &m.tally
	if m.all == nil {
		m.all = make(map[*Session]struct{})
	}
	m.all[s] = struct{}{}
	m.gone.Add(1)
	return s, nil
}

// Finish ends a session without a word, if it has not ended, waits until it is
// gone and forgets it.
func (m *Manager) Finish(s *Session) {
	s.End(nil)
	<-s.Done()
	m.mu.Lock()
	m.seen(s)
	delete(m.all, s)
	m.mu.Unlock()
	m.gone.Done()
}

// Count returns the number of sessions.
func (m *Manager) Count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.all)
}

// Drain ends every session with CodeShutdown, and lets none start any more. It
// does not wait.
func (m *Manager) Drain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closing = true
	for s := range m.all {
		s.End(shutdown())
	}
}

// Close drains, and waits until all sessions are gone or the context ends.
func (m *Manager) Close(ctx context.Context) error {
	m.Drain()
	gone := make(chan struct{})
	go func() {
		m.gone.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func shutdown() *protocol.Error {
	return &protocol.Error{Code: protocol.CodeShutdown, Message: "the server is stopping; come back"}
}
