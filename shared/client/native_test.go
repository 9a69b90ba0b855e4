//go:build !js

package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"fanlight/e2e/port"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server that hands each WebSocket to f, and returns its URL.
func serve(t *testing.T, f func(ctx context.Context, conn *websocket.Conn)) string {
	t.Helper()
	return serveRaw(t, func(ctx context.Context, conn *websocket.Conn, _ net.Conn) { f(ctx, conn) })
}

// serveRaw is serve that also hands over what the WebSocket runs over.
func serveRaw(t *testing.T, f func(ctx context.Context, conn *websocket.Conn, wire net.Conn)) string {
	t.Helper()
	type key struct{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		wire, _ := r.Context().Value(key{}).(net.Conn)
		f(ctx, conn, wire)
	}))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, key{}, c)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func dialed(t *testing.T, url string) (context.Context, link) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	l, err := dial(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.drop)
	return ctx, l
}

func TestALinkTellsTheServersCloseCode(t *testing.T) {
	url := serve(t, func(_ context.Context, conn *websocket.Conn) {
		_ = conn.Close(websocket.StatusCode(protocol.CloseShutdown), "bye")
	})
	ctx, l := dialed(t, url)
	_, err := l.read(ctx)
	if code, ok := CloseCode(err); !ok || code != protocol.CloseShutdown || !strings.Contains(err.Error(), "bye") {
		t.Fatal(err)
	}
}

func TestALinkThatBreaksHasNoCloseCode(t *testing.T) {
	url := serve(t, func(_ context.Context, conn *websocket.Conn) { _ = conn.CloseNow() })
	ctx, l := dialed(t, url)
	_, err := l.read(ctx)
	if code, ok := CloseCode(err); err == nil || ok {
		t.Fatalf("code %d, %v", code, err)
	}
}

func TestALinkCarriesLargeFramesBothWays(t *testing.T) {
	large := strings.Repeat("x", maxFrame)
	url := serve(t, func(ctx context.Context, conn *websocket.Conn) {
		conn.SetReadLimit(maxFrame)
		_, frame, err := conn.Read(ctx)
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, frame)
		}
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, append(frame, 'x'))
		}
		if err == nil {
			_, _, _ = conn.Read(ctx)
		}
	})
	ctx, l := dialed(t, url)
	if err := l.write(ctx, []byte(large)); err != nil {
		t.Fatal(err)
	}
	if frame, err := l.read(ctx); err != nil || string(frame) != large {
		t.Fatalf("%d bytes, %v", len(frame), err)
	}
	if frame, err := l.read(ctx); err == nil {
		t.Fatalf("%d bytes where %d are the limit", len(frame), maxFrame)
	}
}

func TestALinkTakesNoBinary(t *testing.T) {
	url := serve(t, func(ctx context.Context, conn *websocket.Conn) {
		_ = conn.Write(ctx, websocket.MessageBinary, []byte("x"))
		_, _, _ = conn.Read(ctx)
	})
	ctx, l := dialed(t, url)
	if _, err := l.read(ctx); !errors.Is(err, errBinary) {
		t.Fatal(err)
	}
}

func TestALinkSaysGoodbye(t *testing.T) {
	told := make(chan error, 1)
	url := serve(t, func(ctx context.Context, conn *websocket.Conn) {
		_, _, err := conn.Read(ctx)
		told <- err
	})
	_, l := dialed(t, url)
	l.close()
	if err := <-told; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Fatal(err)
	}
}

func TestWhatIsNoFanlightServerIsNotConnectedTo(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			_, _, _ = conn.Read(context.Background())
		}
	}))
	defer other.Close()
	nobody, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for url, want := range map[string]string{plain.URL: "404", other.URL: protocol.Subprotocol, "http://" + port.Addr(nobody): "can't connect"} {
		if _, err := dial(ctx, url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %q", err, want)
		}
	}
}

func TestCloseDoesNotWaitForADeadServer(t *testing.T) {
	// Either may be what reads when the answer does not come: the reader, or
	// close itself, if the reader is busy.
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprintf("the reader is busy: %v", busy), func(t *testing.T) {
			tapped, second := make(chan struct{}), make(chan struct{})
			bidden, ended := make(chan struct{}), make(chan struct{})
			url := serveRaw(t, func(ctx context.Context, conn *websocket.Conn, wire net.Conn) {
				<-tapped
				_, _, _ = conn.Read(ctx)
				_ = conn.Write(ctx, websocket.MessageText, []byte(hello))
				_ = conn.Write(ctx, websocket.MessageText, []byte("{}"))
				_, _ = wire.Read(make([]byte, 1)) // the goodbye, which is not answered
				close(bidden)
				<-ended
			})
			defer close(ended)
			c, err := New(Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			frames := 0
			c.Tap(func(sent bool, _ []byte) {
				if sent {
					return
				}
				if frames++; frames == 2 {
					close(second)
					if busy {
						<-bidden
					}
				}
			})
			close(tapped)
			<-second
			start := time.Now()
			_ = c.Close()
			if took := time.Since(start); took > goodbye+2*time.Second {
				t.Fatalf("took %v", took)
			}
		})
	}
}
