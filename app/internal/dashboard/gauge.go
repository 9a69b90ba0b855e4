package dashboard

import (
	"time"

	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	// maxSteps is what is kept of a sensor, and maxShown how many intervals its
	// chart shows.
	maxSteps = 64
	maxShown = 60
)

// State is how a sensor is.
type State int

// The states. Unheard lasts until the first reading.
const (
	Unheard State = iota
	InOrder
	OutOfRange
	Silent
	Unknown // the tab is away
	Closed  // the tab may not listen
)

// Gauge is one sensor's readings.
type Gauge struct {
	demo.Sensor
	State State
	// Turn counts the changes.
	Turn int
	// Missed counts the readings that this tab will not get any more, Unsent
	// those that the sensor never sent, and Resets how often the history began
	// anew, of which nobody knows what that cost.
	Missed, Unsent uint64
	Resets         int

	trace ring[Step]
	last  demo.Reading
	some  bool      // there is a last
	heard time.Time // when the last one was sent, on this tab's clock

	at       protocol.Position
	known    bool // at is
	filtered bool // then offsets say nothing
	// hole is what is not there since the last reading.
	hole Step
}

// Step is one reading, or what is not there before it.
type Step struct {
	// Seq is the reading's.
	Seq   int64
	Value float64
	// Missed readings did not reach this tab, Unsent ones were never sent, and
	// Anew says that the history began anew: between the one before and this one.
	Missed, Unsent uint64
	Anew           bool
}

// broken reports whether the line ends before the step.
func (s *Step) broken() bool { return s.Missed > 0 || s.Unsent > 0 || s.Anew }

// take takes in a reading, unless one of that time or a later one has come. The
// numbers between two readings were missed or not sent; together they are as
// many as they are.
func (g *Gauge) take(r demo.Reading, heard time.Time) bool {
	if g.some && r.Seq <= g.last.Seq {
		return false
	}
	step := g.hole
	g.hole = Step{}
	step.Seq, step.Value = r.Seq, r.Value
	if hole := uint64(r.Seq - g.last.Seq - 1); g.some && !step.Anew && hole > step.Missed { // #nosec G115 -- it is later
		step.Unsent = hole - step.Missed
		g.Unsent += step.Unsent
	}
	g.trace.put(step)
	g.last, g.some, g.heard = r, true, heard
	state := InOrder
	if r.Value < g.Low || r.Value > g.High {
		state = OutOfRange
	}
	g.State = state
	g.Turn++
	return true
}

func (g *Gauge) become(s State) {
	if g.State != s {
		g.State = s
		g.Turn++
	}
}
