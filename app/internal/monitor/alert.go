package monitor

import (
	"slices"
	"strconv"
)

// The conditions that are no figures.
const (
	KeyAway   = "away"
	KeySilent = "silent"
)

const (
	// settle is how long a condition must be over before its alert is: what goes
	// up and down around a threshold is one alert.
	settle = 5 * second
	// margin is how far below its threshold a figure must fall, as a part of it.
	margin = 0.1
	// maxRules and maxAlerts bound what is kept.
	maxRules  = 20
	maxAlerts = 60
)

// Rule is a threshold. Two of the same are one.
type Rule struct {
	// Key is a metric's, or one of the above.
	Key string `json:"key"`
	// Below has the alert raised under Value instead of over it. Value is in the
	// metric's own measure.
	Below bool    `json:"below,omitempty"`
	Value float64 `json:"value,omitempty"`
}

// ID tells rules apart.
func (r Rule) ID() string {
	return r.Key + "-" + strconv.FormatBool(r.Below) + "-" + strconv.FormatFloat(r.Value, 'f', -1, 64)
}

// DefaultRules are those of somebody who set none.
func DefaultRules() []Rule {
	return []Rule{
		{Key: KeyAway},
		{Key: KeySilent},
		{Key: "probe", Value: 50},
		{Key: "dropped"},
		{Key: "slow"},
		{Key: "outbox", Value: 50},
	}
}

// Valid reports whether a rule is one.
func (r Rule) Valid() bool {
	return r.Key == KeyAway || r.Key == KeySilent || metric(r.Key) != nil && r.Value >= 0 && r.Value < 1e12
}

// Words says when it raises an alert.
func (r Rule) Words() string {
	switch r.Key {
	case KeyAway:
		return "Redis is away"
	case KeySilent:
		return "A relay is silent"
	}
	m := metric(r.Key)
	words := m.Name + " over "
	if r.Below {
		words = m.Name + " under "
	}
	words += strconv.FormatFloat(r.Value, 'f', -1, 64)
	if m.Measure != "" {
		words += " " + m.Measure
	}
	return words
}

// judge says whether a figure raises the alert, and whether it lets one end:
// between the two nothing changes.
func (r Rule) judge(v float64) (bad, calm bool) {
	v /= metric(r.Key).Scale
	if r.Below {
		return v < r.Value, v >= r.Value*(1+margin)
	}
	return v > r.Value, v <= r.Value*(1-margin)
}

// Alert is a rule that was broken, once.
type Alert struct {
	Rule Rule `json:"rule"`
	// Node is the relay; "" if it is none's.
	Node string `json:"node,omitempty"`
	// Since and Until are when; Until is 0 while it lasts.
	Since int64 `json:"since"`
	Until int64 `json:"until,omitempty"`
	// Worst is the figure farthest from the threshold.
	Worst float64 `json:"worst,omitempty"`
	// Acked says that somebody has seen it.
	Acked bool `json:"acked,omitempty"`

	calm int64 // since when its condition is over
}

// ID tells alerts apart, also between the tabs of a browser.
func (a *Alert) ID() string {
	return a.Rule.ID() + "-" + a.Node + "-" + strconv.FormatInt(a.Since, 10)
}

// Words says what is wrong.
func (a *Alert) Words() string {
	words := a.Rule.Words()
	switch a.Rule.Key {
	case KeySilent:
		return a.Node + " is silent"
	case KeyAway:
		return words
	}
	if a.Node != "" {
		words += " on " + a.Node
	}
	return words + ": " + metric(a.Rule.Key).unit.put(a.Worst)
}

// Alerts are the thresholds, and what passed them.
type Alerts struct {
	Rules []Rule
	// List has the newest first.
	List []Alert
	// Raised counts the alerts that were raised while one watched.
	Raised int

	judged map[string]int64 // by node, up to when its samples were judged
}

// set has the list be the value's own.
func (a *Alerts) set(i int, change func(*Alert)) {
	a.List = slices.Clone(a.List)
	change(&a.List[i])
}

