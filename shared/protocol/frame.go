package protocol

import "encoding/json"

const (
	// Subprotocol is what a client offers in Sec-WebSocket-Protocol.
	Subprotocol = "fanlight.v1"
	// Version is the protocol's version, said in connect and hello.
	Version = 1
	// DefaultChannel is where a message goes, and what a plain WebSocket or an
	// event stream listens to, when nobody names a channel.
	DefaultChannel = "realtime_channel"
)

// Command is what a client sends: an id and exactly one of the others.
type Command struct {
	// ID is echoed in the reply. It is positive, and should not repeat within
	// a connection.
	ID          uint64       `json:"id"`
	Connect     *Connect     `json:"connect,omitempty"`
	Subscribe   *Subscribe   `json:"subscribe,omitempty"`
	Unsubscribe *Unsubscribe `json:"unsubscribe,omitempty"`
	Publish     *Publish     `json:"publish,omitempty"`
	Ping        *Ping        `json:"ping,omitempty"`
	Presence    *PresenceOf  `json:"presence,omitempty"`
	Refresh     *Refresh     `json:"refresh,omitempty"`
}

// PresenceOf asks who is on a channel.
type PresenceOf struct {
	Channel string `json:"channel"`
}

// Connect opens the conversation.
type Connect struct {
	// Version is the protocol version that the client speaks.
	Version int `json:"version"`
	// Flush asks the server to gather what is queued within so many
	// milliseconds into one frame, 0 to [MaxFlush]. Browsers ask for 16, the
	// length of one painted frame; 0 sends at once.
	Flush int `json:"flush,omitempty"`
	// User is the name under which the connection is present on channels, at
	// most [MaxUser] bytes. It is taken at its word, and proves nothing; with a
	// token, its subject is the name, and this one is not looked at.
	User string `json:"user,omitempty"`
	// Token is a JWT that says who connects and what they may do; at most
	// [MaxToken] bytes.
	Token string `json:"token,omitempty"`
}

// Refresh replaces the connection's token before it expires. The subject must
// be the same.
type Refresh struct {
	Token string `json:"token"`
}

// Subscribe asks for a channel's publications: from now on, or from where the
// subscriber left off (Since), or from some time ago (Rewind). Since and
// Rewind exclude each other.
type Subscribe struct {
	Channel string  `json:"channel"`
	Since   *Since  `json:"since,omitempty"`
	Rewind  *Rewind `json:"rewind,omitempty"`
	// Filter lets through only publications whose tags it is true of, live and
	// recovered alike: level in ["warn", "error"] && cpu > 90. At most
	// [MaxFilter] bytes. The others still advance the position.
	Filter string `json:"filter,omitempty"`
}

// Rewind begins a subscription in the past, as far as the history reaches.
// Exactly one field is set.
type Rewind struct {
	// Count is how many of the last publications to begin with.
	Count int `json:"count,omitempty"`
	// Age is how far back to begin, in milliseconds.
	Age int64 `json:"age,omitempty"`
}

// Unsubscribe ends a subscription.
type Unsubscribe struct {
	Channel string `json:"channel"`
}

// Publish sends a message to everyone who is subscribed to the channel.
type Publish struct {
	Channel string `json:"channel"`
	// Data is any JSON value of at most [Limits.Message] bytes.
	Data json.RawMessage `json:"data"`
	// Tags are what filters look at; subscribers receive them too.
	Tags Tags `json:"tags,omitempty"`
	// Key makes a retry safe: within five minutes, a second publish with the
	// same key on the same channel stores nothing and is answered with the
	// first one's result. At most [MaxKey] bytes; none means no protection.
	Key string `json:"key,omitempty"`
}

// Ping asks for a pong.
type Ping struct{}

// Message is what the server sends: a reply when ID is set, a push otherwise.
// Exactly one of the other fields is set.
type Message struct {
	ID           uint64        `json:"id,omitempty"`
	Hello        *Hello        `json:"hello,omitempty"`
	Subscribed   *Subscribed   `json:"subscribed,omitempty"`
	Unsubscribed *Unsubscribed `json:"unsubscribed,omitempty"`
	Published    *Published    `json:"published,omitempty"`
	Pong         *Pong         `json:"pong,omitempty"`
	Error        *Error        `json:"error,omitempty"`
	Presence     *Presence     `json:"presence,omitempty"`
	Publication  *Publication  `json:"publication,omitempty"`
	Gap          *Gap          `json:"gap,omitempty"`
	Reset        *Reset        `json:"reset,omitempty"`
	Moved        *Moved        `json:"moved,omitempty"`
	Join         *Join         `json:"join,omitempty"`
	Leave        *Leave        `json:"leave,omitempty"`
	Refreshed    *Refreshed    `json:"refreshed,omitempty"`
}

