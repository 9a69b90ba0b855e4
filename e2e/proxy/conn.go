package proxy

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"time"
)

// conn is a connection through the proxy.
type conn struct {
	proxy          *Proxy
	client, target net.Conn
	once           sync.Once
	done           chan struct{} // closed when it is to end

	// Guarded by Proxy.mu.
	stalled   Way
	listening bool
	asked     []*drop // for each command without a reply, the drop it awaits
}

// end ends both sides; only the first call counts.
func (c *conn) end(reset bool) {
	c.once.Do(func() {
		close(c.done)
		for _, side := range []net.Conn{c.client, c.target} {
			if reset {
				abort(side)
			} else {
				_ = side.Close()
			}
		}
	})
}

func (c *conn) up() {
	if !c.proxy.cfg.Redis {
		c.copy(Up, c.target, c.client)
		return
	}
	c.pass(Up, c.target, c.client, func(v value) bool {
		c.asks(v.strings)
		return true
	})
}

func (c *conn) down() {
	if !c.proxy.cfg.Redis {
		c.copy(Down, c.client, c.target)
		return
	}
	c.pass(Down, c.client, c.target, func(value) bool {
		d := c.answered()
		if d == nil {
			return true
		}
		c.end(true)
		close(d.done)
		return false
	})
}

// asks takes note of a command.
func (c *conn) asks(command []string) {
	p := c.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(command) > 0 && strings.Contains(strings.ToLower(command[0]), "subscribe") {
		c.listening = true
	}
	if c.listening {
		return // what comes is not one reply a command
	}
	var d *drop
	if p.drop != nil && p.drop.match(command) {
		d, p.drop = p.drop, nil
	}
	c.asked = append(c.asked, d)
}

// answered takes note of a reply, and returns the drop that it falls to.
func (c *conn) answered() *drop {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if c.listening || len(c.asked) == 0 {
		return nil
	}
	d := c.asked[0]
	c.asked = c.asked[1:]
	return d
}

// copy forwards bytes as they come.
func (c *conn) copy(way Way, to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !c.write(way, to, buffer[:n]) {
			return
		}
		if err != nil {
			c.finish(way, to)
			return
		}
	}
}

// pass forwards value by value, unless look says no.
func (c *conn) pass(way Way, to, from net.Conn, look func(value) bool) {
	in := bufio.NewReaderSize(from, 32<<10)
	var held []byte
	for {
		v, err := read(in)
		if err != nil {
			if len(held) == 0 || c.write(way, to, held) {
				c.finish(way, to)
			}
			return
		}
		ok := look(v)
		if ok {
			held = append(held, v.raw...)
		}
		// What has come at once goes on at once.
		if in.Buffered() > 0 && ok && len(held) < 64<<10 {
			continue
		}
		if len(held) > 0 && !c.write(way, to, held) || !ok {
			return
		}
		held = held[:0]
	}
}

// finish passes on that one side has nothing more to say.
func (c *conn) finish(way Way, to net.Conn) {
	if tcp, ok := to.(*net.TCPConn); !ok || !c.open(way) || tcp.CloseWrite() != nil {
		c.end(false)
	}
}

// open waits while a way is stalled, and reports false if the connection ended.
func (c *conn) open(way Way) bool {
	p := c.proxy
	for {
		p.mu.Lock()
		stalled, changed := c.stalled&way != 0, p.changed
		p.mu.Unlock()
		if !stalled {
			return true
		}
		select {
		case <-changed:
		case <-c.done:
			return false
		}
	}
}

// write passes bytes on, at the pace that is asked for.
func (c *conn) write(way Way, to net.Conn, b []byte) bool {
	p := c.proxy
	for len(b) > 0 {
		if !c.open(way) {
			return false
		}
		p.mu.Lock()
		size, delay := p.size, p.delay
		p.mu.Unlock()
		piece := b
		if size > 0 {
			piece = b[:min(size, len(b))]
		}
		if _, err := to.Write(piece); err != nil {
			c.end(false)
			return false
		}
		b = b[len(piece):]
		if size > 0 && delay > 0 && !c.pause(delay) {
			return false
		}
	}
	return true
}

func (c *conn) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}
