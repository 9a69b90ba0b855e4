package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source is where the numbers are. All of it is required, and called by
// several goroutines at a time.
type Source struct {
	// Connections are those that are held, and Requests the network connections
	// that are not: between two requests, or in one.
	Connections, Requests func() int
	// Channels are those that the relay listens to, and the subscriptions there.
	Channels func() (channels, subscriptions int)
	// Sent and Received are since the start, of connections that are held.
	Sent     func() (messages, bytes uint64)
	Received func() (bytes uint64)
	// Dropped are the messages of other programs that could not be delivered.
	Dropped func() uint64
	// Probe is how long the last message to ourselves took through Redis, or an
	// error while none comes back.
	Probe func() (time.Duration, error)
	// HighWater is the most bytes that waited in one outbox since the last call,
	// and Slow how many connections were ended since theirs was full.
	HighWater func() int
	Slow      func() uint64
	// PublishTrip is how long the last sample's publish took, 0 while there was
	// none.
	PublishTrip func() time.Duration
	// AuditLost are the events that the audit's channel and its file do not tell.
	AuditLost func() (channel, file uint64)
}

// Counters are what is counted by a label. Its methods may be called
// concurrently; those of a nil one do nothing.
type Counters struct {
	source   Source
	refusals *prometheus.CounterVec
	publish  *prometheus.CounterVec
	registry prometheus.Registerer
}

// New registers a relay's metrics; limits are the names that Refused will be
// called with, outcomes those of Published. It fails when the registry has a
// relay already.
func New(registry prometheus.Registerer, source Source, limits, outcomes []string) (*Counters, error) {
	c := &Counters{
		source: source, registry: registry,
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fanlight_limit_refusals_total", Help: "What a limit refused, or held back, by the limit.",
		}, []string{"limit"}),
		publish: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fanlight_publishes_total", Help: "Publishes that were asked for, by what became of them: taken, duplicate, or an error's code.",
		}, []string{"outcome"}),
	}
	// A series that begins with its first event hides that event from rate().
	for _, name := range limits {
		c.refusals.WithLabelValues(name)
	}
	for _, outcome := range outcomes {
		c.publish.WithLabelValues(outcome)
	}
	if err := registry.Register(c); err != nil {
		return nil, errors.New("metrics: the registry has a relay already: " + err.Error())
	}
	return c, nil
}

// Close takes the relay out of the registry.
func (c *Counters) Close() {
	if c != nil {
		c.registry.Unregister(c)
	}
}

// Refused counts what a limit refused.
func (c *Counters) Refused(limit string) {
	if c != nil {
		c.refusals.WithLabelValues(limit).Inc()
	}
}

// Published counts a publish by its outcome.
func (c *Counters) Published(outcome string) {
	if c != nil {
		c.publish.WithLabelValues(outcome).Inc()
	}
}

var (
	connections   = desc("connections", "WebSockets and event streams that are held.")
	requests      = desc("http_connections", "Network connections that are not held as a WebSocket.")
	channels      = desc("channels", "Channels that somebody here listens to.")
	subscriptions = desc("subscriptions", "Subscriptions to all channels.")
	sentMessages  = desc("sent_messages_total", "Messages, replies among them, that were written to held connections.")
	sentBytes     = desc("sent_bytes_total", "Bytes of those, without framing.")
	receivedBytes = desc("received_bytes_total", "Bytes that were read from WebSockets.")
	dropped       = desc("dropped_messages_total", "Messages that other programs published to Redis and that could not be delivered.")
	ready         = desc("ready", "1 while messages flow through Redis, else 0.")
	trip          = desc("probe_round_trip_seconds", "How long the last message to ourselves took through Redis; absent while none comes back.")
	highWater     = desc("outbox_high_water_bytes", "The most bytes that waited to be written to one connection since this was last asked for.")
	slow          = desc("slow_consumers_total", "Connections that were ended since their outbox was full.")
	publishTrip   = desc("report_publish_seconds", "How long the last publish of this relay's own figures took; absent while there was none.")
	auditLost     = desc("audit_lost_total", "Events that the audit does not tell, by whom it does not: channel or file.", "to")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("fanlight_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (c *Counters) Describe(to chan<- *prometheus.Desc) {
	c.refusals.Describe(to)
	c.publish.Describe(to)
	for _, d := range []*prometheus.Desc{
		connections, requests, channels, subscriptions, sentMessages, sentBytes, receivedBytes, dropped, ready, trip,
		highWater, slow, publishTrip, auditLost,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Counters) Collect(to chan<- prometheus.Metric) {
	c.refusals.Collect(to)
	c.publish.Collect(to)
	gauge := func(d *prometheus.Desc, v float64) { to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(connections, float64(c.source.Connections()))
	gauge(requests, float64(c.source.Requests()))
	rooms, subs := c.source.Channels()
	gauge(channels, float64(rooms))
	gauge(subscriptions, float64(subs))
	messages, bytes := c.source.Sent()
	count(sentMessages, messages)
	count(sentBytes, bytes)
	count(receivedBytes, c.source.Received())
	count(dropped, c.source.Dropped())
	gauge(highWater, float64(c.source.HighWater()))
	count(slow, c.source.Slow())
	toChannel, toFile := c.source.AuditLost()
	count(auditLost, toChannel, "channel")
	count(auditLost, toFile, "file")
	if took := c.source.PublishTrip(); took > 0 {
		gauge(publishTrip, took.Seconds())
	}
	took, err := c.source.Probe()
	if err != nil {
		gauge(ready, 0)
		return
	}
	gauge(ready, 1)
	gauge(trip, took.Seconds())
}
