package dashboard

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// air is the first sensor: 16 to 26 °C.
func air() demo.Sensor { return demo.Fleet()[0] }

func read(offset uint64, seq int64, value float64) client.Received {
	return published(air().Channel(), offset, demo.Reading{Seq: seq, At: seq * demo.ReadingInterval, Value: value})
}

func TestASensorIsInOrderOutOfRangeOrSilent(t *testing.T) {
	f := NewFleet()
	g := &f.Gauges[0]
	state := func(what string, want State) {
		t.Helper()
		if g.State != want {
			t.Errorf("%s: %s", what, stateWord[g.State])
		}
	}
	f.Apply(client.Subscribed{Channel: air().Channel()}, noon)
	f.Tick(noon.Add(patience))
	state("soon after it was asked", Unheard)
	f.Tick(noon.Add(patience + 1))
	state("never heard", Silent)
	f.Apply(read(1, 10, 20), noon)
	state("within the range", InOrder)
	f.Apply(read(2, 11, 26), noon)
	state("at its end", InOrder)
	f.Apply(read(3, 12, 26.1), noon)
	state("above it", OutOfRange)
	f.Apply(read(4, 13, 15.9), noon)
	state("below it", OutOfRange)
	if f.Count(OutOfRange) != 1 || f.Count(Unheard) != len(f.Gauges)-1 {
		t.Errorf("%d are out of range", f.Count(OutOfRange))
	}
	turn := g.Turn
	f.Tick(noon.Add(patience))
	if state("while it may be late", OutOfRange); g.Turn != turn {
		t.Error("it turned without a change")
	}
	f.Tick(noon.Add(patience + 1))
	state("too late", Silent)
	f.Apply(read(5, 20, 20), noon.Add(patience+2))
	state("heard again", InOrder)
}

func TestATabThatIsAwayCallsNobodySilent(t *testing.T) {
	f := NewFleet()
	f.Apply(read(1, 10, 20), noon)
	f.Apply(client.Disconnected{Err: errors.New("gone")}, noon)
	f.Tick(noon.Add(time.Hour))
	if f.Gauges[0].State != Unknown {
		t.Errorf("away, it is %s", stateWord[f.Gauges[0].State])
	}
	f.Apply(client.Connected{}, noon.Add(time.Hour))
	f.Apply(client.Subscribed{Channel: air().Channel()}, noon.Add(time.Hour))
	f.Tick(noon.Add(time.Hour + time.Second))
	if f.Gauges[0].State != Unheard {
		t.Errorf("back, it is %s", stateWord[f.Gauges[0].State])
	}
	f.Apply(client.Refused{Channel: air().Channel(), Err: errors.New("no")}, noon)
	if f.Tick(noon.Add(2 * time.Hour)); f.Gauges[0].State != Closed {
		t.Errorf("refused, it is %s", stateWord[f.Gauges[0].State])
	}
}

func TestWhatWasMissedAndWhatWasNeverSentAreToldApart(t *testing.T) {
	f := NewFleet()
	g := &f.Gauges[0]
	f.Apply(read(1, 10, 20), noon)
	f.Apply(read(2, 11, 20), noon)
	if g.Missed+g.Unsent != 0 || g.trace.last().broken() {
		t.Error("without a hole something is missing")
	}
	f.Apply(read(3, 15, 20), noon) // 12 to 14 were not sent
	if g.Missed != 0 || g.Unsent != 3 {
		t.Errorf("a sensor that paused: %d missed, %d not sent", g.Missed, g.Unsent)
	}
	f.Apply(client.Gap{Gap: protocol.Gap{Channel: air().Channel(), Epoch: "e", From: 4, To: 5, Count: 2}}, noon)
	if g.Missed != 2 {
		t.Errorf("a gap is told at once: %d missed", g.Missed)
	}
	f.Apply(read(6, 20, 20), noon) // of 16 to 19, two were sent
	if g.Missed != 2 || g.Unsent != 5 {
		t.Errorf("both at once: %d missed, %d not sent", g.Missed, g.Unsent)
	}
	if s := g.trace.last(); s.Missed != 2 || s.Unsent != 2 || s.Anew {
		t.Errorf("the step is %+v", *s)
	}
	f.Apply(client.Reset{Reset: protocol.Reset{Channel: air().Channel(), Epoch: "f"}}, noon)
	next := read(1, 30, 20)
	next.Epoch = "f"
	f.Apply(next, noon)
	if s := g.trace.last(); !s.Anew || s.Missed+s.Unsent != 0 || g.Resets != 1 || g.Missed != 2 || g.Unsent != 5 {
		t.Errorf("of a history that began anew nobody knows what is missing: %+v", *s)
	}
	if holeWords(g) != "2 missed, 5 not sent, began anew" {
		t.Errorf("it says %q", holeWords(g))
	}
}

