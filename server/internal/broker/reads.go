package broker

import (
	"context"
	"sync"

	"fanlight/server/internal/recovery"
)

// reads lets those who want the same part of the same channel share one answer:
// when a relay has restarted, everybody comes back at once, and most of them
// to the same place.
//
// An answer is shared only by those who had asked before Redis was: who comes
// while a read is under way waits for the next one. So nobody gets an answer
// that is older than the question, which subscribing depends on.
//
// A read that nobody waits for any more is not begun, so that no more of them
// wait for their turn than there are callers.
type reads struct {
	mu      sync.Mutex
	flights map[readKey]*flight
}

type readKey struct {
	channel string
	query   Query
}

// flight is the read that is under way for a key.
type flight struct{ next *answer } // for those who came meanwhile, or nil

type answer struct {
	done    chan struct{} // closed when the rest is set
	history *recovery.History
	err     error

	waiting int           // callers; the lock of reads guards it
	full    bool          // its turn has come: nobody joins any more
	left    chan struct{} // closed when the last caller has gone since
}

func newAnswer() *answer { return &answer{done: make(chan struct{}), left: make(chan struct{})} }

// History reads a channel. What it returns is shared: it must not be changed.
// It fails with [protocol.CodeUnavailable] when Redis does not answer.
func (b *Broker) History(ctx context.Context, channel string, q Query) (*recovery.History, error) {
	a := b.reads.ask(b, readKey{channel, q})
	select {
	case <-a.done:
		return a.history, a.err
	case <-ctx.Done():
		b.reads.leave(a)
		return nil, b.unavailable(ctx.Err())
	case <-b.ctx.Done():
		return nil, b.unavailable(errClosed)
	}
}

// ask returns the answer that the caller may share.
func (r *reads) ask(b *Broker, key readKey) *answer {
	b.publishers.RLock() // so that Close can't have waited for all goroutines yet
	defer b.publishers.RUnlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.flights[key]; f != nil {
		if f.next == nil {
			f.next = newAnswer()
		}
		f.next.waiting++
		return f.next
	}
	first := newAnswer()
	first.waiting, first.full = 1, true
	if b.ctx.Err() != nil {
		first.err = b.unavailable(errClosed)
		close(first.done)
		return first
	}
	if r.flights == nil {
		r.flights = make(map[readKey]*flight)
	}
	r.flights[key] = &flight{}
	b.done.Go(func() {
		for a := first; a != nil; a = r.landed(key) {
			a.history, a.err = b.readNow(key, a.left)
			close(a.done)
		}
	})
	return first
}

// landed returns the next answer to get for a key, or nil.
func (r *reads) landed(key readKey) *answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.flights[key]
	next := f.next
	f.next = nil
	if next == nil || next.waiting == 0 {
		delete(r.flights, key)
		return nil
	}
	next.full = true
	return next
}

// leave says that a caller does not wait any more.
func (r *reads) leave(a *answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.waiting--; a.waiting == 0 && a.full {
		close(a.left)
	}
}
