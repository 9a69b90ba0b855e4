//go:build !js

package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// transport keeps no idle connection: an answer that is not a WebSocket must
// not leave one behind.
var transport = sync.OnceValue(func() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		t = d.Clone()
	}
	t.DisableKeepAlives = true
	return t
})

// nativeLink is a link over github.com/coder/websocket.
type nativeLink struct {
	conn *websocket.Conn
	wire net.Conn // what conn runs over
}

func dial(ctx context.Context, url string) (link, error) {
	var wire net.Conn
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { wire = got.Conn },
	})
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{ //nolint:bodyclose // never needed, says its documentation
		HTTPClient:   &http.Client{Transport: transport()},
		Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		return nil, errors.New("client: can't connect: " + err.Error())
	}
	if conn.Subprotocol() != protocol.Subprotocol {
		_ = conn.CloseNow()
		return nil, errSubprotocol
	}
	conn.SetReadLimit(maxFrame)
	return nativeLink{conn, wire}, nil
}

func (l nativeLink) read(ctx context.Context) ([]byte, error) {
	kind, frame, err := l.conn.Read(ctx)
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return nil, &closedError{code: protocol.CloseCode(closed.Code), reason: closed.Reason}
	case err != nil:
		return nil, errors.New("client: the connection broke: " + err.Error())
	case kind != websocket.MessageText:
		return nil, errBinary
	}
	return frame, nil
}

func (l nativeLink) write(ctx context.Context, frame []byte) error {
	if err := l.conn.Write(ctx, websocket.MessageText, frame); err != nil {
		return errors.New("client: the connection broke: " + err.Error())
	}
	return nil
}

func (l nativeLink) close() { _ = l.conn.Close(websocket.StatusNormalClosure, "") }

// drop closes what is below first: a Close that waits for an answer can't be
// hurried otherwise when it, and no Read, is what reads.
func (l nativeLink) drop() {
	_ = l.wire.Close()
	_ = l.conn.CloseNow()
}
