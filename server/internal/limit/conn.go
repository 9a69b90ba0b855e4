package limit

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// pingBurst is how many seconds' worth of pings may come at once: a tab that
// was asleep catches up.
const pingBurst = 5

// Conn is what one connection, or one request, is bounded by. Its methods may
// be called concurrently. A nil one allows everything.
type Conn struct {
	limiter *Limiter
	addr    netip.Addr
	held    bool // a connection, not a request

	mu     sync.Mutex
	closed bool
	user   string
	// Made when they are needed: most connections only listen.
	publish, commands, pings, bytes *rate.Limiter
	namespaces                      map[string]*rate.Limiter
}

// Identify says which token's subject the connection is of, "" for none. It
// fails with CodeTooManyConnections when that user has as many as allowed;
// nothing has changed then.
func (c *Conn) Identify(user string) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user == user || c.closed {
		return nil
	}
	if c.held {
		l := c.limiter
		l.mu.Lock()
		defer l.mu.Unlock()
		if most := l.cfg.ConnectionsPerUser; user != "" && l.user[user] >= most {
			return l.tooMany(ConnectionsPerUser, most, fmt.Sprintf("a user has at most %d connections", most))
		}
		l.leaveUser(c.user)
		if user != "" {
			l.user[user]++
		}
	}
	c.user = user
	return nil
}

// Close gives the connection's place up. Only the first call counts.
func (c *Conn) Close() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.held {
		return
	}
	c.closed = true
	l := c.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	if l.address[c.addr]--; l.address[c.addr] == 0 {
		delete(l.address, c.addr)
	}
	l.leaveUser(c.user)
}

// leaveUser gives up a user's place. The lock is held.
func (l *Limiter) leaveUser(user string) {
	if user == "" {
		return
	}
	if l.user[user]--; l.user[user] == 0 {
		delete(l.user, user)
	}
}

// Refused counts a refusal that was decided elsewhere.
func (c *Conn) Refused(name Name) {
	if c != nil {
		c.limiter.Refused(name)
	}
}

// Command returns nil for one command more, else an error with CodeRateLimited.
func (c *Conn) Command() error {
	if c == nil {
		return nil
	}
	per := c.limiter.cfg.CommandRate
	return c.limiter.allow(CommandRate, per, c.bucket(&c.commands, per, 1))
}

// Request returns nil for one HTTP request more of its user, or else of its
// address; or an error with CodeRateLimited.
func (c *Conn) Request() error {
	if c == nil {
		return nil
	}
	who := caller{user: c.user} // a request's user does not change
	if c.user == "" {
		who.addr = c.addr
	}
	l := c.limiter
	return l.allow(RequestRate, l.cfg.RequestRate, l.requests.of(who, time.Now()))
}

// Ping is [Conn.Command] for pings.
func (c *Conn) Ping() error {
	if c == nil {
		return nil
	}
	per := c.limiter.cfg.PingRate
	return c.limiter.allow(PingRate, per, c.bucket(&c.pings, per, pingBurst))
}

// Message returns nil for a publication's data of a size in bytes, else an
// error with CodeTooLarge.
func (c *Conn) Message(name string, size int) error {
	if c == nil {
		return nil
	}
	most := c.limiter.cfg.Message
	if ns := c.limiter.cfg.Namespaces[c.limiter.namespaceOf(name)].Message; ns > 0 {
		most = min(most, ns)
	}
	if size <= most {
		return nil
	}
	c.Refused(Message)
	return &protocol.Error{
		Code: protocol.CodeTooLarge, Field: "data", Limit: most,
		Message: fmt.Sprintf("a message has at most %d bytes, not %d", most, size),
	}
}

// Publish returns nil for n publications more on a channel, else an error with
// CodeRateLimited, and then none of them counts.
func (c *Conn) Publish(name string, n int) error {
	if c == nil {
		return nil
	}
	l, now := c.limiter, time.Now()
	c.mu.Lock()
	user := c.user
	c.mu.Unlock()
	var room [4]named
	buckets := room[:0]
	if c.held {
		buckets = append(buckets, named{PublishRate, c.bucket(&c.publish, l.cfg.PublishRate, 1)})
	}
	if b := c.namespace(l.namespaceOf(name), now); b != nil {
		buckets = append(buckets, named{PublishRate, b})
	}
	if user != "" {
		buckets = append(buckets, named{PublishRateUser, l.users.of(user, now)})
	}
	buckets = append(buckets, named{PublishRateAddress, l.addresses.of(c.addr, now)})
	short, wait := l.take(now, n, buckets)
	if short == nil {
		return nil
	}
	return l.tooFast(short.name, short.bucket.Burst(), wait)
}

// namespaceOf returns the namespace whose limits a channel has: its own, or
// the one called "" when its own has no entry.
func (l *Limiter) namespaceOf(name string) string {
	ns := channel.Namespace(name)
	if _, named := l.cfg.Namespaces[ns]; named {
		return ns
	}
	return ""
}

// namespace returns the bucket for a namespace's channels, nil if it has none.
func (c *Conn) namespace(name string, now time.Time) *rate.Limiter {
	requests := c.limiter.namespaces[name]
	switch {
	case requests == nil:
		return nil
	case !c.held && c.user != "": // a request's user does not change
		return requests.of(caller{user: c.user}, now)
	case !c.held:
		return requests.of(caller{addr: c.addr}, now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.namespaces[name]
	if b == nil {
		if c.namespaces == nil {
			c.namespaces = make(map[string]*rate.Limiter)
		}
		b = newBucket(requests.perSecond)
		c.namespaces[name] = b // as many as are configured, at the most
	}
	return b
}

// Bytes waits until so many bytes more may have been read, from the connection
// or by requests of its address, or until gone is closed.
func (c *Conn) Bytes(gone <-chan struct{}, n int) {
	if c == nil {
		return
	}
	var bucket *rate.Limiter
	if c.held {
		bucket = c.bucket(&c.bytes, c.limiter.cfg.BytesRate, 1)
	} else {
		bucket = c.limiter.bodies.of(c.addr, time.Now())
	}
	for waited := false; n > 0; {
		part := min(n, bucket.Burst())
		n -= part
		r := bucket.ReserveN(time.Now(), part)
		wait := r.Delay()
		if wait <= 0 {
			continue
		}
		if !waited {
			waited = true
			c.Refused(BytesRate)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-gone:
			timer.Stop()
			return
		}
	}
}

// bucket returns one of the connection's own buckets, which holds so many
// seconds' worth.
func (c *Conn) bucket(b **rate.Limiter, perSecond, seconds int) *rate.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *b == nil {
		*b = rate.NewLimiter(limitOf(perSecond), perSecond*seconds)
	}
	return *b
}

// allow takes one from a bucket.
func (l *Limiter) allow(name Name, perSecond int, bucket *rate.Limiter) error {
	now := time.Now()
	if bucket.AllowN(now, 1) {
		return nil
	}
	missing := 1 - bucket.TokensAt(now)
	return l.tooFast(name, perSecond, time.Duration(missing/float64(perSecond)*float64(time.Second)))
}

func (l *Limiter) tooFast(name Name, perSecond int, wait time.Duration) error {
	l.Refused(name)
	return &protocol.Error{
		Code: protocol.CodeRateLimited, Limit: perSecond, RetryAfter: milliseconds(wait),
		Message: fmt.Sprintf("too fast: at most %d a second", perSecond),
	}
}
