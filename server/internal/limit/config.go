package limit

import (
	"cmp"
	"math"
	"net/netip"
	"time"

	"fanlight/shared/protocol"
)

// Config is how much is allowed. For each number, 0 stands for the default and
// a negative one for no limit.
type Config struct {
	// Connections is how many WebSockets and event streams may be held at a
	// time; default 20,000. PerAddress are those of one address, default 5,000;
	// PerUser those of one token's subject, default 100. Of network connections
	// there may be 1,000 more, and of one address 100 more, for requests.
	Connections           int
	ConnectionsPerAddress int
	ConnectionsPerUser    int
	// Channels is how many channels the relay may listen to; default 100,000.
	Channels int
	// Subscriptions is how many channels a connection may listen to; default 128.
	Subscriptions int
	// Message is the most bytes of one publication's data, default 64 KiB; Frame
	// those of one frame or one request's body, default 128 KiB.
	Message int
	Frame   int
	// Outbox is the most bytes that may wait to be written to one connection;
	// default 1 MiB.
	Outbox int
	// HistoryPage is the most publications that one page of history, or a
	// rewind by count, may ask for; default and most 1,000. A rewind by age, and
	// coming back, bring what the namespace keeps: fewer would be a hole.
	HistoryPage int
	// PublishRate is how many publications a second a connection may make,
	// default 2,000; the others are those of all connections and requests of
	// a user, default 4,000, and of an address, default 20,000.
	PublishRate        int
	PublishRateUser    int
	PublishRateAddress int
	// CommandRate is how many commands a second a connection may give, pings
	// not among them; default 5,000.
	CommandRate int
	// RequestRate is how many HTTP requests a second a user may make, or an
	// address without one; default 5,000. Opening a connection is a request of
	// its address.
	RequestRate int
	// PingRate is how many pings a second a connection may send, of either
	// kind; default 10, and 50 at once.
	PingRate int
	// BytesRate is how many bytes a second are read from a connection, and of the
	// bodies of an address's requests; default 16 MiB. What comes faster waits.
	BytesRate int
	// HandshakeTimeout is how long a request's head may take, default 5 s;
	// ConnectTimeout, the first frame of a fanlight.v1 connection, default 5 s;
	// MessageTimeout, one whole frame or body, default 10 s.
	HandshakeTimeout time.Duration
	ConnectTimeout   time.Duration
	MessageTimeout   time.Duration
	// Namespaces are limits of some channels only, by the namespace's name. That
	// of "" is for channels without one, and for namespaces that are not named.
	Namespaces map[string]Namespace
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Observe is called at each refusal with the limit's name, by many
	// goroutines at a time; default nobody.
	Observe func(Name)
}

// Namespace are the limits of a namespace's channels, besides those of all; 0
// and less is none.
type Namespace struct {
	// Message is the most bytes of one publication's data.
	Message int
	// PublishRate is how many publications a second a connection may make on
	// all channels of the namespace; over HTTP, a user, or an address without a user.
	PublishRate int
}

// Name names a limit in metrics.
type Name string

// The limits.
const (
	Connections           Name = "connections"
	ConnectionsPerAddress Name = "connections_per_address"
	ConnectionsPerUser    Name = "connections_per_user"
	Channels              Name = "channels"
	Subscriptions         Name = "subscriptions"
	Message               Name = "message"
	Frame                 Name = "frame"
	Outbox                Name = "outbox"
	HistoryPage           Name = "history_page"
	PublishRate           Name = "publish_rate"
	PublishRateUser       Name = "publish_rate_user"
	PublishRateAddress    Name = "publish_rate_address"
	CommandRate           Name = "command_rate"
	RequestRate           Name = "request_rate"
	PingRate              Name = "ping_rate"
	BytesRate             Name = "bytes_rate"
	HandshakeTimeout      Name = "handshake_timeout"
	ConnectTimeout        Name = "connect_timeout"
	MessageTimeout        Name = "message_timeout"
)

// Names are all limits, in the order in which they are documented.
var Names = []Name{
	Connections, ConnectionsPerAddress, ConnectionsPerUser, Channels, Subscriptions, Message, Frame, Outbox, HistoryPage,
	PublishRate, PublishRateUser, PublishRateAddress, CommandRate, RequestRate, PingRate, BytesRate,
	HandshakeTimeout, ConnectTimeout, MessageTimeout,
}

const (
	// unlimited is more than there will ever be of anything, and still a number
	// that every client's int holds.
	unlimited = math.MaxInt32
	// forever is a time that no connection lives to see.
	forever = 10 * 365 * 24 * time.Hour
)

// Default returns the limits of a relay that was told nothing.
func Default() Config { return Config{}.Resolved() }

// Resolved returns the limits as they apply: with defaults for zeros, and a
// number out of reach for negative ones.
func (c Config) Resolved() Config {
	number := func(n *int, standard int) {
		if *n = cmp.Or(*n, standard); *n < 0 {
			*n = unlimited
		}
	}
	number(&c.Connections, 20_000)
	number(&c.ConnectionsPerAddress, 5_000)
	number(&c.ConnectionsPerUser, 100)
	number(&c.Channels, 100_000)
	number(&c.Subscriptions, protocol.DefaultLimits.Subscriptions)
	number(&c.Message, protocol.DefaultLimits.Message)
	number(&c.Frame, protocol.DefaultLimits.Frame)
	number(&c.Outbox, 1<<20)
	number(&c.HistoryPage, protocol.MaxRewind)
	c.HistoryPage = min(c.HistoryPage, protocol.MaxRewind)
	number(&c.PublishRate, 2_000)
	number(&c.PublishRateUser, 4_000)
	number(&c.PublishRateAddress, 20_000)
	number(&c.CommandRate, 5_000)
	number(&c.RequestRate, 5_000)
	number(&c.PingRate, 10)
	number(&c.BytesRate, 16<<20)
	timeout := func(d *time.Duration, standard time.Duration) {
		if *d = cmp.Or(*d, standard); *d < 0 {
			*d = forever
		}
	}
	timeout(&c.HandshakeTimeout, 5*time.Second)
	timeout(&c.ConnectTimeout, 5*time.Second)
	timeout(&c.MessageTimeout, 10*time.Second)
	if c.Observe == nil {
		c.Observe = func(Name) {}
	}
	return c
}

// Protocol returns the limits that a hello tells.
func (c Config) Protocol() protocol.Limits {
	return protocol.Limits{Message: c.Message, Frame: c.Frame, Subscriptions: c.Subscriptions}
}
