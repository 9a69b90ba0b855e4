package client

import (
	"math/rand/v2"
	"time"
)

// backoff says how long to wait after a failure: a random time up to a limit
// that doubles with each.
type backoff struct {
	base, cap time.Duration
	failures  int
	// random returns a time from 0 up to the limit, which is positive.
	random func(limit time.Duration) time.Duration
}

func newBackoff(base, ceiling time.Duration) backoff {
	return backoff{base: base, cap: ceiling, random: jitter}
}

func jitter(limit time.Duration) time.Duration {
	return rand.N(limit) // #nosec G404 -- it spreads clients out and guards nothing
}

// limit is the longest wait after the failures so far and one more.
func (b *backoff) limit() time.Duration {
	limit := b.base
	for range b.failures {
		if limit >= b.cap/2 {
			return b.cap
		}
		limit *= 2
	}
	return limit
}

// next counts a failure and returns how long to wait.
func (b *backoff) next() time.Duration {
	wait := b.random(b.limit())
	// Past the cap the number says nothing any more; stop before it is large
	// enough for the loop above to matter.
	if b.failures < 64 {
		b.failures++
	}
	return wait
}

// lasted forgets the failures when what was reached held for longer than the
// wait could have been. A server that says hello and drops the connection at
// once does not earn a quick return.
func (b *backoff) lasted(d time.Duration) {
	if d > b.limit() {
		b.failures = 0
	}
}
