package checker

import (
	"cmp"
	"fmt"
	"slices"
)

// Config says what the history was to be like.
type Config struct {
	// History is how many messages a channel keeps. Required.
	History uint64
	// Recovered is how many messages must have come from the history, at least.
	Recovered int
}

// Check reads a history, which must be complete: all events, with each
// channel's Entry and Top events at the end.
func Check(events []Event, cfg Config) *Report {
	k := &check{cfg: cfg, events: events, channels: map[string]*channel{}, subscribers: map[reader]*follower{}}
	for i := range events {
		e := &events[i]
		if i > 0 && e.N <= events[i-1].N {
			k.violate("log", "the events are not in order", &events[i-1], e)
			return &k.report
		}
		k.count(e)
		if e.Channel != "" {
			k.channel(e.Channel).take(e)
		}
		k.lose(e)
	}
	for _, c := range k.inOrder() {
		k.identity(c)
		k.sent(c)
		k.epochs(c)
		k.order(c)
		k.stored(c)
	}
	k.follow()
	if n := k.report.Counts.Recovered; n < cfg.Recovered {
		k.violate("recovered", fmt.Sprintf("%d messages came from the history, not %d or more: it was not put to the test", n, cfg.Recovered))
	}
	return &k.report
}

// check is one run of Check.
type check struct {
	cfg         Config
	events      []Event
	channels    map[string]*channel
	losses      []loss
	subscribers map[reader]*follower
	report      Report
}

// channel holds what was said of one, each list in the order of the log.
type channel struct {
	name    string
	said    []*Event          // all that names a message and its position
	invokes map[string]*Event // by data
	foreign map[string]*Event // by data
	refused map[string]*Event // by data
	data    map[string]string // by id
	places  map[place]*Event  // the first to name a message there
	acks    []*Event
	entries []*Event
	top     *Event
}

// place is where an id was said to be.
type place struct {
	epoch  string
	offset uint64
	id     string
}

func (k *check) channel(name string) *channel {
	c := k.channels[name]
	if c == nil {
		c = &channel{
			name: name, invokes: map[string]*Event{}, foreign: map[string]*Event{}, refused: map[string]*Event{},
			data: map[string]string{}, places: map[place]*Event{},
		}
		k.channels[name] = c
	}
	return c
}

func (c *channel) take(e *Event) {
	switch e.Kind {
	case Invoke:
		c.invokes[e.Data] = e
	case Foreign:
		if c.foreign[e.Data] == nil { // other programs may repeat themselves
			c.foreign[e.Data] = e
		}
	case Refuse:
		c.refused[e.Data] = e
	case Ack:
		c.acks = append(c.acks, e)
		c.note(e)
	case Receive:
		if !e.Foreign {
			c.note(e)
		}
	case Entry:
		c.entries = append(c.entries, e)
		c.note(e)
	case Top:
		c.top = e
		if e.Offset > 0 {
			c.note(e)
		}
	}
}

// note takes in that an event names a message and its place.
func (c *channel) note(e *Event) {
	c.said = append(c.said, e)
	p := place{e.Epoch, e.Offset, e.ID}
	if c.places[p] == nil {
		c.places[p] = e
	}
	if e.Data != "" && c.data[e.ID] == "" {
		c.data[e.ID] = e.Data
	}
}

func (k *check) count(e *Event) {
	n := &k.report.Counts
	switch e.Kind {
	case Invoke:
		n.Sent++
	case Ack:
		n.Acknowledged++
		if e.Duplicate {
			n.Duplicates++
		}
	case Refuse:
		n.Refused++
	case Unknown:
		n.Unknown++
	case Receive:
		n.Received++
		if e.Recovered {
			n.Recovered++
		}
	case Gap:
		n.Gaps++
		n.Missing += e.Count
	case Reset:
		n.Resets++
	case Disconnect:
		n.Disconnects++
	case Fault:
		n.Faults++
	case Flushed:
		n.Flushes++
	case RolledBack:
		n.Rollbacks++
	case Subscribe:
		n.Subscriptions++
	case Moved:
		n.Moves++
	}
}

func (k *check) violate(rule, text string, proof ...*Event) {
	v := Violation{Rule: rule, Text: text}
	for _, e := range proof {
		if e != nil {
			v.Proof = append(v.Proof, *e)
		}
	}
	slices.SortStableFunc(v.Proof, func(a, b Event) int { return cmp.Compare(a.N, b.N) })
	v.Proof = slices.CompactFunc(v.Proof, func(a, b Event) bool { return a.N == b.N })
	k.report.Violations = append(k.report.Violations, v)
}

func (k *check) inOrder() []*channel {
	all := make([]*channel, 0, len(k.channels))
	for _, c := range k.channels {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *channel) int { return cmp.Compare(a.name, b.name) })
	return all
}
