package main

import (
	"sync"
	"sync/atomic"
)

// gate opens when it was passed so many times. It is for concurrent use.
type gate struct {
	passed atomic.Int64
	need   int64
	open   chan struct{}
}

func newGate(need int) *gate {
	return &gate{need: int64(need), open: make(chan struct{})}
}

func (g *gate) pass() {
	if g.passed.Add(1) == g.need {
		close(g.open)
	}
}

// firstError keeps the first error of many. It is for concurrent use; its zero
// value is ready.
type firstError struct {
	mu  sync.Mutex
	err error
	ch  chan struct{}
}

// set notes the error, which must not be nil, unless there was one before.
func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	f.err = err
	if f.ch == nil {
		f.ch = make(chan struct{})
	}
	close(f.ch)
}

// get returns the error, if any.
func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// done is closed when there is an error.
func (f *firstError) done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ch == nil {
		f.ch = make(chan struct{})
	}
	return f.ch
}
