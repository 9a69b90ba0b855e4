package transport

import (
	"net"
	"net/http"

	"fanlight/server/internal/session"
)

// SocketOver returns a WebSocket's link, for writing, over a connection.
func SocketOver(c net.Conn) session.Link { return &socket{conn: &conn{Conn: c}, joined: true} }

// StreamOver returns an event stream's link over a response that has its head.
func StreamOver(w http.ResponseWriter) session.Link {
	s := &stream{w: w, rc: http.NewResponseController(w), begun: make(chan struct{}), headed: true}
	close(s.begun)
	return s
}
