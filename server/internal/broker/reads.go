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
}

// History reads a channel. What it returns is shared: it must not be changed.
// It fails with [protocol.CodeUnavailable] when Redis does not answer.
func (b *Broker) History(ctx context.Context, channel string, q Query) (*recovery.History, error) {
	a := b.reads.ask(b, readKey{channel, q})
	select {
	case <-a.done:
		return a.history, a.err
	case <-ctx.Done():
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
			f.next = &answer{done: make(chan struct{})}
		}
		return f.next
	}
	first := &answer{done: make(chan struct{})}
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
			a.history, a.err = b.readNow(key)
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
	if next == nil {
		delete(r.flights, key)
	}
	return next
}
