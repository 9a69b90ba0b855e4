package latency_test

import (
	"testing"
	"time"

	"fanlight/e2e/latency"
)

const ms = time.Millisecond

// some returns a hundred latencies, of which so many are late ones.
func some(usual, late time.Duration, n int) latency.Summary {
	all := make([]time.Duration, 100)
	for i := range all {
		if all[i] = usual; i < n {
			all[i] = late
		}
	}
	return latency.Of(all)
}

func TestWhatIsLateIsFoundAndABusyMachineForgiven(t *testing.T) {
	idle := some(0, ms, 10)
	for _, c := range []struct {
		name                string
		beside, alone, busy latency.Summary
		flat                bool
	}{
		{"the same", some(ms, ms, 0), some(ms, ms, 0), idle, true},
		{"ten times as slow, and nobody notices", some(10*ms, 10*ms, 0), some(ms, ms, 0), idle, true},
		{"one is late", some(ms, 5000*ms, 1), some(ms, ms, 0), idle, true},
		{"two of a hundred are late", some(ms, 2000*ms, 2), some(ms, ms, 0), idle, false},
		{"most are late", some(ms, 260*ms, 60), some(ms, ms, 0), idle, false},
		{"alone, two of a hundred are late", some(ms, 2000*ms, 2), latency.Summary{}, idle, false},
		{"now and then everyone waits for the machine", some(ms, 2000*ms, 2), some(ms, ms, 0), some(0, 120*ms, 10), true},
		{"most wait for more than the machine", some(ms, 2000*ms, 60), some(ms, ms, 0), some(0, 120*ms, 10), false},
	} {
		if err := c.beside.Beside(c.alone, c.busy); (err == nil) != c.flat {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestASleeperTellsHowLateItWakes(t *testing.T) {
	stop := latency.Watch()
	<-time.After(20 * ms) // nothing tells that somebody has slept
	if late := stop(); late.Slowest < late.P99 || late.P99 < late.Median || late.Slowest <= 0 {
		t.Errorf("it overslept by %v", late)
	}
}
