package monitor

// Metric is a figure of a relay.
type Metric struct {
	// Key names it in what the browser keeps.
	Key string
	// Name is for people.
	Name string
	// Measure is what a threshold is in, scaled by Scale: it may be in MB while
	// the figure is in bytes.
	Measure string
	Scale   float64

	unit unit
	// One of them is set: a gauge is a figure as it is, and what is counted since
	// the relay began becomes a rate.
	gauge func(*Point) float64
	count func(*Point) uint64
	// absent is a gauge that is 0 while there was none.
	absent bool
}

// The figures, in the order of the table.
var metrics = []Metric{
	{Key: "connections", Name: "Connections", Scale: 1, gauge: func(p *Point) float64 { return float64(p.Connections) }},
	{Key: "subscriptions", Name: "Subscriptions", Scale: 1, gauge: func(p *Point) float64 { return float64(p.Subscriptions) }},
	{Key: "sent", Name: "Messages out", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.Sent }},
	{Key: "published", Name: "Publishes", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.Published }},
	{Key: "bytes", Name: "Bytes out", Measure: "KB a second", Scale: 1024, unit: byterate, count: func(p *Point) uint64 { return p.SentBytes }},
	{Key: "received", Name: "Bytes in", Measure: "KB a second", Scale: 1024, unit: byterate, count: func(p *Point) uint64 { return p.ReceivedBytes }},
	{Key: "dropped", Name: "Dropped", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.Dropped }},
	{Key: "refused", Name: "Refused", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.Refused }},
	{Key: "slow", Name: "Slow consumers", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.Slow }},
	{Key: "outbox", Name: "Outbox peak", Measure: "% of its limit", Scale: 1, unit: percent, gauge: func(p *Point) float64 {
		if p.OutboxLimit <= 0 {
			return 0
		}
		return 100 * float64(p.OutboxHigh) / float64(p.OutboxLimit)
	}},
	{Key: "probe", Name: "Probe", Measure: "ms", Scale: 1000, unit: micros, absent: true, gauge: func(p *Point) float64 { return float64(p.Probe) }},
	{Key: "redis", Name: "Redis", Measure: "ms", Scale: 1000, unit: micros, absent: true, gauge: published},
	{Key: "goroutines", Name: "Goroutines", Scale: 1, gauge: func(p *Point) float64 { return float64(p.Goroutines) }},
	{Key: "heap", Name: "Heap", Measure: "MB", Scale: 1 << 20, unit: bytes, gauge: func(p *Point) float64 { return float64(p.Heap) }},
	{Key: "gcs", Name: "GC", Measure: "a second", Scale: 1, unit: rate, count: func(p *Point) uint64 { return p.GCs }},
	{Key: "pause", Name: "GC pause", Measure: "ms a second", Scale: 1000, unit: micros, count: func(p *Point) uint64 { return p.GCPause }},
}

// published is how long the last publish took, unless there could be none.
func published(p *Point) float64 {
	if !p.Ready {
		return 0
	}
	return float64(p.Redis)
}

// outboxBytes is the outbox's peak where a threshold has no say.
var outboxBytes = Metric{Key: "outbox-bytes", Name: "Outbox peak", unit: bytes, gauge: func(p *Point) float64 { return float64(p.OutboxHigh) }}

// metric returns the one of a key, nil without.
func metric(key string) *Metric {
	for i := range metrics {
		if metrics[i].Key == key {
			return &metrics[i]
		}
	}
	return nil
}

// Value returns the figure, and whether it is known. A rate takes the sample
// before, of the same run of the relay, since one that begins anew counts anew.
func (m *Metric) Value(before, p *Point) (float64, bool) {
	if m.gauge != nil {
		v := m.gauge(p)
		return v, v != 0 || !m.absent
	}
	if before == nil || before.Started != p.Started || p.At <= before.At {
		return 0, false
	}
	was, is := m.count(before), m.count(p)
	if is < was {
		return 0, false
	}
	return float64(is-was) * second / float64(p.At-before.At), true
}

// Put writes a node's newest figure.
func (m *Metric) Put(n *Node) string {
	v, known := m.Value(n.Pair(len(n.Points) - 1))
	if !known {
		return unknown
	}
	return m.unit.put(v)
}
