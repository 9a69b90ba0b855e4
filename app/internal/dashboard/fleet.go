package dashboard

import (
	"encoding/json"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// patience is how long a sensor may say nothing: three readings, and what they
// may be late.
const patience = 3*demo.ReadingInterval*time.Millisecond + 500*time.Millisecond

// Fleet is what this tab knows of the sensors.
type Fleet struct {
	Gauges []Gauge // in the order of [demo.Fleet]
	Alerts Alerts
	// Away says that the tab has no connection: then a sensor that is not heard
	// need not be silent.
	Away bool

	index map[string]int // of Gauges, by channel
}

// NewFleet returns a fleet of which nothing was heard yet.
func NewFleet() *Fleet {
	f := &Fleet{index: map[string]int{}, Alerts: NewAlerts()}
	for i, s := range demo.Fleet() {
		f.Gauges = append(f.Gauges, Gauge{Sensor: s, trace: newRing[Step](maxSteps)})
		f.index[s.Channel()] = i
	}
	return f
}

// Apply takes in what the client reports of the connection and of the sensors'
// channels.
func (f *Fleet) Apply(ev client.Event, now time.Time) {
	switch ev.(type) {
	case client.Connected:
		f.Away = false
	case client.Disconnected:
		f.Away = true
	}
	channel, in := channelOf(ev)
	i, ours := f.index[channel]
	if !in || !ours {
		return
	}
	g := &f.Gauges[i]
	switch ev := ev.(type) {
	case client.Received:
		f.receive(i, &ev, now)
	case client.Subscribed:
		g.filtered = ev.Filtered
		if g.heard = now; g.State == Closed {
			g.become(Unheard)
		}
	case client.Gap:
		g.hole.Missed += ev.Count
		g.Missed += ev.Count
		g.at, g.known = protocol.Position{Epoch: ev.Epoch, Offset: ev.To}, true
		g.Turn++
	case client.Reset:
		g.hole.Anew = true
		g.Resets++
		g.at, g.known = protocol.Position{Epoch: ev.Epoch}, true
		g.Turn++
	case client.Refused:
		g.become(Closed)
	}
}

func (f *Fleet) receive(i int, ev *client.Received, now time.Time) {
	g := &f.Gauges[i]
	var r demo.Reading
	if ev.Foreign || json.Unmarshal(ev.Data, &r) != nil {
		return
	}
	// What a tab that is too slow lets go of leaves a hole in the offsets, of
	// which the client has not told.
	if g.known && !g.filtered && ev.Epoch == g.at.Epoch && ev.Offset > g.at.Offset+1 {
		lost := ev.Offset - g.at.Offset - 1
		g.hole.Missed += lost
		g.Missed += lost
	}
	g.at, g.known = ev.Position(), true
	before := g.State
	if !g.take(r, now.Add(-ev.Latency)) {
		return
	}
	if g.State != before {
		f.Alerts.Turn++ // an alert says whether its sensor is heard
	}
	f.Alerts.read(i, g, r, ev.Recovered)
}

// Tick takes in that time passes.
func (f *Fleet) Tick(now time.Time) {
	for i := range f.Gauges {
		g := &f.Gauges[i]
		before := g.State
		switch late := now.Sub(g.heard) > patience && !g.heard.IsZero(); {
		case g.State == Closed:
		case f.Away:
			g.become(Unknown)
		case late:
			g.become(Silent)
		case g.State == Unknown:
			g.become(Unheard) // until it says something
		}
		if g.State != before {
			f.Alerts.Turn++
		}
	}
	f.Alerts.Tick(f.Gauges, now)
}

// Count returns how many sensors are in a state.
func (f *Fleet) Count(s State) (n int) {
	for i := range f.Gauges {
		if f.Gauges[i].State == s {
			n++
		}
	}
	return n
}
