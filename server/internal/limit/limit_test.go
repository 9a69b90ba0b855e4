package limit_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/limit"
	"fanlight/shared/protocol"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

// counter is what an observer saw.
type counter struct {
	mu   sync.Mutex
	seen map[limit.Name]int
}

func newLimiter(cfg limit.Config) (*limit.Limiter, *counter) {
	c := &counter{seen: make(map[limit.Name]int)}
	cfg.Observe = func(n limit.Name) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen[n]++
	}
	return limit.New(cfg), c
}

// refused checks an error, and that it was counted once; it returns what the error
// says of when to try again, in milliseconds.
func (c *counter) refused(t *testing.T, err error, name limit.Name, code protocol.Code, most int) (retryAfter int) {
	t.Helper()
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != code || e.Limit != most || e.Message == "" {
		t.Fatalf("%s: %+v", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[name] != 1 {
		t.Fatalf("%s: seen %v", name, c.seen)
	}
	delete(c.seen, name)
	return e.RetryAfter
}

func connect(t *testing.T, l *limit.Limiter, addr netip.Addr) *limit.Conn {
	t.Helper()
	c, err := l.Connect(addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConnectionsAreCountedInAllAndPerAddressAndPerUser(t *testing.T) {
	l, seen := newLimiter(limit.Config{Connections: 4, ConnectionsPerAddress: 2, ConnectionsPerUser: 1})
	a, b := connect(t, l, here), connect(t, l, here)
	_, err := l.Connect(here)
	seen.refused(t, err, limit.ConnectionsPerAddress, protocol.CodeTooManyConnections, 2)
	c, d := connect(t, l, there), connect(t, l, there)
	_, err = l.Connect(netip.MustParseAddr("192.0.2.3"))
	if seen.refused(t, err, limit.Connections, protocol.CodeTooManyConnections, 4) <= 0 {
		t.Error("it does not say when to try again")
	}
	for range 2 { // the second says nothing new
		if err := a.Identify("alice"); err != nil {
			t.Fatal(err)
		}
	}
	seen.refused(t, b.Identify("alice"), limit.ConnectionsPerUser, protocol.CodeTooManyConnections, 1)
	for _, conn := range []*limit.Conn{c, d} { // nobody in particular is not one user
		if err := conn.Identify(""); err != nil {
			t.Error(err)
		}
	}
	a.Close()
	a.Close()
	if err := b.Identify("alice"); err != nil {
		t.Errorf("the place was not given up: %v", err)
	}
	if got := l.Count(); got != 3 {
		t.Errorf("%d are held", got)
	}
	connect(t, l, here).Close()
	b.Close()
	c.Close()
	d.Close()
	if got := l.Count(); got != 0 {
		t.Errorf("%d are left", got)
	}
	for range 2 {
		connect(t, l, here)
	}
}

func TestOneWhoOwnsAnIPv6NetworkIsOneAddress(t *testing.T) {
	l, seen := newLimiter(limit.Config{ConnectionsPerAddress: 1})
	connect(t, l, netip.MustParseAddr("2001:db8::1"))
	_, err := l.Connect(netip.MustParseAddr("2001:db8::ffff:1"))
	seen.refused(t, err, limit.ConnectionsPerAddress, protocol.CodeTooManyConnections, 1)
	connect(t, l, netip.MustParseAddr("2001:db8:0:1::1"))
	connect(t, l, here)
	_, err = l.Connect(netip.MustParseAddr("::ffff:192.0.2.1"))
	seen.refused(t, err, limit.ConnectionsPerAddress, protocol.CodeTooManyConnections, 1)
}

func TestARateIsASecondsWorthAtOnceAndThenSoManyASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{CommandRate: 10, PingRate: 2, PublishRate: 10})
		c := connect(t, l, here)
		for name, r := range map[limit.Name]struct {
			take       func() error
			burst, per int
		}{
			limit.CommandRate: {c.Command, 10, 10},
			limit.PingRate:    {c.Ping, 10, 2},
			limit.PublishRate: {func() error { return c.Publish("a", 1) }, 10, 10},
		} {
			for range r.burst {
				if err := r.take(); err != nil {
					t.Fatal(name, err)
				}
			}
			retry := seen.refused(t, r.take(), name, protocol.CodeRateLimited, r.per)
			if want := 1000 / r.per; retry != want {
				t.Errorf("%s: again in %d ms, not %d", name, retry, want)
			}
			time.Sleep(time.Duration(retry) * time.Millisecond)
			if err := r.take(); err != nil {
				t.Errorf("%s: what it said was not true: %v", name, err)
			}
			seen.refused(t, r.take(), name, protocol.CodeRateLimited, r.per)
		}
	})
}

