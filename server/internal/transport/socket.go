package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"unicode/utf8"

	"github.com/coder/websocket"

	"fanlight/server/internal/limit"
	"fanlight/shared/protocol"
)

// maxBatch is how much is written in one go, and so the largest frame that
// holds more than one message.
const maxBatch = 128 << 10

// socket is a WebSocket: see the package comment.
type socket struct {
	ws   *websocket.Conn
	conn *conn
	// joined puts all items into one frame, a line each, instead of a frame each.
	joined bool
}

// upgrade makes a WebSocket of a request. When it fails it has answered, and
// closed the limits.
func (h *Handlers) upgrade(w http.ResponseWriter, r *http.Request, limits *limit.Conn, joined bool) (*socket, error) {
	hj := &hijacker{ResponseWriter: w, cfg: &h.cfg, limits: limits, count: &h.received}
	var subprotocols []string
	if joined {
		subprotocols = []string{protocol.Subprotocol}
	}
	// The options live as long as the connection. If they held hj, so would the
	// request, its answer and the HTTP server's buffers.
	var c *conn
	ws, err := websocket.Accept(hj, r, &websocket.AcceptOptions{
		Subprotocols:       subprotocols,
		InsecureSkipVerify: true,                          // the api package has checked the Origin, for every way in
		CompressionMode:    websocket.CompressionDisabled, // nothing that is received can be a bomb
		OnPingReceived:     func(context.Context, []byte) bool { return c.control() },
		OnPongReceived:     func(context.Context, []byte) { c.control() },
	})
	if err != nil {
		limits.Close()
		return nil, err
	}
	c = hj.conn
	ws.SetReadLimit(-1) // read has the limit: it answers in order, and waits for the close handshake
	return &socket{ws: ws, conn: c, joined: joined}, nil
}

// buffers are for one batch each.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Write implements session.Link.
func (s *socket) Write(items [][]byte) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= 2*maxBatch {
			buffers.Put(buf)
		}
	}()
	for len(items) > 0 {
		n, size := 1, len(items[0])
		for n < len(items) && size+len(items[n]) < maxBatch {
			size += 1 + len(items[n]) // 1 for the newline, or part of the header
			n++
		}
		*buf = (*buf)[:0]
		if s.joined {
			*buf = appendJoined(*buf, items[:n])
		} else {
			for _, item := range items[:n] {
				*buf = append(appendHeader(*buf, len(item)), item...)
			}
		}
		if _, err := s.conn.Write(*buf); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// Hurry implements session.Link.
func (s *socket) Hurry() { s.conn.hurry() }

// Close implements session.Link.
func (s *socket) Close(why *protocol.Error) {
	if why == nil {
		_ = s.ws.CloseNow()
		return
	}
	s.conn.closing()
	code := why.Close()
	if code == 0 {
		code = protocol.CloseInternal
	}
	// A close frame has room for 123 bytes (RFC 6455, 5.5); all our messages
	// are ASCII but for what they may quote.
	reason := string(why.Code) + ": " + why.Message
	if why.At > 0 {
		reason = fmt.Sprintf("%s: at character %d: %s", why.Code, why.At, why.Message)
	}
	for len(reason) > 123 || !utf8.ValidString(reason) {
		reason = reason[:min(len(reason)-1, 123)]
	}
	_ = s.ws.Close(websocket.StatusCode(code), reason)
}

// read returns the next text message. Its error is why the session should
// end: a [*protocol.Error], or nil when the peer is gone.
func (s *socket) read(most int) ([]byte, bool, *protocol.Error) {
	// The context stays out of it: coder closes the connection when one ends,
	// and the deadlines of conn are cheaper.
	typ, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return nil, false, s.readError(err)
	}
	s.conn.messageBegins(most)
	defer s.conn.messageEnds()
	if typ != websocket.MessageText {
		return nil, false, &protocol.Error{Code: protocol.CodeBinary, Message: "binary frames are not taken; send text"}
	}
	frame, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	switch {
	case err != nil:
		return nil, false, s.readError(err)
	case len(frame) > most:
		s.conn.limits.Refused(limit.Frame)
		return nil, false, &protocol.Error{
			Code: protocol.CodeTooLarge, Limit: most,
			Message: fmt.Sprintf("a frame has at most %d bytes", most),
		}
	case !utf8.Valid(frame):
		return nil, false, &protocol.Error{Code: protocol.CodeInvalidUTF8, Message: "the text is not UTF-8"}
	}
	return frame, true, nil
}

func (s *socket) readError(err error) *protocol.Error {
	if why := s.conn.refused.Load(); why != nil {
		return why
	}
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case s.conn.messageBy.Load() != 0:
		s.conn.limits.Refused(limit.MessageTimeout)
		return &protocol.Error{
			Code: protocol.CodeIdle, Limit: int(s.conn.timeout.Milliseconds()),
			Message: fmt.Sprintf("a message takes at most %v", s.conn.timeout),
		}
	default:
		return &protocol.Error{Code: protocol.CodeIdle, Message: "nothing came for too long"}
	}
}

// appendJoined appends one text frame that holds the items, a line each.
func appendJoined(dst []byte, items [][]byte) []byte {
	size := len(items) - 1
	for _, item := range items {
		size += len(item)
	}
	dst = appendHeader(dst, size)
	for i, item := range items {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, item...)
	}
	return dst
}

// appendHeader appends the header of an unmasked, unfragmented text frame
// (RFC 6455, 5.2).
func appendHeader(dst []byte, size int) []byte {
	const finText = 0x81
	switch {
	case size < 126:
		return append(dst, finText, byte(size)) // #nosec G115 -- below 126
	case size <= 0xffff:
		return append(dst, finText, 126, byte(size>>8), byte(size)) // #nosec G115 -- the low bytes are meant
	default:
		dst = append(dst, finText, 127)
		for shift := 56; shift >= 0; shift -= 8 {
			dst = append(dst, byte(uint64(size)>>shift)) // #nosec G115 -- the low byte is meant
		}
		return dst
	}
}
