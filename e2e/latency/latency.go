// Package latency says whether messages came as soon as they do when nothing
// else happens.
//
// How soon that is depends on the machine and on what else it does. So what is
// measured beside some trouble is compared with what was measured without, in
// the same test, and with how late somebody wakes up meanwhile who does nothing
// but sleep: [Watch].
package latency

import (
	"fmt"
	"slices"
	"time"
)

// How much later messages may come, and what goes unnoticed in any case: by
// most, and by the slowest hundredth.
const (
	factor      = 20
	medianFloor = 100 * time.Millisecond
	p99Floor    = 500 * time.Millisecond
)

// Summary is of how long many messages took.
type Summary struct{ Median, P99, Slowest time.Duration }

// Of summarises latencies; it sorts them.
func Of(all []time.Duration) Summary {
	if len(all) == 0 {
		return Summary{}
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))] }
	return Summary{at(0.5), at(0.99), at(1)}
}

// String is the summary in words.
func (s Summary) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("median %v, 99 %% %v, slowest %v", round(s.Median), round(s.P99), round(s.Slowest))
}

// Beside returns an error if messages came noticeably later than they did
// alone, by the median or by the slowest hundredth, and the machine was not so
// busy that this says nothing. The zero Summary stands for what is not known.
func (s Summary) Beside(alone, busy Summary) error {
	for _, c := range []struct {
		what                    string
		got, alone, busy, floor time.Duration
	}{
		{"the median", s.Median, alone.Median, busy.Median, medianFloor},
		{"the slowest hundredth", s.P99, alone.P99, busy.P99, p99Floor},
	} {
		if most := max(c.floor, factor*c.alone, factor*c.busy); c.got > most {
			return fmt.Errorf("%s took %v, more than %v: it was %v alone, and a sleeper overslept by %v", c.what, c.got, most, c.alone, c.busy)
		}
	}
	return nil
}

// Watch sleeps for a moment again and again until it is stopped, which returns
// by how much it overslept: what this process had to wait for the machine.
func Watch() (stop func() Summary) {
	const nap = 5 * time.Millisecond
	end, all := make(chan struct{}), make(chan []time.Duration)
	go func() {
		var late []time.Duration
		for {
			began := time.Now()
			select {
			case <-end:
				all <- late
				return
			case <-time.After(nap):
				late = append(late, max(time.Since(began)-nap, 0))
			}
		}
	}()
	return func() Summary {
		close(end)
		return Of(<-all)
	}
}
