package proxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// Config says what a proxy stands before.
type Config struct {
	// Target is the host and port that it forwards to. Required.
	Target string
	// Redis says that what passes is Redis's protocol: needed for DropReply,
	// and to tell kinds of connections apart.
	Redis bool
}

// Kind tells connections apart.
type Kind int

// The kinds.
const (
	// Any connection.
	Any Kind = iota
	// Listening connections have sent SUBSCRIBE.
	Listening
	// Asking connections have not.
	Asking
)

// Way is a direction, or both: Up | Down.
type Way int

// The ways.
const (
	// Up is from the client to the target.
	Up Way = 1 << iota
	// Down is from the target to the client.
	Down
)

// Proxy is a running proxy. Its methods may be called concurrently.
type Proxy struct {
	cfg      Config
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	refuse   bool
	stalled  Way
	size     int
	delay    time.Duration
	conns    map[*conn]struct{}
	accepted int
	drop     *drop
	changed  chan struct{} // closed when any of the above changes
}

// drop is a reply that is to be lost.
type drop struct {
	match func(command []string) bool
	done  chan struct{}
}

// Start listens on a free port of 127.0.0.1.
func Start(cfg Config) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{cfg: cfg, listener: listener, conns: map[*conn]struct{}{}, changed: make(chan struct{})}
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns the host and port that it listens on.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close ends all connections, and waits.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.change(func() { p.closed = true })
	p.Cut(Any)
	p.running.Wait()
}

// Refuse turns new connections away, or stops doing so. Those that are there
// stay.
func (p *Proxy) Refuse(yes bool) { p.change(func() { p.refuse = yes }) }

// Cut ends connections in good order, as far as TCP goes, and returns how many.
func (p *Proxy) Cut(kind Kind) int { return p.end(kind, false) }

// Reset ends connections with RST on both sides, and returns how many.
func (p *Proxy) Reset(kind Kind) int { return p.end(kind, true) }

func (p *Proxy) end(kind Kind, reset bool) int {
	conns := p.those(kind)
	for _, c := range conns {
		c.end(reset)
	}
	return len(conns)
}

// Stall holds everything that goes a way, on connections old and new.
func (p *Proxy) Stall(way Way) {
	p.change(func() { p.stalled |= way })
	p.StallExisting(Any, way)
}

// StallExisting holds what goes a way on the connections that there are, and
// returns how many.
func (p *Proxy) StallExisting(kind Kind, way Way) int {
	conns := p.those(kind)
	p.change(func() {
		for _, c := range conns {
			c.stalled |= way
		}
	})
	return len(conns)
}

// Flow ends all stalls: what was held goes on first.
func (p *Proxy) Flow() {
	p.change(func() {
		p.stalled = 0
		for c := range p.conns {
			c.stalled = 0
		}
	})
}

// Slice passes on at most size bytes at a time, with a pause after each, on
// connections old and new; a size of 0 ends that.
func (p *Proxy) Slice(size int, pause time.Duration) {
	p.change(func() { p.size, p.delay = size, pause })
}

// DropReply loses the reply to the next command that matches, and resets its
// connection. The command is its name and arguments; match must be quick, and
// is called from one goroutine at a time. What it returns is closed when it
// has happened; only one drop can be asked for at a time, the last one.
func (p *Proxy) DropReply(match func(command []string) bool) <-chan struct{} {
	d := &drop{match: match, done: make(chan struct{})}
	p.change(func() { p.drop = d })
	return d.done
}

// Conns returns how many connections there are of a kind.
func (p *Proxy) Conns(kind Kind) int { return len(p.those(kind)) }

// Await waits until ok is true of the number of connections that there are and
// that there ever were, or the context ends.
func (p *Proxy) Await(ctx context.Context, ok func(now, ever int) bool) error {
	for {
		p.mu.Lock()
		yes, changed := ok(len(p.conns), p.accepted), p.changed
		p.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// change makes a change and tells whoever waits.
func (p *Proxy) change(how func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) those(kind Kind) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	var conns []*conn
	for c := range p.conns {
		select {
		case <-c.done: // it is about to be gone
			continue
		default:
		}
		if kind == Any || c.listening == (kind == Listening) {
			conns = append(conns, c)
		}
	}
	return conns
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		refuse := p.refuse || p.closed
		p.mu.Unlock()
		if refuse {
			abort(client)
			continue
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve forwards one connection, to its end.
func (p *Proxy) serve(client net.Conn) {
	target, err := net.Dial("tcp", p.cfg.Target)
	if err != nil {
		abort(client)
		return
	}
	c := &conn{proxy: p, client: client, target: target, done: make(chan struct{})}
	closed := false
	p.change(func() {
		c.stalled = p.stalled
		p.conns[c] = struct{}{}
		p.accepted++
		closed = p.closed
	})
	if closed {
		c.end(false)
	}
	var ways sync.WaitGroup
	ways.Go(c.up)
	ways.Go(c.down)
	ways.Wait()
	c.end(false)
	p.change(func() { delete(p.conns, c) })
}

// abort ends a connection with RST.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
