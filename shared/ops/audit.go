package ops

// What may be asked for.
const (
	OpPublish     = "publish"
	OpSubscribe   = "subscribe"
	OpUnsubscribe = "unsubscribe"
	OpHistory     = "history"
	OpPresence    = "presence"
)

// The ways in.
const (
	WayV1     = "fanlight.v1"
	WayPlain  = "websocket"
	WaySSE    = "sse"
	WayHTTP   = "http"
	WayInside = "inside" // a part of the relay's own process
)

// MaxChannel is the most bytes of a channel's name that an entry tells.
const MaxChannel = 128

// OutcomeOK is an entry's outcome when it was done.
const OutcomeOK = "ok"

// Audit is what one relay tells at a time, in order.
type Audit struct {
	Node    string  `json:"node"`
	Entries []Entry `json:"entries"`
	// Lost counts what could not be told, since there was more than the relay
	// keeps for a listener or a disk that is too slow.
	Lost uint64 `json:"lost,omitempty"`
}

// Entry is something that somebody asked for, or the same thing several times
// within a quarter of a second. It is also a line of the audit file, with its node.
type Entry struct {
	Node string `json:"node,omitempty"` // in the file; an [Audit] names it once
	// At is when, and Until the last time if there were several, in milliseconds
	// since the Unix epoch. Count is how often, at least 1.
	At    int64 `json:"at"`
	Until int64 `json:"until,omitempty"`
	Count int   `json:"count"`
	// Op is one of the constants above, Outcome is [OutcomeOK] or an error's code.
	Op      string `json:"op"`
	Outcome string `json:"outcome"`
	// Channel is as it was asked for, cut to [MaxChannel] bytes and an ellipsis
	// if no channel can be called that; "" when the request was refused before
	// it came to that.
	Channel string `json:"channel"`
	// User is the token's subject, or what somebody without one calls itself
	// where everything is open; From is the address, Way the way in.
	User string `json:"user,omitempty"`
	From string `json:"from,omitempty"`
	Way  string `json:"way"`
	// Epoch and the offsets are those of publishes that were taken: the first's
	// and, if there were several, the last's. If Count is less than from the one
	// to the other, there are others' among them.
	Epoch  string `json:"epoch,omitempty"`
	Offset uint64 `json:"offset,omitempty"`
	Last   uint64 `json:"last,omitempty"`
}

// Lost is a line of the audit file that stands for entries that are missing there.
type Lost struct {
	Node string `json:"node"`
	At   int64  `json:"at"`
	Lost uint64 `json:"lost"`
}
