package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

const (
	// exact is the number of entries of one interval up to which each offset is
	// told whose it is.
	exact = 256
	// most bounds the entries of one interval, and mostRefused those that may be
	// there when one is added for a refusal.
	most        = 1024
	mostRefused = most / 2
)

// Event is something that somebody asked for.
type Event struct {
	Op, Outcome, Channel string
	User, Way            string
	From                 netip.Addr
	// Epoch and Offset are those of a publish that was taken.
	Epoch  string
	Offset uint64
}

// Config says whom a log tells.
type Config struct {
	// Node is who tells. Required.
	Node string
	// Publish brings a message to a channel; default none. Its error with
	// CodeUnavailable means that another try may help.
	Publish func(context.Context, protocol.Publish) error
	// Ready reports whether a try has a chance; default always.
	Ready func() bool
	// Limit is the most bytes that a message may have. Required with Publish.
	Limit int
	// File receives lines; default none.
	File io.Writer
	// Interval is how long what happens is gathered; default 250 ms.
	Interval time.Duration
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Log notes and tells. Its methods may be called concurrently; those of a nil
// one do nothing.
type Log struct {
	cfg   Config
	run   string        // begins the keys of this log's messages
	wake  chan struct{} // holds a token when something was noted
	queue chan message  // what the channel has yet to be told
	file  file
	// missing is how many events the channel's next message says are missing. It
	// belongs to the goroutine that runs.
	missing uint64

	mu      sync.Mutex
	entries []entry
	index   map[Event]int // the newest entry of each kind, by the event without its offset
	newest  int
	lost    uint64 // events, since the last entries were taken

	lostToChannel, lostToFile atomic.Uint64
}

// entry is one event, or several that are the same.
type entry struct {
	kind      Event // without the offset
	at, until int64 // milliseconds since the Unix epoch
	count     int
	first     uint64 // offsets; 0 without
	last      uint64
}

// New returns a log, which tells nobody until it runs.
func New(cfg Config) *Log {
	cfg.Interval = cmp.Or(cfg.Interval, 250*time.Millisecond)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Ready == nil {
		cfg.Ready = func() bool { return true }
	}
	return &Log{
		cfg: cfg, run: rand.Text(), wake: make(chan struct{}, 1), queue: make(chan message, queued),
		file: file{w: cfg.File, node: cfg.Node, log: cfg.Log}, index: make(map[Event]int),
	}
}

// Lost returns how many events the channel and the file were not told of so far.
func (l *Log) Lost() (channel, file uint64) {
	if l == nil {
		return 0, 0
	}
	return l.lostToChannel.Load(), l.lostToFile.Load()
}

// Note takes an event. It does not block.
func (l *Log) Note(e Event) {
	if l == nil {
		return
	}
	now := time.Now().UnixMilli()
	offset := e.Offset
	e.Offset = 0
	if len(e.Channel) > ops.MaxChannel {
		// A copy, for the name not to hold on to what it was cut from.
		e.Channel = strings.Clone(strings.ToValidUTF8(e.Channel[:ops.MaxChannel], "")) + "…"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.repeats(e, offset, now) {
		return
	}
	room := most
	if e.Outcome != ops.OutcomeOK {
		room = mostRefused
	}
	if len(l.entries) >= room {
		l.lost++
		return
	}
	l.newest = len(l.entries)
	l.index[e] = l.newest
	l.entries = append(l.entries, entry{kind: e, at: now, until: now, count: 1, first: offset, last: offset})
	if l.newest == 0 {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// repeats counts an event with an entry of the same, if there is one. The lock
// is held.
func (l *Log) repeats(kind Event, offset uint64, now int64) bool {
	if len(l.entries) == 0 {
		return false
	}
	at := l.newest
	if l.entries[at].kind != kind { // mostly it is, and that is cheaper to see
		var known bool
		if at, known = l.index[kind]; !known {
			return false
		}
	}
	same := &l.entries[at]
	follows := offset == 0 && same.last == 0 || offset == same.last+1 || len(l.entries) >= exact && offset > same.last
	if !follows {
		return false
	}
	same.count++
	same.until, same.last = now, offset
	l.newest = at
	return true
}

// take returns what was noted, and how many events were lost since the last time.
func (l *Log) take() ([]entry, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries, lost := l.entries, l.lost
	l.entries, l.newest, l.lost = nil, 0, 0
	clear(l.index)
	return entries, lost
}

// Run tells what is noted until the context ends, and then once more.
func (l *Log) Run(ctx context.Context) {
	var telling sync.WaitGroup
	telling.Go(func() { l.tell(ctx) })
	for last := false; !last; {
		select {
		case <-l.wake:
			sleep(ctx, l.cfg.Interval)
		case <-ctx.Done():
		}
		last = ctx.Err() != nil
		l.flush(last)
	}
	close(l.queue)
	telling.Wait()
}

// flush hands on what was noted. The last time it says what is missing, too, if
// nothing follows that would.
func (l *Log) flush(last bool) {
	taken, lost := l.take()
	if len(taken) == 0 && !last {
		return
	}
	entries := make([]ops.Entry, len(taken))
	for i := range taken {
		entries[i] = taken[i].wire()
	}
	if l.cfg.File != nil && (len(entries) > 0 || l.file.missing > 0) {
		l.lostToFile.Add(lost + l.file.write(entries, lost))
	}
	if l.cfg.Publish != nil {
		l.hand(entries, lost, last)
	}
}

func (e *entry) wire() ops.Entry {
	w := ops.Entry{
		At: e.at, Count: e.count, Op: e.kind.Op, Outcome: e.kind.Outcome, Channel: e.kind.Channel,
		User: e.kind.User, Way: e.kind.Way, Epoch: e.kind.Epoch, Offset: e.first,
	}
	if e.kind.From.IsValid() {
		w.From = e.kind.From.String()
	}
	if e.count > 1 {
		w.Until, w.Last = e.until, e.last
	}
	return w
}

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
