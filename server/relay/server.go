package relay

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"fanlight/server/internal/limit"
)

const (
	// idleTimeout is how long a connection may wait for its next request.
	idleTimeout = time.Minute
	// maxHeader is the most bytes of a request's head: there has to be room for
	// the Last-Event-ID of a stream of many channels.
	maxHeader = 64 << 10
	// spareDoors is how many network connections there may be besides as many
	// as may be held: for requests, and for heads that are not there yet.
	spareDoors = 1000
	// spareDoorsPerAddress is the same for one address: few of the others, so
	// that nobody has all of them.
	spareDoorsPerAddress = 100
)

// Server returns an http.Server that serves the relay within its limits: with a
// time for heads, and a bound to connections that bring none. It is not started;
// when it is shut down, the relay drains. Call it once.
func (r *Relay) Server() *http.Server {
	s := &http.Server{
		Handler: r, ReadHeaderTimeout: r.limiter.Config().HandshakeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ConnState: r.doors.state, ConnContext: r.doors.context,
	}
	s.RegisterOnShutdown(r.Drain)
	return s
}

// doors knows the network connections that are not held: net/http says nothing
// of one whose head did not come in time, and has no bound to how many there are.
type doors struct {
	limiter              *limit.Limiter
	most, mostPerAddress int

	mu      sync.Mutex
	open    map[net.Conn]*door
	address map[netip.Addr]int // without trusted proxies
}

// door is one of them.
type door struct {
	addr   netip.Addr // of the peer
	counts bool       // among its address's

	mu     sync.Mutex
	waits  bool      // for the rest of a head
	opened time.Time // when that began
}

func newDoors(l *limit.Limiter) *doors {
	return &doors{
		limiter: l, most: l.Config().Connections + spareDoors, mostPerAddress: l.Config().ConnectionsPerAddress + spareDoorsPerAddress,
		open: make(map[net.Conn]*door), address: make(map[netip.Addr]int),
	}
}

type doorKey struct{}

// context implements http.Server.ConnContext, the first that is called for a
// connection. One too many is closed without a word: an answer would need a
// request, and to read that is what there is no room for.
func (d *doors) context(ctx context.Context, c net.Conn) context.Context {
	at := &door{waits: true, opened: time.Now()}
	at.addr, at.counts = d.limiter.Peer(c.RemoteAddr().String())
	d.mu.Lock()
	full, fullForIt := len(d.open) >= d.most, at.counts && d.address[at.addr] >= d.mostPerAddress
	d.open[c] = at
	if at.counts {
		d.address[at.addr]++
	}
	d.mu.Unlock()
	switch {
	case full:
		d.limiter.Refused(limit.Connections)
		_ = c.Close()
	case fullForIt:
		d.limiter.Refused(limit.ConnectionsPerAddress)
		_ = c.Close()
	}
	return context.WithValue(ctx, doorKey{}, at)
}

// state implements http.Server.ConnState.
func (d *doors) state(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch at := d.open[c]; {
	case at == nil:
	case state == http.StateActive:
		// The first byte of a head. Of the first head, the time has begun with
		// the connection.
		at.mu.Lock()
		if !at.waits {
			at.waits, at.opened = true, time.Now()
		}
		at.mu.Unlock()
	case state == http.StateHijacked, state == http.StateClosed:
		delete(d.open, c)
		d.leave(at)
		at.mu.Lock()
		late := at.waits && time.Since(at.opened) >= d.limiter.Config().HandshakeTimeout
		at.mu.Unlock()
		if late && state == http.StateClosed {
			d.limiter.Refused(limit.HandshakeTimeout)
		}
	}
}

// leave gives up a door's place among its address's. The lock is held.
func (d *doors) leave(at *door) {
	if !at.counts {
		return
	}
	if d.address[at.addr]--; d.address[at.addr] == 0 {
		delete(d.address, at.addr)
	}
}

// wrap returns a handler that notes that a head is there.
func (d *doors) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, _ := r.Context().Value(doorKey{}).(*door); at != nil {
			at.mu.Lock()
			at.waits = false
			at.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// count returns how many there are.
func (d *doors) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}
