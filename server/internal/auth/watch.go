package auth

import (
	"sync"
	"time"

	"fanlight/shared/protocol"
)

// watches are the connections that end with their token.
type watches struct {
	mu     sync.Mutex
	all    map[*watch]struct{}
	closed bool
	ending sync.WaitGroup // calls of end that are under way
}

type watch struct {
	who   *Identity
	end   func(*protocol.Error)
	timer *time.Timer
}

func newWatches() *watches { return &watches{all: make(map[*watch]struct{})} }

// Watch calls end once, from a goroutine of its own choice, when an identity's
// token ends: with token_expired at its exp, or with revoked. That may happen before
// Watch returns. end must not block, nor call [Authority.Close]. Whoever is not
// interested any more, calls stop, as often as it likes; an end that is under
// way goes on. Nothing happens to an anonymous identity, nor after Close.
func (a *Authority) Watch(who *Identity, end func(*protocol.Error)) (stop func()) {
	if who.Anonymous() {
		return func() {}
	}
	s := a.watches
	w := &watch{who: who, end: end}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return func() {}
	}
	s.all[w] = struct{}{}
	w.timer = time.AfterFunc(time.Until(who.Expires), func() { s.fire(w, expired()) })
	s.mu.Unlock()
	// Only now: a revocation that is read from here on finds the watch.
	if a.revoked.has(who) {
		s.fire(w, revokedError())
	}
	return func() { s.drop(w) }
}

// drop forgets a watch and reports whether it was still there.
func (s *watches) drop(w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(w)
}

func (s *watches) remove(w *watch) bool {
	if _, there := s.all[w]; !there {
		return false
	}
	delete(s.all, w)
	w.timer.Stop()
	return true
}

// fire ends a watch, if nothing else did.
func (s *watches) fire(w *watch, why *protocol.Error) {
	s.mu.Lock()
	there := s.remove(w)
	if there {
		s.ending.Add(1)
	}
	s.mu.Unlock()
	if there {
		defer s.ending.Done()
		w.end(why)
	}
}

// revoked ends the watches of whom has says so.
func (s *watches) revoked(has func(*Identity) bool) {
	s.mu.Lock()
	var gone []*watch
	for w := range s.all {
		if has(w.who) {
			gone = append(gone, w)
		}
	}
	s.mu.Unlock()
	for _, w := range gone {
		s.fire(w, revokedError())
	}
}

// close drops all watches, and waits for those that are ending.
func (s *watches) close() {
	s.mu.Lock()
	s.closed = true
	for w := range s.all {
		s.remove(w)
	}
	s.mu.Unlock()
	s.ending.Wait()
}
