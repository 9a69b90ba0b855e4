package report

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// kept is how many samples wait for Redis; one more makes the oldest forgotten.
const kept = 120

// Config says what is told, and to whom. All of it is required but Every and Log.
type Config struct {
	// Node names the relay.
	Node string
	// Note returns what there is now. What this package finds out itself is left
	// out: Node, times, Redis, and what the Go runtime says.
	Note func() ops.Sample
	// Publish brings a sample to its channel. Its error with CodeUnavailable means
	// that another try may help.
	Publish func(context.Context, protocol.Publish) error
	// Every is the time between two samples; default one second.
	Every time.Duration
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Reporter reports. Its methods may be called concurrently; those of a nil one
// do nothing.
type Reporter struct {
	cfg     Config
	run     string // begins the keys of this reporter's samples
	started time.Time
	runtime gauges
	wake    chan struct{} // holds a token when there is something to publish
	trip    atomic.Int64  // nanoseconds

	mu      sync.Mutex
	number  int
	waiting []sample // oldest first
	flowing bool     // as the newest sample says
}

type sample struct {
	number int
	data   json.RawMessage
}

// New returns a reporter, which says nothing until it runs.
func New(cfg Config) *Reporter {
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Reporter{cfg: cfg, run: rand.Text(), started: time.Now(), runtime: newGauges(), wake: make(chan struct{}, 1)}
}

// Trip returns how long the last publish of a sample took, 0 while there was none.
func (r *Reporter) Trip() time.Duration {
	if r == nil {
		return 0
	}
	return time.Duration(r.trip.Load())
}

// Run reports until the context ends. A publish that is under way then is waited
// for; what waits is forgotten.
func (r *Reporter) Run(ctx context.Context) {
	var publishing sync.WaitGroup
	// A goroutine of its own, since a publish may wait for Redis for longer than
	// there is between two samples.
	publishing.Go(func() { r.publishLoop(ctx) })
	defer publishing.Wait()
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.note()
		case <-ctx.Done():
			return
		}
	}
}

// note takes a sample.
func (r *Reporter) note() {
	s := r.cfg.Note()
	s.Node, s.Started, s.At = r.cfg.Node, r.started.UnixMilli(), time.Now().UnixMilli()
	s.Redis = r.Trip().Microseconds()
	r.runtime.read(&s)
	data, err := json.Marshal(s)
	if err != nil {
		panic("report: " + err.Error()) // texts and numbers can be marshalled
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= kept {
		r.waiting = r.waiting[1:]
	}
	r.number++
	r.waiting = append(r.waiting, sample{r.number, data})
	r.flowing = s.Ready
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Reporter) publishLoop(ctx context.Context) {
	for {
		select {
		case <-r.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			next, ok := r.next()
			if !ok || !r.publish(ctx, next) {
				break // until there is another sample
			}
			r.done(next)
		}
	}
}

// next returns the oldest sample that waits, if a try has a chance.
func (r *Reporter) next() (sample, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.flowing || len(r.waiting) == 0 {
		return sample{}, false
	}
	return r.waiting[0], true
}

// done forgets a sample, if that has not happened yet.
func (r *Reporter) done(s sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 && r.waiting[0].number == s.number {
		r.waiting = r.waiting[1:]
	}
}

// publish tries one sample, and reports whether it is done with.
func (r *Reporter) publish(ctx context.Context, s sample) bool {
	began := time.Now()
	err := r.cfg.Publish(ctx, protocol.Publish{
		Channel: ops.MetricsChannel, Data: s.data, Key: r.run + "/" + strconv.Itoa(s.number),
		Tags: protocol.Tags{"node": r.cfg.Node},
	})
	var e *protocol.Error
	switch {
	case err == nil:
		r.trip.Store(int64(time.Since(began)))
	case errors.As(err, &e) && e.Code == protocol.CodeUnavailable:
		return false
	default:
		r.cfg.Log.Error("a sample is refused", "error", err, "bytes", len(s.data))
	}
	return true
}
