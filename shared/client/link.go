package client

import (
	"context"
	"time"
)

// link is one WebSocket, as far as the client needs to know. read and write
// are each called from one goroutine at a time. A context that ends during
// either of them ends the link.
type link interface {
	// read returns the next text frame, or why there will be none: a
	// *closedError when the server said why.
	read(ctx context.Context) ([]byte, error)
	// write sends one text frame. It does not keep the bytes.
	write(ctx context.Context, frame []byte) error
	// close says goodbye; the other side's answer may be waited for while
	// read is being called.
	close()
	// drop ends the link at once, and a close that waits. After it, as after
	// close, nothing of the link is left to release. It may be called at any time.
	drop()
}

// dialer makes a link, or says why it can't. The context bounds the making.
type dialer func(ctx context.Context, url string) (link, error)

const (
	// maxFrame is the most bytes of one frame from the server. The server puts
	// all that waits for us into one frame, up to its own bound for that.
	maxFrame = 8 << 20
	// writeTimeout is how long one frame may take to leave.
	writeTimeout = 10 * time.Second
	// goodbye is how long the other side may take to say it, too.
	goodbye = time.Second
	// linger is how long the reader gets to find out why writing failed.
	linger = time.Second
)
