package monitor

import (
	"testing"
)

// watched is a state with some thresholds.
func watched(rules ...Rule) State {
	return State{Outage: NewOutage(start), Alerts: Alerts{Rules: rules}}
}

// take takes samples one by one, each when it was published.
func (s State) take(all ...News) State {
	for _, n := range all {
		s = s.Take([]News{n}, n.Published+1)
		s, _ = s.Tick(n.Published + 2)
	}
	return s
}

// is checks the alerts, newest first, each as its words and whether it lasts.
func (s State) is(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for i := range s.Alerts.List {
		a := &s.Alerts.List[i]
		text := a.Words()
		if a.Until != 0 {
			text += " (over after " + lasted(a.Since, a.Until) + ")"
		}
		got = append(got, text)
	}
	if len(got) != len(want) {
		t.Fatalf("the alerts are %q, not %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("alert %d is %q, not %q", i, got[i], want[i])
		}
	}
}

func TestAThresholdRaisesOneAlertHoweverOftenItIsPassed(t *testing.T) {
	s := watched(Rule{Key: "probe", Value: 50})
	s = s.take(sample("a", 1, probe(50_000)))
	s.is(t)                             // not over it
	for i := int64(2); i < 20; i += 4 { // up once, and down for three seconds
		s = s.take(sample("a", i, probe(50_000+1000*i)), sample("a", i+1, probe(10_000)), sample("a", i+2, probe(10_000)), sample("a", i+3, probe(10_000)))
	}
	s.is(t, "Probe over 50 ms on a: 68 ms")
	if s.Alerts.Raised != 1 {
		t.Errorf("it was raised %d times", s.Alerts.Raised)
	}
	// Just below does not count, and five seconds well below do.
	for i := int64(22); i < 40; i++ {
		s = s.take(sample("a", i, probe(46_000)))
	}
	s.is(t, "Probe over 50 ms on a: 68 ms")
	for i := int64(40); i <= 45; i++ {
		s = s.take(sample("a", i, probe(45_000)))
	}
	s.is(t, "Probe over 50 ms on a: 68 ms (over after 38 s)")
	s = s.take(sample("a", 46, probe(90_000)))
	s.is(t, "Probe over 50 ms on a: 90 ms", "Probe over 50 ms on a: 68 ms (over after 38 s)")
}

func TestEachRelayHasItsOwnAlertAndUnderIsTheOtherWayRound(t *testing.T) {
	s := watched(Rule{Key: "connections", Below: true, Value: 2})
	s = s.take(sample("a", 1, connections(1)), sample("b", 1, connections(2)), sample("b", 2, connections(0)), sample("a", 2, connections(2)))
	s.is(t, "Connections under 2 on b: 0", "Connections under 2 on a: 1")
	for i := int64(3); i < 10; i++ {
		s = s.take(sample("a", i, connections(3)), sample("b", i, connections(2)))
	}
	s.is(t, "Connections under 2 on b: 0", "Connections under 2 on a: 1 (over after 2 s)")
}

func TestAnOutageIsOneAlertFromItsNoticeToItsBackfill(t *testing.T) {
	s := watched(Rule{Key: KeyAway}, Rule{Key: KeySilent}).take(sample("a", 1), sample("b", 1), sample("a", 2), sample("b", 2))
	s, ask := s.Tick(at(4500))
	if !ask {
		t.Fatal("nobody asks")
	}
	s.Outage = s.Outage.Answer(503, away503, at(4600))
	for i := int64(5); i < 9; i++ {
		s, _ = s.Tick(at(i * second))
	}
	s.is(t, "Redis is away") // and no relay's own silence
	for i := int64(3); i < 9; i++ {
		s = s.take(sample("a", i, without).after(9-i), sample("b", i, without).after(9-i))
	}
	for i := int64(9); i < 16; i++ {
		s = s.take(sample("a", i), sample("b", i))
	}
	s.is(t, "Redis is away (over after 7 s)")
	// What a third relay has to say of it comes late, and is no news.
	s = s.take(sample("c", 6, without).after(11), sample("c", 17))
	s.is(t, "Redis is away (over after 7 s)")
}

func TestARelayThatFallsSilentWhileOthersSpeakIsAnAlert(t *testing.T) {
	s := watched(Rule{Key: KeySilent}).take(sample("a", 1), sample("b", 1))
	for i := int64(2); i < 8; i++ {
		s = s.take(sample("b", i))
	}
	s.is(t, "a is silent")
	if a := s.Alerts.List[0]; a.Since != at(1005) {
		t.Errorf("since %d", a.Since-start)
	}
	for i := int64(8); i < 15; i++ {
		s = s.take(sample("a", i), sample("b", i))
	}
	s.is(t, "a is silent (over after 7 s)")
}

