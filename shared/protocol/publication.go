package protocol

import "encoding/json"

// Position is a place in a channel's history. Offsets count the channel's
// publications from 1 and have no hole within an epoch; a new epoch means that
// the history before it is gone (Redis was flushed or lost it), and offsets of
// different epochs can't be compared.
type Position struct {
	// Epoch names the life of the channel's history; empty when nothing was
	// ever published there.
	Epoch string `json:"epoch,omitempty"`
	// Offset is that of the last publication, 0 before the first.
	Offset uint64 `json:"offset"`
}

// Since is where a subscriber left off: the last publication that it has.
type Since struct {
	Epoch string `json:"epoch"`
	// Offset is the publication's, 0 when the channel had none yet.
	Offset uint64 `json:"offset"`
	// Last is the publication's ID. The server compares it with the one that it
	// has at that offset: a Redis that went back in time uses offsets again,
	// within the same epoch. Empty with offset 0, and when it is not known, as
	// right after a gap; then only the offset is compared.
	Last string `json:"last,omitempty"`
}

// Gap says that publications are lost to a subscriber for good: those from
// offset From to offset To, both included.
type Gap struct {
	Channel string `json:"channel"`
	Epoch   string `json:"epoch"`
	From    uint64 `json:"from"`
	To      uint64 `json:"to"`
	// Count is To - From + 1: exactly how many are missing.
	Count uint64 `json:"count"`
}

// Reset says that the history that a subscriber knew is gone: Redis was
// emptied, or went back in time. What follows begins at the first publication
// of the new epoch, or behind a gap.
type Reset struct {
	Channel string `json:"channel"`
	// Epoch is the new one, empty when nothing was published since.
	Epoch string `json:"epoch,omitempty"`
	// Was is where the subscriber stood: whatever of that epoch it had not
	// received by then can't be counted any more.
	Was Position `json:"was"`
}

// Publication is one message on a channel, as subscribers receive it.
type Publication struct {
	Channel string `json:"channel"`
	// Epoch and Offset are its position. Both are absent from a foreign
	// publication.
	Epoch  string `json:"epoch,omitempty"`
	Offset uint64 `json:"offset,omitempty"`
	// ID is unique to the publication; absent from a foreign one.
	ID string `json:"id,omitempty"`
	// Time is when Redis took it, in microseconds since the Unix epoch; for a
	// foreign publication, when the relay saw it.
	Time int64 `json:"time"`
	// Foreign marks a message that another program published to Redis
	// directly. It has no position: it is delivered live and kept nowhere.
	Foreign bool `json:"foreign,omitempty"`
	// Tags are the publisher's; a foreign publication has none.
	Tags Tags `json:"tags,omitempty"`
	// Data is any JSON value, without a raw newline in it, byte for byte as
	// published otherwise.
	Data json.RawMessage `json:"data"`
}

// Position returns the publication's place in its channel.
func (p *Publication) Position() Position {
	return Position{Epoch: p.Epoch, Offset: p.Offset}
}
