package monitor

import (
	"encoding/json"
	"slices"
	"strings"

	"fanlight/app/internal/live"
	"fanlight/app/internal/slots"
	"fanlight/shared/client"
	"fanlight/shared/ops"
)

// maxEntries is how many entries are kept for the filter.
const maxEntries = 1000

// Log is who asked for what.
type Log struct {
	// Filter is looked for in everything that is shown, in whatever case.
	Filter string
	// Inside shows also what parts of the relays' own processes ask for, such as
	// the feeders of simulated data, which never rest.
	Inside bool
	Paused bool
	// Held counts the entries that came since the pause began.
	Held int
	// Total counts all that came. Lost is what the relays say that they could
	// not tell, and Missed how many times this page missed some.
	Total, Missed int
	Lost          uint64
	// List is what is shown.
	slots.List[*ops.Entry]

	kept   []*ops.Entry // oldest first
	frozen []*ops.Entry // what was kept when the pause began
}

// Take takes in what came on the channel.
func (g Log) Take(b live.Batch) Log {
	var fresh []*ops.Entry
	g.Missed += b.Dropped
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Gap:
			g.Missed += int(min(ev.Count, 1<<30)) //nolint:gosec // bounded
		case client.Received:
			var a ops.Audit
			if ev.Foreign || json.Unmarshal(ev.Data, &a) != nil {
				continue // no relay's
			}
			g.Lost += a.Lost
			for i := range a.Entries {
				a.Entries[i].Node = a.Node
				fresh = append(fresh, &a.Entries[i])
			}
		}
	}
	if len(fresh) == 0 {
		return g
	}
	g.Total += len(fresh)
	g.kept = shed(append(slices.Clone(g.kept), fresh...))
	if g.Paused {
		g.Held += len(fresh)
		return g
	}
	g.List = g.Add(slices.DeleteFunc(fresh, func(e *ops.Entry) bool { return !g.matches(e) })...)
	return g
}

// shed drops what is too much, the oldest of the relays' own before anybody's.
func shed(entries []*ops.Entry) []*ops.Entry {
	over := len(entries) - maxEntries
	if over <= 0 {
		return entries
	}
	entries = slices.DeleteFunc(entries, func(e *ops.Entry) bool {
		if over == 0 || e.Way != ops.WayInside {
			return false
		}
		over--
		return true
	})
	return entries[max(0, over):]
}

func (g *Log) matches(e *ops.Entry) bool {
	if !g.Inside && e.Way == ops.WayInside {
		return false
	}
	if g.Filter == "" {
		return true
	}
	text := strings.ToLower(strings.Join([]string{e.User, e.Op, e.Channel, e.From, e.Way, e.Outcome, e.Node}, " "))
	return strings.Contains(text, strings.ToLower(g.Filter))
}

// rebuild shows the newest of what is kept and matches; during a pause, of what
// was kept when it began.
func (g *Log) rebuild() {
	kept := g.kept
	if g.Paused {
		kept = g.frozen
	}
	g.List = g.Refill(kept, g.matches)
}

// Sift sets the filter, and looks through what is kept at once.
func (g Log) Sift(filter string) Log {
	g.Filter = strings.TrimSpace(filter)
	g.rebuild()
	return g
}

// Turn shows also what is asked for inside, or no longer.
func (g Log) Turn() Log {
	g.Inside = !g.Inside
	g.rebuild()
	return g
}

// Pause stops the log, or lets it go on with what came meanwhile.
func (g Log) Pause() Log {
	if g.Paused = !g.Paused; g.Paused {
		g.frozen = g.kept
		return g
	}
	g.Held, g.frozen = 0, nil
	g.rebuild()
	return g
}
