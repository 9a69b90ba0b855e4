package checker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Log gathers events. Its methods may be called concurrently; the order in
// which Add is called is the order of the log.
type Log struct {
	mu      sync.Mutex
	events  []Event
	out     *bufio.Writer
	err     error
	changed chan struct{} // closed at the next event; nil when nobody waits
}

// NewLog starts a log that is written to w as well, a line an event.
func NewLog(w io.Writer) *Log { return &Log{out: bufio.NewWriter(w)} }

// Add numbers an event, stamps it and takes it in.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.N, e.Time = uint64(len(l.events))+1, time.Now().UnixMicro()
	l.events = append(l.events, e)
	if l.err == nil {
		l.err = write(l.out, &e)
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

func write(w *bufio.Writer, e *Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err = w.Write(line); err != nil {
		return err
	}
	return w.WriteByte('\n')
}

// Last returns the number of the last event so far, 0 before the first.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.events))
}

// Await shows all events to seen, from the first on and in order, until it
// reports true. It returns the context's error if that comes first.
func (l *Log) Await(ctx context.Context, seen func(Event) bool) error {
	for from := 0; ; {
		l.mu.Lock()
		events := l.events[from:]
		if len(events) == 0 && l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		for _, e := range events {
			if seen(e) {
				return nil
			}
		}
		if from += len(events); len(events) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close writes out what is buffered, and returns the first error of writing.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.out.Flush(); l.err == nil {
		l.err = err
	}
	return l.err
}

// Read reads a log. The error names the line.
func Read(r io.Reader) ([]Event, error) {
	var events []Event
	lines := json.NewDecoder(r)
	for {
		var e Event
		switch err := lines.Decode(&e); {
		case err == io.EOF:
			return events, nil
		case err != nil:
			return nil, fmt.Errorf("event %d of the log: %w", len(events)+1, err)
		}
		events = append(events, e)
	}
}
