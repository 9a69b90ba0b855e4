package transport

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// writeTimeout is how long one write may take; hurryTimeout, once the
	// session has ended.
	writeTimeout = 10 * time.Second
	hurryTimeout = 3 * time.Second
	// messageTimeout is how long one message may take to arrive. Without it,
	// empty continuation frames could go on for ever, within any size limit.
	messageTimeout = 10 * time.Second

	// readBuffer holds most commands whole; larger reads bypass it.
	readBuffer = 512
	// controlBuffer is for what coder/websocket writes: control frames, of
	// 125 bytes and a header at the most.
	controlBuffer = 144
)

// conn is the connection under a WebSocket, with its deadlines.
type conn struct {
	net.Conn
	patience time.Duration // how long the peer may be silent
	// messageBy is when the message that is being read must be there, in
	// nanoseconds since the Unix epoch; 0 between messages.
	messageBy atomic.Int64

	writing sync.Mutex // a frame at a time
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	by := time.Now().Add(c.patience)
	if m := c.messageBy.Load(); m != 0 {
		by = time.Unix(0, m)
	}
	if err := c.SetReadDeadline(by); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn. Each call must bring whole frames.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// hurry makes a write that is under way give up soon.
func (c *conn) hurry() { _ = c.SetWriteDeadline(time.Now().Add(hurryTimeout)) }

// hijacker is a ResponseWriter that gives its connection away as a conn, with
// small buffers.
type hijacker struct {
	http.ResponseWriter
	patience time.Duration
	conn     *conn // once hijacked
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := nc.SetDeadline(time.Time{}); err != nil { // the server's own
		_ = nc.Close()
		return nil, nil, err
	}
	h.conn = &conn{Conn: nc, patience: h.patience}
	// What a hasty client sent behind its request is kept: Accept takes over
	// what the reader has buffered.
	early, _ := rw.Peek(rw.Reader.Buffered())
	r := bufio.NewReaderSize(bytes.NewReader(early), max(readBuffer, len(early)))
	_, _ = r.Peek(len(early))
	return h.conn, bufio.NewReadWriter(r, bufio.NewWriterSize(h.conn, controlBuffer)), nil
}

// messageBegins and messageEnds bound the time that one message may take.
func (c *conn) messageBegins() { c.messageBy.Store(time.Now().Add(messageTimeout).UnixNano()) }
func (c *conn) messageEnds()   { c.messageBy.Store(0) }
