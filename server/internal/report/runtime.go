package report

import (
	"runtime/debug"
	"runtime/metrics"
	"time"

	"fanlight/shared/ops"
)

// gauges reads the Go runtime's. Neither package stops the world for it, as
// runtime.ReadMemStats does. It belongs to one goroutine.
type gauges struct {
	samples []metrics.Sample
	// gc has the exact sum of all pauses, of which runtime/metrics has only a
	// histogram.
	gc debug.GCStats
}

func newGauges() gauges {
	return gauges{samples: []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}}
}

func (g *gauges) read(s *ops.Sample) {
	metrics.Read(g.samples)
	number := func(i int) uint64 {
		if v := g.samples[i].Value; v.Kind() == metrics.KindUint64 {
			return v.Uint64()
		}
		return 0 // a runtime that does not know it any more
	}
	debug.ReadGCStats(&g.gc)
	s.Goroutines, s.Heap, s.GCs = int(number(0)), number(1), number(2) // #nosec G115 -- there are fewer goroutines than that
	s.GCPause = uint64(g.gc.PauseTotal / time.Microsecond)             // #nosec G115 -- not negative
}
