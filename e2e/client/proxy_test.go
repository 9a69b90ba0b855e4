//go:build !js

package client_test

import (
	"bytes"
	"io"
	"net"
	"sync"
)

// proxy hands TCP connections on, or does to them what networks do.
type proxy struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu       sync.Mutex
	target   string // empty: nobody is there
	links    map[*wire]struct{}
	dead     bool // swallow all bytes, both ways
	deaf     bool // swallow what comes from the target
	accepted int
	frames   int // text frames from the target
	closed   bool
}

// wire is one link through a proxy.
type wire struct{ near, far net.Conn }

func newProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, links: map[*wire]struct{}{}}
	p.wg.Go(p.accept)
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cut()
	p.wg.Wait()
}

// cut ends all links.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.links {
		_ = w.near.Close()
		if w.far != nil {
			_ = w.far.Close()
		}
	}
}

func (p *proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.accepted++
		target, dead, closed := p.target, p.dead, p.closed
		w := &wire{near: near}
		p.links[w] = struct{}{}
		p.mu.Unlock()

		var far net.Conn
		if target != "" && !dead && !closed {
			far, _ = net.Dial("tcp", target)
		}
		p.set(func() { w.far = far })
		if far == nil && !dead {
			_ = near.Close()
			p.set(func() { delete(p.links, w) })
			continue
		}
		p.wg.Go(func() { p.serve(w) })
	}
}

func (p *proxy) serve(w *wire) {
	defer p.set(func() { delete(p.links, w) })
	if w.far == nil { // half open from the start
		_, _ = io.Copy(io.Discard, w.near)
		_ = w.near.Close()
		return
	}
	var down sync.WaitGroup
	down.Go(func() {
		counter := &frameCounter{count: func() { p.set(func() { p.frames++ }) }}
		p.copy(w.near, w.far, func() bool { return p.dead || p.deaf }, counter)
	})
	p.copy(w.far, w.near, func() bool { return p.dead }, io.Discard)
	down.Wait()
}

// copy hands bytes on until one side ends, which ends the other.
func (p *proxy) copy(to, from net.Conn, swallow func() bool, tap io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		var lost bool
		p.set(func() { lost = swallow() })
		if n > 0 && !lost {
			_, _ = tap.Write(buffer[:n])
			if _, werr := to.Write(buffer[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// frameCounter counts the text frames in what a WebSocket server sends
// (RFC 6455, 5.2: two bytes, a longer length if these say so, the payload).
type frameCounter struct {
	count   func()
	pending []byte
	upgrade bool // the answer to the upgrade is over
	skip    int  // bytes of payload to come
}

func (f *frameCounter) Write(b []byte) (int, error) {
	f.pending = append(f.pending, b...)
	for f.next() {
	}
	return len(b), nil
}

func (f *frameCounter) next() bool {
	if !f.upgrade {
		_, rest, ok := bytes.Cut(f.pending, []byte("\r\n\r\n"))
		if ok {
			f.upgrade, f.pending = true, rest
		}
		return ok
	}
	if n := min(f.skip, len(f.pending)); n > 0 {
		f.skip, f.pending = f.skip-n, f.pending[n:]
	}
	if f.skip > 0 || len(f.pending) < 2 {
		return false
	}
	size, head := int(f.pending[1]&0x7f), 2
	if size >= 126 {
		head += 2
		if size == 127 {
			head += 6
		}
		if len(f.pending) < head {
			return false
		}
		size = 0
		for _, b := range f.pending[2:head] {
			size = size<<8 | int(b)
		}
	}
	if f.pending[0]&0x0f == 1 {
		f.count()
	}
	f.pending, f.skip = f.pending[head:], size
	return true
}