// note takes in how it stands with a rule.
func (a *Alerts) note(r Rule, node string, at int64, bad, calm bool, value float64) {
	i := slices.IndexFunc(a.List, func(l Alert) bool { return l.Rule == r && l.Node == node && l.Until == 0 })
	switch {
	case i < 0 && bad:
		// What comes late may belong to one that is over.
		before := slices.IndexFunc(a.List, func(l Alert) bool { return l.Rule == r && l.Node == node && l.Until >= at })
		if before < 0 {
			a.raise(Alert{Rule: r, Node: node, Since: at, Worst: value})
		}
	case i < 0:
	case bad && (r.Below && value < a.List[i].Worst || !r.Below && value > a.List[i].Worst):
		a.set(i, func(l *Alert) { l.calm, l.Worst = 0, value })
	case !calm:
		if a.List[i].calm != 0 {
			a.set(i, func(l *Alert) { l.calm = 0 })
		}
	case a.List[i].calm == 0:
		a.set(i, func(l *Alert) { l.calm = at })
	case at-a.List[i].calm >= settle:
		a.set(i, func(l *Alert) { l.Until, l.calm = l.calm, 0 })
	}
}

// raise puts an alert on top. What is over makes room, the oldest first.
func (a *Alerts) raise(fresh Alert) {
	a.List = append([]Alert{fresh}, a.List...)
	a.Raised++
	if len(a.List) <= maxAlerts {
		return
	}
	out := maxAlerts
	for i, l := range slices.Backward(a.List) {
		if l.Until != 0 {
			out = i
			break
		}
	}
	a.List = slices.Delete(a.List, out, out+1)
}

// Judge looks at a node's sample. One that was judged before, perhaps before a
// reload, is not judged again.
func (a Alerts) Judge(n *Node, i int) Alerts {
	before, p := n.Pair(i)
	if p.At <= a.judged[n.Name] {
		return a
	}
	judged := make(map[string]int64, len(a.judged)+1)
	for name, at := range a.judged {
		if at > p.At-2*window {
			judged[name] = at
		}
	}
	judged[n.Name] = p.At
	a.judged = judged
	for _, r := range a.Rules {
		switch r.Key {
		case KeySilent:
		case KeyAway:
			a.note(r, "", p.At, p.Away(), !p.Away(), 0)
		default:
			if v, known := metric(r.Key).Value(before, p); known {
				bad, calm := r.judge(v)
				a.note(r, n.Name, p.At, bad, calm, v)
			}
		}
	}
	return a
}

// Tick looks at what no sample tells: that none comes.
func (a Alerts) Tick(f Fleet, o Outage, now int64) Alerts {
	for _, r := range a.Rules {
		switch {
		case r.Key == KeyAway && o.Flow == RedisAway:
			a.note(r, "", o.Since, true, false, 0)
		case r.Key == KeySilent && o.Flow == Flowing && now-o.Steady > silentAfter:
			// While nothing comes at all, that is no relay's own silence.
			for i := range f.Nodes {
				n := &f.Nodes[i]
				silent := n.Silent(now)
				at := now
				if silent {
					at = n.Heard
				}
				a.note(r, n.Name, at, silent, !silent, 0)
			}
		}
	}
	// A relay that was forgotten is waited for no longer.
	for i, l := range a.List {
		if l.Until == 0 && l.Node != "" && f.Node(l.Node) == nil && now-l.Since > window {
			a.set(i, func(l *Alert) { l.Until = now })
		}
	}
	return a
}

// Add adds a rule, and says why it doesn't.
func (a Alerts) Add(r Rule) (next Alerts, problem string) {
	switch {
	case !r.Valid():
		return a, "A threshold is a number, 0 or more."
	case slices.Contains(a.Rules, r):
		return a, "There is such a threshold already."
	case len(a.Rules) >= maxRules:
		return a, "There are " + strconv.Itoa(maxRules) + " thresholds already: remove one first."
	}
	a.Rules = append(slices.Clone(a.Rules), r)
	return a, ""
}

// Remove removes a rule; its alerts are over.
func (a Alerts) Remove(r Rule, now int64) Alerts {
	a.Rules = slices.DeleteFunc(slices.Clone(a.Rules), func(other Rule) bool { return other == r })
	for i, l := range a.List {
		if l.Rule == r && l.Until == 0 {
			a.set(i, func(l *Alert) { l.Until = max(now, l.Since) })
		}
	}
	return a
}

// Ack notes that somebody has seen an alert.
func (a Alerts) Ack(id string) Alerts {
	for i := range a.List {
		if a.List[i].ID() == id {
			a.set(i, func(l *Alert) { l.Acked = true })
		}
	}
	return a
}

// Clear forgets what is over.
func (a Alerts) Clear() Alerts {
	a.List = slices.DeleteFunc(slices.Clone(a.List), func(l Alert) bool { return l.Until != 0 })
	return a
}

// Open counts the alerts that last, and those of them that nobody has seen.
func (a Alerts) Open() (open, unseen int) {
	for i := range a.List {
		if a.List[i].Until == 0 {
			open++
			if !a.List[i].Acked {
				unseen++
			}
		}
	}
	return open, unseen
}