func TestWhatATabLetsGoOfIsMissed(t *testing.T) {
	f := NewFleet()
	f.Apply(read(1, 10, 20), noon)
	f.Apply(read(5, 14, 20), noon)
	g := &f.Gauges[0]
	if g.Missed != 3 || g.Unsent != 0 {
		t.Errorf("%d missed, %d not sent", g.Missed, g.Unsent)
	}
	f.Apply(client.Subscribed{Channel: air().Channel(), Filtered: true}, noon)
	if f.Apply(read(9, 15, 20), noon); g.Missed != 3 {
		t.Errorf("what a filter of the server's holds back counts as missed: %d", g.Missed)
	}
}

func TestWhatCameBeforeIsTakenOnce(t *testing.T) {
	f := NewFleet()
	f.Apply(read(1, 10, 20), noon)
	f.Apply(read(2, 11, 20), noon)
	turn := f.Gauges[0].Turn
	foreign := read(0, 12, 99)
	foreign.Foreign = true
	f.Apply(foreign, noon)
	f.Apply(read(2, 11, 99), noon)
	f.Apply(read(3, 4, 99), noon)
	f.Apply(published(air().Channel(), 4, "hello"), noon)
	if g := &f.Gauges[0]; g.Turn != turn || g.State != InOrder || len(f.Alerts.List()) != 0 {
		t.Errorf("it turned, or is %s", stateWord[g.State])
	}
}

func TestARecoveredReadingIsAsOldAsItIs(t *testing.T) {
	f := NewFleet()
	old := read(1, 10, 20)
	old.Recovered, old.Latency = true, time.Minute
	f.Apply(old, noon)
	if f.Tick(noon); f.Gauges[0].State != Silent {
		t.Errorf("a minute after the last reading it is %s", stateWord[f.Gauges[0].State])
	}
}

func TestAnAlertLastsUntilTheSensorIsInOrderForAWhile(t *testing.T) {
	f := NewFleet()
	for i, value := range []float64{20, 27, 30, 28, 20, 27, 20} {
		f.Apply(read(uint64(i+1), int64(i+1), value), noon)
	}
	all := f.Alerts.List()
	if want := (Alert{From: 2000, Until: 7000, Peak: 30}); len(all) != 1 || all[0] != want {
		t.Fatalf("one that wavers: %+v", all)
	}
	f.Apply(read(8, 18, 2), noon)
	all = f.Alerts.List()
	if want := (Alert{From: 18_000, Peak: 2}); len(all) != 2 || all[0] != want {
		t.Errorf("the next: %+v", all)
	}
}

func TestTheAlertsTurnWhenASensorFallsSilentOrIsHeardAgain(t *testing.T) {
	f := NewFleet()
	f.Apply(read(1, 1, 30), noon)
	turn := f.Alerts.Turn
	f.Tick(noon.Add(patience))
	if f.Alerts.Turn != turn {
		t.Error("they turned without a change")
	}
	f.Tick(noon.Add(patience + 1))
	if f.Alerts.Turn == turn {
		t.Error("one still says that it is out of range")
	}
	turn = f.Alerts.Turn
	if f.Apply(read(2, 9, 30), noon.Add(2*patience)); f.Alerts.Turn == turn {
		t.Error("one still says when it was last heard")
	}
}

func TestAlertsAreBounded(t *testing.T) {
	f := NewFleet()
	for n := range int64(4 * maxAlerts) {
		f.Apply(read(uint64(2*n+1), 100*n+1, 99), noon)
		f.Apply(read(uint64(2*n+2), 100*n+2, 20), noon)
	}
	if all := f.Alerts.List(); len(all) != maxAlerts || all[0].From <= all[1].From {
		t.Errorf("%d alerts, from %d and %d", len(all), all[0].From, all[1].From)
	}
	if len(f.Alerts.unsaid) > maxNames+1 {
		t.Errorf("%d wait to be said", len(f.Alerts.unsaid))
	}
}

func TestAlertsAreSaidNowAndThenAndWhatIsRecoveredIsNot(t *testing.T) {
	f := NewFleet()
	old := read(1, 1, 99)
	old.Recovered = true
	f.Apply(old, noon)
	if f.Tick(noon); f.Alerts.Announcement != "" {
		t.Errorf("it says of the past: %q", f.Alerts.Announcement)
	}
	out := func(gauge int) {
		s := demo.Fleet()[gauge]
		f.Apply(published(s.Channel(), 2, demo.Reading{Seq: 2, At: 2000, Value: s.High + 5}), noon)
	}
	out(1)
	f.Tick(noon)
	if want := "Out of range: harbour cold, −11.0 °C."; f.Alerts.Announcement != want {
		t.Errorf("it says %q", f.Alerts.Announcement)
	}
	for gauge := 2; gauge < 8; gauge++ {
		out(gauge)
	}
	if f.Tick(noon.Add(quiet - 1)); strings.Contains(f.Alerts.Announcement, "damp") {
		t.Error("it chatters")
	}
	f.Tick(noon.Add(quiet))
	if want := "Out of range: harbour damp, 65.0 %; harbour pump, 9.0 bar; harbour load, 14.0 kW; and others."; f.Alerts.Announcement != want {
		t.Errorf("it says %q", f.Alerts.Announcement)
	}
}
