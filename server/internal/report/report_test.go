package report_test

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/report"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// redis takes what is published, once for each key, unless it is away.
type redis struct {
	away atomic.Bool
	mute atomic.Bool  // takes, and does not say so
	slow atomic.Int64 // nanoseconds that it takes

	mu    sync.Mutex
	keys  []string
	taken []ops.Sample
	last  protocol.Publish
	tries int
}

func (r *redis) publish(_ context.Context, p protocol.Publish) error {
	time.Sleep(time.Duration(r.slow.Load()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	lost := &protocol.Error{Code: protocol.CodeUnavailable, Message: "Redis does not answer"}
	if r.away.Load() {
		return lost
	}
	if !slices.Contains(r.keys, p.Key) {
		var s ops.Sample
		if err := json.Unmarshal(p.Data, &s); err != nil {
			return err
		}
		r.keys, r.taken, r.last = append(r.keys, p.Key), append(r.taken, s), p
	}
	if r.mute.Load() {
		return lost
	}
	return nil
}

// has returns what was taken so far.
func (r *redis) has() ([]ops.Sample, int) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken), r.tries
}

// run runs a reporter of it until the returned function is called.
func (r *redis) run() (rep *report.Reporter, end func()) {
	var asked uint64
	rep = report.New(report.Config{Node: "n", Publish: r.publish, Note: func() ops.Sample {
		asked++
		return ops.Sample{Ready: !r.away.Load(), Sent: asked}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { rep.Run(ctx) })
	return rep, func() {
		cancel()
		running.Wait()
	}
}

func TestASampleIsPublishedEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := &redis{}
		r.slow.Store(int64(3 * time.Millisecond))
		rep, end := r.run()
		defer end()
		if rep.Trip() != 0 {
			t.Error("it has a trip before there was one")
		}
		time.Sleep(3500 * time.Millisecond)
		got, _ := r.has()
		if len(got) != 3 || rep.Trip() != 3*time.Millisecond || r.last.Channel != ops.MetricsChannel || r.last.Tags["node"] != "n" {
			t.Fatalf("%+v, %v, %+v", got, rep.Trip(), r.last)
		}
		for i, s := range got {
			at := began.Add(time.Duration(i+1) * time.Second).UnixMilli()
			if s.Node != "n" || s.Started != began.UnixMilli() || s.At != at || s.Sent != uint64(i+1) || !s.Ready || s.Redis != int64(min(i, 1)*3000) {
				t.Errorf("%d: %+v", i, s)
			}
			if s.Goroutines < 3 || s.Heap < 1000 {
				t.Errorf("%d goroutines and %d bytes of heap", s.Goroutines, s.Heap)
			}
		}
	})
}

func TestWhatTheRuntimeSaysIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &redis{}
		_, end := r.run()
		defer end()
		time.Sleep(time.Second)
		synctest.Wait()
		runtime.GC()
		runtime.GC()
		time.Sleep(time.Second)
		got, _ := r.has()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		before, after := got[0], got[1]
		if after.GCs < before.GCs+2 || after.GCPause <= before.GCPause || after.GCPause > mem.PauseTotalNs/1000 || after.Heap > 2*mem.HeapAlloc {
			t.Errorf("%+v\n%+v", before, after)
		}
	})
}

func TestAnOutageIsToldInOrderWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &redis{}
		_, end := r.run()
		defer end()
		time.Sleep(2500 * time.Millisecond)
		r.away.Store(true)
		time.Sleep(10 * time.Second)
		if got, tries := r.has(); len(got) != 2 || tries != 2 {
			t.Errorf("while Redis is away there are %d, after %d tries", len(got), tries)
		}
		r.away.Store(false)
		time.Sleep(time.Second)
		got, _ := r.has()
		if len(got) != 13 {
			t.Fatalf("%+v", got)
		}
		for i, s := range got {
			if outage := i >= 2 && i < 12; s.Sent != uint64(i+1) || s.Ready == outage {
				t.Errorf("%d: %+v", i, s)
			}
		}
	})
}

func TestOfALongOutageTheBeginningIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &redis{}
		_, end := r.run()
		defer end()
		r.away.Store(true)
		time.Sleep(299*time.Second + 500*time.Millisecond)
		r.away.Store(false)
		time.Sleep(time.Second)
		got, _ := r.has()
		if len(got) != 120 || got[0].Sent != 181 || got[119].Sent != 300 {
			t.Errorf("%d, from %d", len(got), got[0].Sent)
		}
	})
}

// The oldest may be forgotten while it is on its way.
func TestAPublishThatHangsHoldsUpNoSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &redis{}
		r.slow.Store(int64(3*time.Minute + 200*time.Millisecond))
		_, end := r.run()
		defer end()
		time.Sleep(150*time.Second + 500*time.Millisecond)
		r.slow.Store(0)
		time.Sleep(31 * time.Second) // 181 were noted, and the first has just arrived
		got, _ := r.has()
		if len(got) != 121 || got[0].Sent != 1 {
			t.Fatalf("there are %d, from %d", len(got), got[0].Sent)
		}
		for i, s := range got[1:] {
			if want := uint64(i + 62); s.Sent != want || s.At != s.Started+int64(want)*1000 {
				t.Errorf("%d: %+v, want number %d", i, s, want)
			}
		}
	})
}

func TestASampleThatWasTakenWithoutAWordIsNotDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &redis{}
		_, end := r.run()
		defer end()
		r.mute.Store(true)
		time.Sleep(3500 * time.Millisecond)
		r.mute.Store(false)
		time.Sleep(time.Second)
		got, tries := r.has()
		if len(got) != 4 || tries != 3+4 {
			t.Errorf("%d were taken in %d tries", len(got), tries)
		}
	})
}

func TestAReporterThatIsNoneHasNoTrip(t *testing.T) {
	var r *report.Reporter
	if r.Trip() != 0 {
		t.Error("it has")
	}
}
