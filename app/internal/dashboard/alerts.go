package dashboard

import (
	"strings"
	"time"

	"fanlight/shared/demo"
)

const (
	// maxAlerts is how many are kept.
	maxAlerts = 40
	// calm is how long a sensor has to be in order, in milliseconds, before going
	// out of range is news again.
	calm = 10_000
	// quiet is how long at least lies between two announcements, and maxNames how
	// many sensors one names.
	quiet    = 5 * time.Second
	maxNames = 3
)

// Alert is a time that a sensor was out of its range.
type Alert struct {
	Gauge int // of the fleet
	// From is when it began and Until when it ended, 0 while it lasts, in
	// milliseconds since the Unix epoch.
	From, Until int64
	// Peak is the value farthest out.
	Peak float64
}

// Alerts are those of the fleet.
type Alerts struct {
	// Announcement is for ears: who went out of range, at most every five seconds.
	Announcement string
	// Turn counts the changes of what is listed.
	Turn int

	all    ring[Alert]
	unsaid []int // gauges
	said   time.Time
}

// NewAlerts returns an empty list.
func NewAlerts() Alerts { return Alerts{all: newRing[Alert](maxAlerts)} }

// List returns the alerts, the newest first.
func (a *Alerts) List() []Alert {
	list := make([]Alert, 0, a.all.len())
	for i := a.all.len() - 1; i >= 0; i-- {
		list = append(list, *a.all.at(i))
	}
	return list
}

// latest returns a gauge's last alert, nil if there is none.
func (a *Alerts) latest(gauge int) *Alert {
	for i := a.all.len() - 1; i >= 0; i-- {
		if alert := a.all.at(i); alert.Gauge == gauge {
			return alert
		}
	}
	return nil
}

// read takes in a gauge's reading. What is recovered is listed, and not said.
func (a *Alerts) read(gauge int, g *Gauge, r demo.Reading, recovered bool) {
	alert := a.latest(gauge)
	switch {
	case g.State == InOrder:
		if alert != nil && alert.Until == 0 {
			alert.Until = r.At
			a.Turn++
		}
	case alert != nil && alert.Until == 0:
		if beyond(g, r.Value) > beyond(g, alert.Peak) {
			alert.Peak = r.Value
			a.Turn++
		}
	case alert != nil && r.At-alert.Until < calm:
		alert.Until = 0 // one that wavers at its limit is one alert
		a.Turn++
	default:
		a.all.put(Alert{Gauge: gauge, From: r.At, Peak: r.Value})
		a.Turn++
		if !recovered && len(a.unsaid) <= maxNames {
			a.unsaid = append(a.unsaid, gauge)
		}
	}
}

// beyond returns how far out of range a value is.
func beyond(g *Gauge, value float64) float64 { return max(g.Low-value, value-g.High) }

// Tick says what was not said yet, when it is time.
func (a *Alerts) Tick(gauges []Gauge, now time.Time) {
	if len(a.unsaid) == 0 || now.Sub(a.said) < quiet {
		return
	}
	var names []string
	for i, gauge := range a.unsaid {
		if i == maxNames {
			names = append(names, "and others")
			break
		}
		g := &gauges[gauge]
		names = append(names, g.Site+" "+g.ID+", "+measure(g.last.Value, g.Unit))
	}
	a.Announcement = "Out of range: " + strings.Join(names, "; ") + "."
	a.unsaid, a.said = nil, now
}
