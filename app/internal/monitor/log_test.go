package monitor

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"fanlight/app/internal/live"
	"fanlight/app/internal/slots"
	"fanlight/shared/client"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// told is a report of entries on so many channels, named by the numbers from a
// first one on.
func told(t *testing.T, first, n int, lost uint64) client.Event {
	t.Helper()
	a := ops.Audit{Node: "a", Lost: lost}
	for i := range n {
		a.Entries = append(a.Entries, ops.Entry{Op: ops.OpPublish, Channel: "c" + strconv.Itoa(first+i), Count: 1, Outcome: ops.OutcomeOK})
	}
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return client.Received{Publication: protocol.Publication{Channel: ops.AuditChannel, Data: data}}
}

// channels are what is shown, the newest first.
func (g Log) channels() (all []string) {
	rows := slices.Clone(g.Rows)
	slices.SortFunc(rows, func(a, b slots.Row[*ops.Entry]) int { return int(b.Turn) - int(a.Turn) }) //nolint:gosec // few
	for _, r := range rows {
		all = append(all, r.Item.Channel)
	}
	return all
}

func TestTheLogShowsTheNewestAndCountsWhatIsMissing(t *testing.T) {
	var g Log
	for i := range 25 {
		g = g.Take(live.Batch{Events: []client.Event{told(t, 100*i, 100, uint64(i%2))}}) //nolint:gosec // small
	}
	g = g.Take(live.Batch{Dropped: 2, Events: []client.Event{client.Gap{Gap: protocol.Gap{Count: 3}}}})
	got := g.channels()
	if len(got) != slots.Max || got[0] != "c2499" || got[slots.Max-1] != "c2300" {
		t.Errorf("%d are shown, from %s to %s", len(got), got[0], got[len(got)-1])
	}
	if g.Total != 2500 || g.Lost != 12 || g.Missed != 5 || len(g.kept) != maxEntries {
		t.Errorf("%d came, %d are lost, %d missed, %d kept", g.Total, g.Lost, g.Missed, len(g.kept))
	}
	if got := (&logView{state: g}).count(); got != "200 of 2500 shown; 12 not told, the relays were too busy; 5 reports missed here" {
		t.Errorf("it says %q", got)
	}
}

func TestTheFilterLooksThroughWhatIsKept(t *testing.T) {
	g := Log{}.Take(live.Batch{Events: []client.Event{told(t, 0, 900, 0)}}).Sift(" C12 ")
	if got := g.channels(); len(got) != 11 || got[0] != "c129" || got[10] != "c12" {
		t.Errorf("it shows %v", got)
	}
	g = g.Take(live.Batch{Events: []client.Event{told(t, 1000, 300, 0)}})
	if got := g.channels(); got[0] != "c1299" {
		t.Errorf("then it shows %v", got[:3])
	}
	if g = g.Sift("no such"); len(g.Rows) != 0 {
		t.Errorf("it shows %v", g.channels())
	}
}

func TestAPauseHoldsTheLogAndLosesNothing(t *testing.T) {
	g := Log{}.Take(live.Batch{Events: []client.Event{told(t, 0, 3, 0)}}).Pause()
	g = g.Take(live.Batch{Events: []client.Event{told(t, 3, 4, 0)}})
	if got := g.channels(); got[0] != "c2" || g.Held != 4 {
		t.Errorf("it shows %v and holds %d", got, g.Held)
	}
	if g = g.Sift("c3"); len(g.Rows) != 0 {
		t.Errorf("the filter finds %v, which came since", g.channels())
	}
	if g = g.Sift("").Pause(); len(g.Rows) != 7 || g.Held != 0 {
		t.Errorf("after it, it shows %v", g.channels())
	}
}

func TestWhatIsNoReportIsNoEntry(t *testing.T) {
	forged := client.Received{Publication: protocol.Publication{Channel: ops.AuditChannel, Foreign: true, Data: json.RawMessage(`{"node":"x","entries":[{"op":"publish"}]}`)}}
	broken := client.Received{Publication: protocol.Publication{Channel: ops.AuditChannel, Data: json.RawMessage(`"?"`)}}
	if g := (Log{}).Take(live.Batch{Events: []client.Event{forged, broken}}); g.Total != 0 {
		t.Errorf("%d came", g.Total)
	}
}

func TestWhatRelaysDoThemselvesIsShownOnDemandAndCrowdsNobodyOut(t *testing.T) {
	inside := func(name string) client.Event {
		a := ops.Audit{Node: "a"}
		for range 100 {
			a.Entries = append(a.Entries, ops.Entry{Op: ops.OpPublish, Way: ops.WayInside, Channel: name, Count: 1, Outcome: ops.OutcomeOK})
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return client.Received{Publication: protocol.Publication{Channel: ops.AuditChannel, Data: data}}
	}
	g := Log{}.Take(live.Batch{Events: []client.Event{told(t, 0, 3, 0)}})
	for range 30 {
		g = g.Take(live.Batch{Events: []client.Event{inside("market:quotes")}})
	}
	if got := g.channels(); !slices.Equal(got, []string{"c2", "c1", "c0"}) || g.Total != 3003 {
		t.Errorf("%d came, and it shows %q", g.Total, got)
	}
	g = g.Turn()
	if got := g.channels(); len(got) != slots.Max || got[0] != "market:quotes" || len(g.kept) != maxEntries {
		t.Errorf("on demand it shows %d, of %d", len(got), len(g.kept))
	}
	if got := g.Turn().Sift("c1").channels(); !slices.Equal(got, []string{"c1"}) {
		t.Errorf("it shows %q", got)
	}
}
