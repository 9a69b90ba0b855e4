package checker

import "fanlight/shared/protocol"

// Kind says what an event is, and which of its fields are set.
type Kind string

// What publishers write. All have Who, Channel and Data.
const (
	// Invoke is a publish that begins.
	Invoke Kind = "invoke"
	// Ack is one that was taken: Epoch, Offset, ID, Duplicate.
	Ack Kind = "ack"
	// Refuse is one that was not taken for certain: Text.
	Refuse Kind = "refuse"
	// Unknown is one that may or may not have been taken: Text.
	Unknown Kind = "unknown"
	// Foreign is a message that goes to Redis without the relay.
	Foreign Kind = "foreign"
)

// What subscribers write. All have Who and, but for Disconnect, Channel.
const (
	// Resume is a subscriber that begins with a position which it has from
	// somewhere: Epoch, Offset, ID.
	Resume Kind = "resume"
	// Subscribe is the server's reply: Epoch and Offset are the top, Count is
	// how many recovered messages it announces. Its markers follow as events.
	Subscribe Kind = "subscribe"
	// Receive is a message: Data, and Epoch, Offset, ID unless it is Foreign;
	// Recovered when it came from the history.
	Receive Kind = "receive"
	// Gap says that messages From to To are missing, Count in all: Epoch.
	Gap Kind = "gap"
	// Reset says that the history is another one, that of Epoch: Was.
	Reset Kind = "reset"
	// Recovered says that the recovered messages are complete: Count.
	Recovered Kind = "recovered"
	// Moved is a position that the server told: Epoch, Offset.
	Moved Kind = "moved"
	// Disconnect is a connection that ended: Text.
	Disconnect Kind = "disconnect"
	// Leave is a subscriber that has gone for good; nobody expects it to reach
	// the top.
	Leave Kind = "leave"
)

// What a test writes of its own deeds, and of what it finds at the end.
const (
	// Fault is something that goes wrong, or is well again: Text. It excuses
	// nothing.
	Fault Kind = "fault"
	// Flushed says that Redis is about to lose everything.
	Flushed Kind = "flushed"
	// RolledBack says that Redis is about to go back in time, on Channel to
	// Offset: what came after is lost.
	RolledBack Kind = "rolled back"
	// Expired says that Redis is about to lose the history of Channel up to
	// Offset, but not its position.
	Expired Kind = "expired"
	// Settled says that what the losses before it announced has happened.
	Settled Kind = "settled"
	// Entry is a message in the final stream: Channel, Epoch, Offset, ID, Data.
	Entry Kind = "entry"
	// Top is where a channel stands in the end: Channel, Epoch, Offset, ID.
	Top Kind = "top"
)

// Event is one line of the log.
type Event struct {
	// N is the event's place in the log, from 1.
	N uint64 `json:"n"`
	// Time is when it was written, in microseconds since the Unix epoch. No
	// rule looks at it.
	Time int64 `json:"time,omitempty"`
	Kind Kind  `json:"kind"`
	// Who is the publisher or the subscriber.
	Who     string `json:"who,omitempty"`
	Channel string `json:"channel,omitempty"`
	// Data is the publisher's name for the message.
	Data   string `json:"data,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
	Offset uint64 `json:"offset,omitempty"`
	// ID is the server's name for the message.
	ID        string             `json:"id,omitempty"`
	From      uint64             `json:"from,omitempty"`
	To        uint64             `json:"to,omitempty"`
	Count     uint64             `json:"count,omitempty"`
	Was       *protocol.Position `json:"was,omitempty"`
	Recovered bool               `json:"recovered,omitempty"`
	Duplicate bool               `json:"duplicate,omitempty"`
	Foreign   bool               `json:"foreign,omitempty"`
	Text      string             `json:"text,omitempty"`
}

func (e *Event) position() protocol.Position {
	return protocol.Position{Epoch: e.Epoch, Offset: e.Offset}
}
