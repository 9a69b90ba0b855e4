package client

import (
	"context"
	"errors"
	"sync"
	"syscall/js"

	"fanlight/shared/protocol"
)

// maxUnread is the most bytes that may have come and not been read. A browser
// has no way to make a server wait, so past it the link is dropped.
const maxUnread = 16 << 20

var (
	errBrowser = errors.New("client: the connection broke, or could not be made; the browser does not tell why")
	errUnread  = errors.New("client: more came than was read")
	errLeft    = errors.New("client: the link was left")
)

// browserLink is a link over the browser's WebSocket. Its callbacks run on the
// event loop and never wait.
type browserLink struct {
	socket    js.Value
	listeners map[string]js.Func

	opened chan struct{} // closed by the open event
	signal chan struct{} // unread or err has changed

	mu     sync.Mutex
	unread [][]byte
	size   int   // of unread
	err    error // why nothing more will come
}

func dial(ctx context.Context, url string) (link, error) {
	socket, err := newSocket(url)
	if err != nil {
		return nil, err
	}
	l := &browserLink{
		socket: socket,
		opened: make(chan struct{}),
		signal: make(chan struct{}, 1),
	}
	l.listeners = map[string]js.Func{
		"open":    js.FuncOf(l.onOpen),
		"message": js.FuncOf(l.onMessage),
		"close":   js.FuncOf(l.onClose),
	}
	for event, f := range l.listeners {
		socket.Call("addEventListener", event, f)
	}
	select {
	case <-l.opened:
	case <-l.signal: // closed before it was open
		err = l.reason()
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil && socket.Get("protocol").String() != protocol.Subprotocol {
		err = errSubprotocol
	}
	if err != nil {
		l.drop()
		return nil, err
	}
	return l, nil
}

func newSocket(url string) (socket js.Value, err error) {
	defer catch(&err)
	return js.Global().Get("WebSocket").New(url, protocol.Subprotocol), nil
}

// catch turns what JavaScript has thrown into an error.
func catch(err *error) {
	switch thrown := recover().(type) {
	case nil:
	case js.Error:
		*err = errors.New("client: " + thrown.Error())
	default:
		panic(thrown)
	}
}

func (l *browserLink) onOpen(js.Value, []js.Value) any {
	close(l.opened)
	return nil
}

func (l *browserLink) onMessage(_ js.Value, args []js.Value) any {
	data := args[0].Get("data")
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
	case data.Type() != js.TypeString:
		l.err = errBinary
	default:
		frame := []byte(data.String())
		if l.size += len(frame); l.size > maxUnread || len(frame) > maxFrame {
			// Now, rather than when the reader finds out, which is busy.
			l.unread, l.err = nil, errUnread
			l.socket.Call("close", int(protocol.CloseSlowConsumer))
			break
		}
		l.unread = append(l.unread, frame)
	}
	poke(l.signal)
	return nil
}

func (l *browserLink) onClose(_ js.Value, args []js.Value) any {
	// 1006 is the browser's own word for a connection that broke.
	const abnormal = 1006
	err := errBrowser
	if code := args[0].Get("code").Int(); code != abnormal {
		err = &closedError{code: protocol.CloseCode(code), reason: args[0].Get("reason").String()}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	poke(l.signal)
	return nil
}

func (l *browserLink) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// read returns what came before the end, then the end.
func (l *browserLink) read(ctx context.Context) ([]byte, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if frame, err := l.next(); frame != nil || err != nil {
			return frame, err
		}
		select {
		case <-l.signal:
		case <-ctx.Done():
		}
	}
}

func (l *browserLink) next() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.unread) == 0 {
		return nil, l.err
	}
	frame := l.unread[0]
	l.unread[0] = nil
	l.unread = l.unread[1:]
	l.size -= len(frame)
	return frame, nil
}

// write hands the frame to the browser, which keeps what it can't send yet; the
// bound on publishes bounds that, too.
func (l *browserLink) write(_ context.Context, frame []byte) (err error) {
	defer catch(&err)
	l.socket.Call("send", string(frame))
	return nil
}

// close does not wait for the other side: the browser sees to that.
func (l *browserLink) close() { l.leave(1000) }

func (l *browserLink) drop() { l.leave(int(protocol.CloseIdle)) }

// leave stops listening first, so that nothing of a link that was left arrives
// late, and nothing waits for the close event, which on a dead link comes after
// minutes.
func (l *browserLink) leave(code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listeners == nil {
		return
	}
	for event, f := range l.listeners {
		l.socket.Call("removeEventListener", event, f)
		f.Release()
	}
	l.listeners, l.unread = nil, nil
	if l.err == nil {
		l.err = errLeft
	}
	poke(l.signal)
	l.socket.Call("close", code)
}