func TestPublicationsOfAUserAndOfAnAddressAreCountedOverAllConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{PublishRate: 4, PublishRateUser: 6, PublishRateAddress: 9})
		a, b, other := connect(t, l, here), connect(t, l, here), connect(t, l, here)
		for _, c := range []*limit.Conn{a, b} {
			if err := c.Identify("alice"); err != nil {
				t.Fatal(err)
			}
		}
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(a.Publish("x", 4))
		seen.refused(t, a.Publish("x", 1), limit.PublishRate, protocol.CodeRateLimited, 4)
		ok(b.Publish("x", 2))
		seen.refused(t, b.Publish("x", 1), limit.PublishRateUser, protocol.CodeRateLimited, 6)
		seen.refused(t, l.Request(there, "alice").Publish("x", 1), limit.PublishRateUser, protocol.CodeRateLimited, 6)
		ok(other.Publish("x", 3))
		seen.refused(t, l.Request(here, "").Publish("x", 1), limit.PublishRateAddress, protocol.CodeRateLimited, 9)
		// What was refused took nothing from the buckets that had enough: after a
		// second everybody may do as much again.
		time.Sleep(time.Second)
		ok(a.Publish("x", 4))
		ok(b.Publish("x", 2))
		ok(other.Publish("x", 3))
		// More than a bucket holds never goes through, and takes nothing.
		time.Sleep(time.Second)
		seen.refused(t, a.Publish("x", 5), limit.PublishRate, protocol.CodeRateLimited, 4)
		ok(a.Publish("x", 4))
	})
}

func TestRequestsAreTheirUsersOrElseTheirAddresss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{RequestRate: 2, BytesRate: 1000})
		take := func(addr netip.Addr, user string) error { return l.Request(addr, user).Request() }
		for _, who := range []string{"alice", "bob", ""} {
			if err := errors.Join(take(here, who), take(here, who)); err != nil {
				t.Error(err)
			}
			if retry := seen.refused(t, take(here, who), limit.RequestRate, protocol.CodeRateLimited, 2); retry != 500 {
				t.Errorf("again in %d ms", retry)
			}
		}
		seen.refused(t, take(there, "alice"), limit.RequestRate, protocol.CodeRateLimited, 2)
		if err := take(there, ""); err != nil {
			t.Error(err)
		}
		// Bodies are their address's, whoever brings them.
		began := time.Now()
		l.Request(here, "alice").Bytes(nil, 1000)
		l.Request(here, "bob").Bytes(nil, 1000)
		l.Request(there, "bob").Bytes(nil, 1000)
		if took := time.Since(began); took != time.Second {
			t.Errorf("2,000 bytes took %v", took)
		}
	})
}

func TestANamespaceHasItsOwnLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{Message: 100, Namespaces: map[string]limit.Namespace{
			"": {PublishRate: 3}, "chat": {Message: 10, PublishRate: 1}, "free": {Message: 1000},
		}})
		a, b := connect(t, l, here), connect(t, l, here)
		for _, c := range []*limit.Conn{a, b} {
			if err := c.Publish("chat:x", 1); err != nil {
				t.Error(err)
			}
			seen.refused(t, c.Publish("chat:y", 1), limit.PublishRate, protocol.CodeRateLimited, 1)
			if err := c.Publish("other:x", 2); err != nil {
				t.Error(err)
			}
			seen.refused(t, c.Publish("none", 2), limit.PublishRate, protocol.CodeRateLimited, 3)
			if err := c.Publish("free:x", 100); err != nil {
				t.Error(err)
			}
		}
		// Requests have no connection, so they are their user's or address's.
		for _, who := range []string{"alice", ""} {
			if err := l.Request(here, who).Publish("chat:x", 1); err != nil {
				t.Error(err)
			}
			seen.refused(t, l.Request(here, who).Publish("chat:x", 1), limit.PublishRate, protocol.CodeRateLimited, 1)
		}
		seen.refused(t, a.Message("chat:x", 11), limit.Message, protocol.CodeTooLarge, 10)
		seen.refused(t, a.Message("x", 101), limit.Message, protocol.CodeTooLarge, 100)
		seen.refused(t, a.Message("free:x", 101), limit.Message, protocol.CodeTooLarge, 100)
		if err := errors.Join(a.Message("chat:x", 10), a.Message("x", 100)); err != nil {
			t.Error(err)
		}
	})
}

func TestBytesWaitAndAreNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{BytesRate: 1000})
		c := connect(t, l, here)
		began := time.Now()
		c.Bytes(nil, 5500)
		if took := time.Since(began).Round(time.Millisecond); took != 4500*time.Millisecond {
			t.Errorf("5,500 bytes took %v", took)
		}
		if seen.seen[limit.BytesRate] != 1 {
			t.Errorf("seen %v", seen.seen)
		}
		began = time.Now()
		gone := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(gone) })
		if c.Bytes(gone, 5000); time.Since(began) != time.Second {
			t.Errorf("it does not end with its connection, but after %v", time.Since(began))
		}
	})
}

func TestANegativeLimitIsNone(t *testing.T) {
	l, _ := newLimiter(limit.Config{
		Connections: -1, ConnectionsPerAddress: -1, ConnectionsPerUser: -1, Channels: -1, Message: -1,
		PublishRate: -1, PublishRateUser: -1, PublishRateAddress: -1, CommandRate: -1, RequestRate: -1, PingRate: -1, BytesRate: -1, HandshakeTimeout: -1,
	})
	for range 30_000 {
		c := connect(t, l, here)
		if err := errors.Join(c.Identify("alice"), c.Command(), c.Ping(), c.Publish("a", 100), c.Message("a", 1<<25), l.Channels(1<<25), l.Request(here, "").Request()); err != nil {
			t.Fatal(err)
		}
		c.Bytes(nil, 1<<25)
	}
	if got := l.Config().HandshakeTimeout; got < 24*time.Hour {
		t.Error(got)
	}
	var none *limit.Limiter
	c, err := none.Connect(here)
	if err := errors.Join(err, c.Identify("a"), c.Command(), c.Ping(), c.Publish("a", 1<<30), c.Message("a", 1<<30), none.Channels(1<<30), none.Request(here, "").Request()); err != nil {
		t.Error(err)
	}
	c.Bytes(nil, 1<<30)
	c.Refused(limit.Frame)
	c.Close()
}

func TestTheChannelsInAllAreBounded(t *testing.T) {
	l, seen := newLimiter(limit.Config{Channels: 2})
	if err := l.Channels(1); err != nil {
		t.Error(err)
	}
	seen.refused(t, l.Channels(2), limit.Channels, protocol.CodeTooManyChannels, 2)
}

// Buckets are forgotten only when they are full, and there are never too many.
func TestIdleUsersAreForgottenWithoutLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := newLimiter(limit.Config{PublishRateUser: 1, PublishRateAddress: -1})
		if err := l.Request(here, "alice").Publish("a", 1); err != nil {
			t.Fatal(err)
		}
		for i := range 3000 { // more than are kept without a look at them
			if err := l.Request(here, fmt.Sprint(i)).Publish("a", 1); err != nil {
				t.Fatal(err)
			}
		}
		seen.refused(t, l.Request(here, "alice").Publish("a", 1), limit.PublishRateUser, protocol.CodeRateLimited, 1)
		if got := l.Users(); got != 3001 {
			t.Errorf("%d users are known", got)
		}
		time.Sleep(time.Second)
		for i := range 2000 {
			_ = l.Request(here, fmt.Sprint("more", i)).Publish("a", 1)
		}
		if got := l.Users(); got > 4100 {
			t.Errorf("%d users are known, and most have not been seen for a second", got)
		}
		for i := range 1 << 17 {
			_ = l.Request(here, fmt.Sprint("flood", i)).Publish("a", 1)
		}
		if got := l.Users(); got > 1<<16 {
			t.Errorf("%d users are known", got)
		}
	})
}