func TestATabThatSleptCallsNobodySilent(t *testing.T) {
	s := watched(Rule{Key: KeySilent}).take(sample("a", 1), sample("b", 1), sample("a", 2), sample("b", 2), sample("a", 6), sample("b", 6))
	s = s.Take([]News{sample("a", 60)}, at(60*second+10)) // b's is on its way
	s, _ = s.Tick(at(60*second + 20))
	s.is(t)
}

func TestWhatIsKeptIsNotRaisedAgainAfterAReload(t *testing.T) {
	past := []News{sample("a", 1, probe(80_000)), sample("a", 2, probe(10_000))}
	s := watched(Rule{Key: "probe", Value: 50}).take(past...)
	s.Alerts = s.Alerts.Ack(s.Alerts.List[0].ID())
	again := State{Outage: NewOutage(at(3000)), Alerts: Restore(s.Alerts.Keep())}
	again = again.Take(append(past, sample("a", 3, probe(10_000))), at(3010))
	again.is(t, "Probe over 50 ms on a: 80 ms")
	if !again.Alerts.List[0].Acked || again.Alerts.Raised != 0 {
		t.Errorf("it is %+v, and %d were raised", again.Alerts.List[0], again.Alerts.Raised)
	}
	s.Alerts.List = nil // cleared
	gone := State{Outage: NewOutage(at(3000)), Alerts: Restore(s.Alerts.Keep())}
	gone.Take(past, at(3010)).is(t)
	if open, unseen := again.Alerts.Open(); open != 1 || unseen != 0 {
		t.Errorf("%d last, %d of them unseen", open, unseen)
	}
}

func TestWhatIsNotOursIsNotRestored(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"list":[{}]}`} {
		if a := Restore(text); len(a.Rules) != len(DefaultRules()) || len(a.List) != 0 {
			t.Errorf("%q is %+v", text, a)
		}
	}
	a := Restore(`{"rules":[{"key":"no such"},{"key":"probe","value":-1},{"key":"heap","value":5},{"key":"heap","value":5}],"list":[{"rule":{"key":"no such"}}]}`)
	if len(a.Rules) != 1 || a.Rules[0].Words() != "Heap over 5 MB" || len(a.List) != 0 {
		t.Errorf("it is %+v", a)
	}
}

func TestThresholdsAreSetRemovedAndBounded(t *testing.T) {
	a, problem := Alerts{}.Add(Rule{Key: "heap", Value: 5})
	if problem != "" || len(a.Rules) != 1 {
		t.Fatal(problem)
	}
	for _, r := range []Rule{{Key: "heap", Value: 5}, {Key: "heap", Value: -1}, {Key: "x"}} {
		if _, problem := a.Add(r); problem == "" {
			t.Errorf("%+v is taken", r)
		}
	}
	for i := range maxRules {
		a, problem = a.Add(Rule{Key: "connections", Value: float64(i)})
	}
	if len(a.Rules) != maxRules || problem == "" {
		t.Errorf("there are %d", len(a.Rules))
	}
	s := watched(Rule{Key: "connections"}).take(sample("a", 1, connections(1)))
	s.Alerts = s.Alerts.Remove(Rule{Key: "connections"}, at(5*second))
	s.is(t, "Connections over 0 on a: 1 (over after 4 s)")
	if s.Alerts = s.Alerts.Clear(); len(s.Alerts.List) != 0 {
		t.Error("it is not cleared")
	}
}

func TestAlertsAreBoundedAndThoseThatAreOverGoFirst(t *testing.T) {
	var a Alerts
	a.raise(Alert{Rule: Rule{Key: KeySilent}, Node: "lasts", Since: 1})
	a.raise(Alert{Rule: Rule{Key: KeySilent}, Node: "over", Since: 2, Until: 3})
	for i := range int64(maxAlerts) {
		a.raise(Alert{Rule: Rule{Key: KeySilent}, Node: "n", Since: 10 + i})
	}
	if len(a.List) != maxAlerts || a.List[maxAlerts-1].Since != 10 {
		t.Errorf("there are %d, the oldest is %+v", len(a.List), a.List[len(a.List)-1])
	}
}

func TestAnotherTabsAcknowledgementsAndThresholdsAreTakenOver(t *testing.T) {
	one := watched(Rule{Key: "connections"}).take(sample("a", 1, connections(1))).Alerts
	other := one.Ack(one.List[0].ID())
	other, _ = other.Add(Rule{Key: KeyAway})
	if one = one.Meet(other.Keep()); !one.List[0].Acked || len(one.Rules) != 2 {
		t.Errorf("it is %+v", one)
	}
}
