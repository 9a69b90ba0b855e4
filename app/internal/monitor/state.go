package monitor

import (
	"encoding/json"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/ops"
)

// State is all that the page knows of the relays.
type State struct {
	Fleet  Fleet
	Outage Outage
	Alerts Alerts

	ticked int64
}

// Read returns the samples of a batch, and the server's time as of the last of
// them; 0 without one.
func Read(b live.Batch) (all []News, serverNow int64) {
	for _, ev := range b.Events {
		m, ok := ev.(client.Received)
		if !ok || m.Channel != ops.MetricsChannel || m.Foreign {
			continue
		}
		news := News{Published: m.Time / 1000}
		if json.Unmarshal(m.Data, &news.Sample) != nil || news.Node == "" {
			continue // no relay's
		}
		all = append(all, news)
		serverNow = max(serverNow, news.Published+m.Latency.Milliseconds())
	}
	return all, serverNow
}

// Take takes in samples.
func (s State) Take(all []News, now int64) State {
	if len(all) == 0 {
		return s
	}
	s.Fleet = s.Fleet.Take(all)
	var last int64
	for _, news := range all {
		last = max(last, news.Published)
		if n := s.Fleet.Node(news.Node); n != nil {
			if i, there := n.find(news.At); there {
				s.Alerts = s.Alerts.Judge(n, i)
			}
		}
	}
	s.Outage = s.Outage.Hear(last, now)
	return s
}

// Tick notes that time has passed, and reports whether the relay is to be asked
// why nothing comes.
func (s State) Tick(now int64) (next State, ask bool) {
	slept := s.ticked != 0 && now-s.ticked > silentAfter
	s.ticked = now
	s.Outage, ask = s.Outage.Tick(now)
	s.Fleet = s.Fleet.Tick(now)
	if !slept { // else what came meanwhile may still wait
		s.Alerts = s.Alerts.Tick(s.Fleet, s.Outage, now)
	}
	return s, ask
}

// Away are the stretches in which Redis was away, as far as one knows.
func (s State) Away() []Stretch { return Join(append(s.Fleet.Away(), s.Outage.Past...)) }
