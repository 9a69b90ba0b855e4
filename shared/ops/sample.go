package ops

const (
	// Space is the namespace of these channels.
	Space = "ops"
	// MetricsChannel has a [Sample] of each relay a second, with its Node as the
	// tag "node".
	MetricsChannel = Space + ":metrics"
	// AuditChannel has [Audit]s, while there is something to tell.
	AuditChannel = Space + ":audit"
)

// Sample is what one relay says of itself. While its Redis is away it can't say
// anything; what it noted meanwhile follows when Redis is back, so a sample's At
// may be well before its publication's time.
type Sample struct {
	// Node names the relay, for as long as it runs.
	Node string `json:"node"`
	// Build is that of its pages, "" if it serves none.
	Build string `json:"build,omitempty"`
	// Started and At are milliseconds since the Unix epoch: when the relay
	// began, and when this was noted.
	Started int64 `json:"started"`
	At      int64 `json:"at"`

	// What there is now.
	Connections   int `json:"connections"`
	Channels      int `json:"channels"`
	Subscriptions int `json:"subscriptions"`

	// Counted since the relay began; two samples of a node make a rate.
	Published     uint64 `json:"published"` // publishes that were taken here, but for the relay's own
	Sent          uint64 `json:"sent"`      // messages to held connections
	SentBytes     uint64 `json:"sent_bytes"`
	ReceivedBytes uint64 `json:"received_bytes"`
	Dropped       uint64 `json:"dropped"` // other programs' messages that could not be delivered
	Refused       uint64 `json:"refused"` // what a limit refused
	Slow          uint64 `json:"slow"`    // connections that were ended since their outbox was full

	// OutboxHigh is the most bytes that waited in one outbox since the sample
	// before, and OutboxLimit how many may.
	OutboxHigh  int `json:"outbox_high"`
	OutboxLimit int `json:"outbox_limit"`

	// Ready says that messages flow through Redis. Probe is how long the last
	// message to ourselves took through it and back, and Redis how long the last
	// publish of a sample took, in microseconds; 0 while there was none.
	Ready bool  `json:"ready"`
	Probe int64 `json:"probe"`
	Redis int64 `json:"redis"`

	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap"` // bytes of objects, those among them that the next collection finds dead
	// GCs counts the garbage collections, and GCPause is how long they stopped
	// everything, in microseconds, both since its process began.
	GCs     uint64 `json:"gcs"`
	GCPause uint64 `json:"gc_pause"`
}
