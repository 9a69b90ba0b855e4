package limit

import (
	"fmt"
	"net/netip"
	"sync"

	"fanlight/shared/protocol"
)

// Limiter is the limits of one relay. All its methods may be called
// concurrently.
type Limiter struct {
	cfg        Config
	users      *table[string]
	addresses  *table[netip.Addr]
	requests   *table[caller]
	bodies     *table[netip.Addr]
	namespaces map[string]*table[caller] // for requests; of those with a rate

	taking sync.Mutex // see take

	mu      sync.Mutex
	held    int // connections
	address map[netip.Addr]int
	user    map[string]int
}

// caller is a user, or an address for one who is nobody in particular.
type caller struct {
	user string
	addr netip.Addr
}

// New returns the limiter of a configuration.
func New(cfg Config) *Limiter {
	cfg = cfg.Resolved()
	l := &Limiter{
		cfg: cfg, users: newTable[string](cfg.PublishRateUser), addresses: newTable[netip.Addr](cfg.PublishRateAddress),
		requests: newTable[caller](cfg.RequestRate), bodies: newTable[netip.Addr](cfg.BytesRate),
		namespaces: make(map[string]*table[caller]),
		address:    make(map[netip.Addr]int), user: make(map[string]int),
	}
	for name, ns := range cfg.Namespaces {
		if ns.PublishRate > 0 {
			l.namespaces[name] = newTable[caller](ns.PublishRate)
		}
	}
	return l
}

// Config returns the limits as they apply.
func (l *Limiter) Config() Config {
	if l == nil {
		return Default()
	}
	return l.cfg
}

// Refused counts a refusal that was decided elsewhere.
func (l *Limiter) Refused(name Name) {
	if l != nil {
		l.cfg.Observe(name)
	}
}

// Connect takes the place of one held connection, until [Conn.Close]. It fails
// with CodeTooManyConnections.
func (l *Limiter) Connect(addr netip.Addr) (*Conn, error) {
	if l == nil {
		return nil, nil //nolint:nilnil // a nil Conn allows everything
	}
	addr = block(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.held >= l.cfg.Connections:
		return nil, l.tooMany(Connections, l.cfg.Connections, "the server has all the connections that it takes")
	case l.address[addr] >= l.cfg.ConnectionsPerAddress:
		return nil, l.tooMany(ConnectionsPerAddress, l.cfg.ConnectionsPerAddress,
			fmt.Sprintf("an address has at most %d connections", l.cfg.ConnectionsPerAddress))
	}
	l.held++
	l.address[addr]++
	return &Conn{limiter: l, addr: addr, held: true}, nil
}

// Request returns what one HTTP request is bounded by: the rates of its user
// ("" for nobody in particular) and its address. It need not be closed.
func (l *Limiter) Request(addr netip.Addr, user string) *Conn {
	if l == nil {
		return nil
	}
	return &Conn{limiter: l, addr: block(addr), user: user}
}

// Channels returns nil while the relay may listen to one channel more than so
// many, else an error with CodeTooManyChannels.
func (l *Limiter) Channels(listening int) error {
	if l == nil || listening < l.cfg.Channels {
		return nil
	}
	l.Refused(Channels)
	return &protocol.Error{
		Code: protocol.CodeTooManyChannels, Field: "channel", Limit: l.cfg.Channels, RetryAfter: retryConnect,
		Message: "the server listens to all the channels that it takes",
	}
}

// Count returns how many connections are held.
func (l *Limiter) Count() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// retryConnect is how long to wait for a place that somebody else has, in
// milliseconds: nobody knows.
const retryConnect = 1000

func (l *Limiter) tooMany(name Name, limit int, message string) error {
	l.Refused(name)
	return &protocol.Error{Code: protocol.CodeTooManyConnections, Limit: limit, Message: message, RetryAfter: retryConnect}
}

// block returns what a peer can't change at will: IPv4 addresses as they are,
// and the /64 of IPv6 ones.
func block(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