// Hello answers connect.
type Hello struct {
	Version int `json:"version"`
	// Build names the page that this server serves, empty when it serves
	// none. A page of another build reloads, once.
	Build string `json:"build,omitempty"`
	// Client is the id that the server gave to this connection.
	Client string `json:"client"`
	// Ping is the interval, in milliseconds, at which a client that has
	// nothing else to say should ping. The server ends a connection that is
	// silent for more than twice as long.
	Ping int `json:"ping"`
	// Time is the server's clock, in microseconds since the Unix epoch.
	Time   int64  `json:"time"`
	Limits Limits `json:"limits"`
	// User is who the server takes the connection for: the token's subject,
	// or the name that connect gave. Empty for nobody in particular.
	User string `json:"user,omitempty"`
	// Expires is when the token ends, and the connection with it, in
	// microseconds since the Unix epoch; 0 without a token.
	Expires int64 `json:"expires,omitempty"`
	// Open says that the server knows no tokens of others: whoever has none
	// may do everything.
	Open bool `json:"open,omitempty"`
}

// Refreshed answers refresh.
type Refreshed struct {
	// Expires is as in [Hello].
	Expires int64 `json:"expires"`
}

// Subscribed answers subscribe. Without Since and Rewind, the next publication
// is the one after Position. With them, Recovered publications of the history
// come first, and lead up to Position.
type Subscribed struct {
	Channel string `json:"channel"`
	Position
	// Last is the id of the publication at Position, for a later Since.
	Last string `json:"last,omitempty"`
	// Recovered is how many publications of the history follow.
	Recovered int `json:"recovered,omitempty"`
	// Gap is set when not all of them are there any more; the missing ones come
	// before all that follow.
	Gap *Gap `json:"gap,omitempty"`
	// Reset is set when Since belongs to a history that is gone.
	Reset *Reset `json:"reset,omitempty"`
	// Filtered says that a filter applies, the subscriber's or one that its
	// grant demands: offsets that are left out are then no hole.
	Filtered bool `json:"filtered,omitempty"`
}

// Moved tells a subscriber that hears nothing where its channel stands: it has
// everything up to there that its filter lets through.
type Moved struct {
	Channel string `json:"channel"`
	Position
	Last string `json:"last,omitempty"`
}

// Member is one connection that is present on a channel.
type Member struct {
	// Client is the connection's id, as in [Hello.Client].
	Client string `json:"client"`
	// User is who it is, empty for somebody without a name.
	User string `json:"user,omitempty"`
	// Since is when it came, in microseconds since the Unix epoch.
	Since int64 `json:"since"`
}

// Presence answers presence: who is on a channel, on all relays.
type Presence struct {
	Channel string `json:"channel"`
	// Connections and Users count all members, also those that Members leaves
	// out; users without a name count one a connection.
	Connections int `json:"connections"`
	Users       int `json:"users"`
	// Members are the longest present first, at most [MaxMembers].
	Members []Member `json:"members"`
}

// Join and Leave tell a channel's subscribers who came and who went, where the
// channel's namespace asks for it.
type (
	Join struct {
		Channel string `json:"channel"`
		Member
	}
	Leave struct {
		Channel string `json:"channel"`
		Member
	}
)

// Unsubscribed answers unsubscribe: nothing more comes from the channel.
type Unsubscribed struct {
	Channel string `json:"channel"`
}

// Published answers publish, when the publication is in the channel's history.
type Published struct {
	Channel string `json:"channel"`
	Position
	// ID is the publication's.
	ID string `json:"id"`
	// Duplicate says that an earlier publish with the same key had been taken,
	// and that this is its result.
	Duplicate bool `json:"duplicate,omitempty"`
}

// Pong answers ping with the server's clock, in microseconds since the Unix epoch.
type Pong struct {
	Time int64 `json:"time"`
}
