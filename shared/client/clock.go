package client

import "time"

// clock estimates the server's clock from answers that tell it. Each sample
// says that the server's time lay between the local times at which the question
// left and the answer came, so the middle is off by half the round trip at the
// most. Of the last few samples the one with the shortest round trip is
// believed; old ones go, since clocks drift.
type clock struct {
	// start anchors local times: they are counted from it on the monotonic
	// clock, so that a step of the wall clock does not matter.
	start   time.Time
	samples [8]sample
	taken   int
	offset  int64 // server minus local, in microseconds
}

type sample struct {
	rtt    time.Duration
	offset int64
}

func (k *clock) local(t time.Time) int64 {
	return k.start.UnixMicro() + t.Sub(k.start).Microseconds()
}

// add takes in that the server's clock said the time, in microseconds since
// the Unix epoch, between two local moments.
func (k *clock) add(sent, received time.Time, server int64) {
	rtt := received.Sub(sent)
	middle := k.local(sent) + rtt.Microseconds()/2
	k.samples[k.taken%len(k.samples)] = sample{rtt, server - middle}
	k.taken++
	best := k.samples[0]
	for _, s := range k.samples[1:min(k.taken, len(k.samples))] {
		if s.rtt < best.rtt {
			best = s
		}
	}
	k.offset = best.offset
}

// since returns how long before now the server's clock said the time, and 0
// when the estimate puts it in the future.
func (k *clock) since(server int64, now time.Time) time.Duration {
	estimate := k.local(now) + k.offset
	if server >= estimate {
		return 0
	}
	// A time.Duration holds 292 years; a bad time must not overflow it.
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	age := uint64(estimate) - uint64(server)                // #nosec G115 -- wraps to the true difference
	return time.Duration(min(age, most)) * time.Microsecond // #nosec G115 -- at most that
}
