package monitor

import (
	"encoding/json"
	"slices"
)

// alertsKey is where the browser keeps thresholds and alerts: some 20 KB at the
// most.
const alertsKey = "fanlight.monitor.alerts"

// kept is what it keeps.
type kept struct {
	Rules  []Rule           `json:"rules"`
	List   []Alert          `json:"list"`
	Judged map[string]int64 `json:"judged"`
}

// Keep returns the text to store.
func (a Alerts) Keep() string {
	text, err := json.Marshal(kept{a.Rules, a.List, a.judged})
	if err != nil {
		return "" // numbers that are none are not taken
	}
	return string(text)
}

// Restore reads what was stored. What can't be read was not stored by us.
func Restore(text string) Alerts {
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil || k.Rules == nil {
		return Alerts{Rules: DefaultRules()}
	}
	a := Alerts{judged: k.Judged}
	for _, r := range k.Rules {
		a, _ = a.Add(r)
	}
	for _, l := range k.List {
		if l.Rule.Valid() && len(a.List) < maxAlerts {
			a.List = append(a.List, l)
		}
	}
	return a
}

// Meet takes over what another tab of the browser has stored meanwhile: its
// thresholds, and what was seen there.
func (a Alerts) Meet(text string) Alerts {
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil || k.Rules == nil {
		return a
	}
	a.Rules = Restore(text).Rules
	for i, l := range a.List {
		if !l.Acked && slices.ContainsFunc(k.List, func(other Alert) bool { return other.Acked && other.ID() == l.ID() }) {
			a.set(i, func(l *Alert) { l.Acked = true })
		}
	}
	return a
}
