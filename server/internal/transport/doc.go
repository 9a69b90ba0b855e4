// Package transport is the three ways to hold a connection: the fanlight.v1
// subprotocol (v1.go), a plain WebSocket that carries nothing but data
// (plain.go), and an event stream (sse.go). Each is a [session.Link] below a
// session, and a loop that reads.
//
// # A socket
//
// coder/websocket does the handshake, reads, and answers control frames. What
// we send does not pass through it: a publication goes to thousands of sockets
// as the same bytes, and socket.go writes frames straight to the connection,
// as many as are queued in one system call. The connection that coder got is
// ours (conn.go), so its control frames and our data frames take turns, a
// frame at a time. This also lets an idle connection do without the two 4 KB
// buffers of net/http, and lets deadlines be set without a timer each. The
// goroutine that waits for its next frame keeps a small stack, since commands are
// decoded on another one's until the client publishes.
package transport
