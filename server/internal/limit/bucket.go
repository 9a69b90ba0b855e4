package limit

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// newBucket returns a full bucket of one second's worth.
func newBucket(perSecond int) *rate.Limiter { return rate.NewLimiter(limitOf(perSecond), perSecond) }

func limitOf(perSecond int) rate.Limit {
	if perSecond >= unlimited {
		return rate.Inf
	}
	return rate.Limit(perSecond)
}

// take takes n from all buckets, or nothing from any: then it returns the one
// that has too little and how long it takes to have enough.
//
// One at a time: a reservation that is cancelled gives back nothing of what was
// reserved after it, so two that are refused at once would leave a debt.
func (l *Limiter) take(now time.Time, n int, buckets []named) (short *named, wait time.Duration) {
	l.taking.Lock()
	defer l.taking.Unlock()
	var taken [4]*rate.Reservation
	for i := range buckets {
		b := &buckets[i]
		r := b.bucket.ReserveN(now, n)
		taken[i] = r
		switch {
		case !r.OK(): // more than it ever holds
			short, wait = b, time.Duration(float64(n)/float64(b.bucket.Limit())*float64(time.Second))
		case r.DelayFrom(now) > 0:
			short, wait = b, r.DelayFrom(now)
		}
		if short != nil {
			for _, r := range taken[:i+1] {
				r.CancelAt(now)
			}
			return short, wait
		}
	}
	return nil, 0
}

// named is a bucket and the limit that it stands for.
type named struct {
	name   Name
	bucket *rate.Limiter
}

const (
	// maxBuckets is how many buckets a table has at the most. Past that half of
	// them are forgotten at random: who has that many names can't be bounded by
	// name. Half, since looking at all of them for each newcomer would be the
	// very thing that a flood is after.
	maxBuckets = 1 << 16
	// sweepFrom is how many a table has before it looks for full ones.
	sweepFrom = 1 << 10
)

// table is buckets by who they are for.
type table[K comparable] struct {
	perSecond int

	mu      sync.Mutex
	buckets map[K]*rate.Limiter
	sweepAt int
}

func newTable[K comparable](perSecond int) *table[K] {
	return &table[K]{perSecond: perSecond, buckets: make(map[K]*rate.Limiter), sweepAt: sweepFrom}
}

// of returns the bucket of a key, a full one if the key is not known.
func (t *table[K]) of(key K, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.buckets[key]; b != nil {
		return b
	}
	if len(t.buckets) >= t.sweepAt {
		t.sweep(now)
	}
	b := newBucket(t.perSecond)
	t.buckets[key] = b
	return b
}

// sweep forgets the full buckets, and makes room. The lock is held.
func (t *table[K]) sweep(now time.Time) {
	for key, b := range t.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(t.buckets, key)
		}
	}
	for key := range t.buckets { // in no order
		if len(t.buckets) <= maxBuckets/2 {
			break
		}
		delete(t.buckets, key)
	}
	t.sweepAt = min(max(sweepFrom, 2*len(t.buckets)), maxBuckets)
}

// milliseconds rounds up, and is never nothing.
func milliseconds(d time.Duration) int {
	return max(1, int(math.Ceil(float64(d)/float64(time.Millisecond))))
}
