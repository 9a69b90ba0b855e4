package protocol

// Limits are what a server allows; the hello tells them to the client.
type Limits struct {
	// Message is the most bytes that one publication's data may have.
	Message int `json:"message"`
	// Frame is the most bytes that one frame may have, of any way in. A larger
	// one ends the connection with 1009.
	Frame int `json:"frame"`
	// Subscriptions is the most channels that one connection may listen to.
	Subscriptions int `json:"subscriptions"`
}

// DefaultLimits are those of a server that was told nothing else.
var DefaultLimits = Limits{
	Message:       64 << 10,
	Frame:         128 << 10,
	Subscriptions: 128,
}

const (
	// MaxFlush is the longest flush interval, in milliseconds.
	MaxFlush = 1000
	// MaxUser is the most bytes of a user's name.
	MaxUser = 64
	// MaxMembers is the most members that one [Presence] lists.
	MaxMembers = 1000
	// MaxRewind is the most publications that a [Rewind] or a page of history
	// may ask for.
	MaxRewind = 1000
	// MaxToken is the most bytes of a token, looked at before anything else is.
	MaxToken = 8 << 10
	// MaxFilter is the most bytes of a filter expression.
	MaxFilter = 512
	// MaxTags is how many tags a publication may have, MaxTagName the most bytes
	// of a tag's name, and MaxTagText those of a text that is a tag's value.
	MaxTags    = 16
	MaxTagName = 32
	MaxTagText = 256
	// MaxKey is the most bytes of an idempotency key.
	MaxKey = 128
)
