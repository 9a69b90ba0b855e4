package transport

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/server/internal/limit"
	"fanlight/shared/protocol"
)

const (
	// writeTimeout is how long one write may take; hurryTimeout, once the
	// session has ended.
	writeTimeout = 10 * time.Second
	hurryTimeout = 3 * time.Second
	// closeTimeout is how long a peer may take to answer a close frame. coder has
	// a time for that too, which does not bound the rest of a frame that was
	// being read: byte by byte it could go on for ever.
	closeTimeout = 3 * time.Second
	// dribble is how many bytes one message may take on the wire for each that
	// it may have: even frames of one byte each have seven. Without it, empty
	// continuation frames, which no limit of a message's size sees, could keep
	// us busy for all of the time that a message may take; spareWire is for the
	// pings and pongs in between.
	dribble   = 8
	spareWire = 4 << 10

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
	// closeBy is when the last must be read, likewise; 0 until we close.
	closeBy atomic.Int64
	// wire is how many bytes were read since then, and wireMost how many may be.
	wire, wireMost atomic.Int64
	timeout        time.Duration // for one message

	limits   *limit.Conn
	received *atomic.Uint64
	// refused is why nothing more is read.
	refused atomic.Pointer[protocol.Error]
	gone    chan struct{} // closed with the connection
	once    sync.Once

	writing sync.Mutex // a frame at a time
	haste   haste
}

// haste is when the last must be written, in nanoseconds since the Unix epoch; 0
// while there is no hurry.
type haste struct{ atomic.Int64 }

// bound sets the deadline for one write.
func (h *haste) bound(set func(time.Time) error) error {
	err := set(time.Now().Add(writeTimeout))
	if by := h.Load(); err == nil && by != 0 { // second, for a hurry that begins in between
		err = set(time.Unix(0, by))
	}
	return err
}

// begin leaves so much time for a write that is under way, and for all others.
func (h *haste) begin(left time.Duration, set func(time.Time) error) {
	by := time.Now().Add(left)
	h.Store(by.UnixNano())
	_ = set(by)
}

var errRefused = errors.New("the peer does too much of something")

// refuse ends the reading.
func (c *conn) refuse(err error) {
	if err != nil {
		c.refused.CompareAndSwap(nil, asError(err))
	}
}

// control counts a ping or a pong of the peer's, and reports whether it may be
// answered.
func (c *conn) control() bool {
	err := c.limits.Ping()
	c.refuse(err)
	return err == nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if c.refused.Load() != nil {
		return 0, errRefused
	}
	by := time.Now().Add(c.patience)
	if m := c.messageBy.Load(); m != 0 {
		by = time.Unix(0, m)
	}
	if err := c.SetReadDeadline(by); err != nil {
		return 0, err
	}
	if m := c.closeBy.Load(); m != 0 { // now, for a close that begins in between
		if err := c.SetReadDeadline(time.Unix(0, m)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(p)
	c.received.Add(uint64(n)) // #nosec G115 -- not negative
	c.limits.Bytes(c.gone, n)
	if most := c.wireMost.Load(); most > 0 && c.wire.Add(int64(n)) > most {
		c.limits.Refused(limit.Frame)
		c.refuse(&protocol.Error{Code: protocol.CodeTooLarge, Message: "a message in far too many frames"})
		return 0, errRefused
	}
	return n, err
}

// Write implements net.Conn. Each call must bring whole frames.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.haste.bound(c.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// closing bounds what is read and written from now on.
func (c *conn) closing() {
	c.haste.begin(closeTimeout, c.SetWriteDeadline)
	by := time.Now().Add(closeTimeout)
	c.closeBy.Store(by.UnixNano())
	_ = c.SetReadDeadline(by) // for a read that is under way
}

// hurry makes a write that is under way give up soon, and those that follow on it.
func (c *conn) hurry() { c.haste.begin(hurryTimeout, c.SetWriteDeadline) }

// hijacker is a ResponseWriter that gives its connection away as a conn, with
// small buffers.
type hijacker struct {
	http.ResponseWriter
	cfg    *Config
	limits *limit.Conn
	count  *atomic.Uint64
	conn   *conn // once hijacked
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
	h.conn = &conn{
		Conn: nc, patience: h.cfg.patience(), timeout: h.cfg.Limiter.Config().MessageTimeout,
		limits: h.limits, received: h.count, gone: make(chan struct{}),
	}
	// What a hasty client sent behind its request is kept: Accept takes over
	// what the reader has buffered.
	early, _ := rw.Peek(rw.Reader.Buffered())
	r := bufio.NewReaderSize(bytes.NewReader(early), max(readBuffer, len(early)))
	_, _ = r.Peek(len(early))
	return h.conn, bufio.NewReadWriter(r, bufio.NewWriterSize(h.conn, controlBuffer)), nil
}

// messageBegins and messageEnds bound the time and the bytes that one message,
// of so many bytes at the most, may take.
func (c *conn) messageBegins(most int) {
	c.messageBy.Store(time.Now().Add(c.timeout).UnixNano())
	c.wire.Store(0)
	c.wireMost.Store(int64(most)*dribble + spareWire)
}

func (c *conn) messageEnds() {
	c.messageBy.Store(0)
	c.wireMost.Store(0)
}
