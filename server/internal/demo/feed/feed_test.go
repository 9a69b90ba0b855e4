package feed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/demo/feed"
	"fanlight/shared/protocol"
)

// wire takes what is published, after a while, and refuses it with an error if
// it has one.
type wire struct {
	mu    sync.Mutex
	slots []int64
	took  time.Duration
	err   error
}

func (w *wire) Publish(_ context.Context, p protocol.Publish) (protocol.Published, error) {
	w.mu.Lock()
	took, err := w.took, w.err
	w.mu.Unlock()
	time.Sleep(took)
	var slot int64
	if e := json.Unmarshal(p.Data, &slot); e != nil {
		panic(e)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots = append(w.slots, slot)
	return protocol.Published{}, err
}

func (w *wire) set(took time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took, w.err = took, err
}

// take returns the slots since the last time, counted from the first one.
func (w *wire) take(first int64) []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	slots := w.slots
	w.slots = nil
	for i := range slots {
		slots[i] -= first
	}
	return slots
}

const every = 500 * time.Millisecond

// feeding runs a feeder in a bubble and returns the slot that has begun.
func feeding(t *testing.T, w *wire, log *slog.Logger) (now int64) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	now = time.Now().UnixMilli() / every.Milliseconds()
	go func() {
		defer close(ended)
		feed.Run(ctx, feed.Config{Relay: w, Every: every, Log: log, Make: func(slot int64) []protocol.Publish {
			return []protocol.Publish{{Data: feed.JSON(slot)}}
		}})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return now
}

func TestEverySlotIsPublishedOnceWhenItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		time.Sleep(120 * time.Millisecond) // not at a slot's begin
		first := feeding(t, w, nil)
		time.Sleep(379 * time.Millisecond)
		synctest.Wait()
		if got := w.take(first); got != nil {
			t.Errorf("too early: %v", got)
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if got := w.take(first); !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("%v", got)
		}
	})
}

func TestAShortDelayIsMadeUpForAndALongOneIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		first := feeding(t, w, nil)
		w.set(1100*time.Millisecond, nil)
		time.Sleep(510 * time.Millisecond) // slot 1 is on its way till 1.6 s
		w.set(0, nil)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if got := w.take(first); !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Errorf("after a short delay: %v", got)
		}
		w.set(10*time.Second, nil)
		time.Sleep(500 * time.Millisecond) // slot 5 is on its way till 12.5 s
		w.set(0, nil)
		time.Sleep(10500 * time.Millisecond)
		synctest.Wait()
		if got := w.take(first); !slices.Equal(got, []int64{5, 26}) {
			t.Errorf("after a long delay: %v", got)
		}
	})
}

func TestTroubleIsLoggedOnceAndNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := &wire{err: &protocol.Error{Code: protocol.CodePermission, Message: "no"}}
		first := feeding(t, w, slog.New(slog.NewTextHandler(&log, nil)))
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if got := w.take(first); len(got) != 20 {
			t.Errorf("%d tries for 20 slots", len(got))
		}
		if strings.Count(log.String(), "can't publish") != 1 {
			t.Errorf("the log is %s", &log)
		}
		w.set(0, nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if strings.Count(log.String(), "\n") != 2 || !strings.Contains(log.String(), "publishes again") {
			t.Errorf("the log is %s", &log)
		}
	})
}

func TestDiceFallAlikeForAllAndAsChanceWould(t *testing.T) {
	t.Parallel()
	if feed.Throw(1, "a", 2) != feed.Throw(1, "a", 2) {
		t.Error("twice, and not alike")
	}
	for _, other := range []feed.Dice{feed.Throw(2, "a", 2), feed.Throw(1, "b", 2), feed.Throw(1, "a", 3), feed.Throw(1, "a", -2)} {
		if other == feed.Throw(1, "a", 2) {
			t.Error("another throw fell alike")
		}
	}
	const n = 20_000
	sum, squares, neighbours, before := 0.0, 0.0, 0.0, 0.0
	for i := range int64(n) {
		x := feed.Throw(7, "x", i).Normal()
		if math.Abs(x) > feed.MaxNormal {
			t.Fatalf("%v", x)
		}
		sum, squares, neighbours = sum+x, squares+x*x, neighbours+x*before
		before = x
	}
	if math.Abs(sum/n) > 0.03 || math.Abs(squares/n-1) > 0.04 || math.Abs(neighbours/n) > 0.03 {
		t.Errorf("mean %v, variance %v, of neighbours %v", sum/n, squares/n, neighbours/n)
	}
}
