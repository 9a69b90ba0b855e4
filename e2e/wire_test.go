package e2e_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// wire is a WebSocket without a client of ours: what wscat sees.
type wire struct {
	t     *testing.T
	conn  *websocket.Conn
	lines []string // of the last frame, not heard yet
}

func (s *site) dial(path string, opts *websocket.DialOptions) *wire {
	t := s.rig.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, s.url()+path, opts) //nolint:bodyclose // coder/websocket: it never needs to be
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wire{t: t, conn: conn}
}

// plain opens a plain WebSocket and waits until it listens.
func (s *site) plain(channels ...string) *wire {
	s.rig.t.Helper()
	query := ""
	for i, c := range channels {
		query += string("?&"[min(i, 1)]) + "channel=" + c
	}
	w := s.dial("/ws"+query, nil)
	if len(channels) == 0 {
		channels = []string{protocol.DefaultChannel}
	}
	for _, c := range channels {
		w.listensTo(s.rig, c)
	}
	return w
}

// knock is what another program publishes until a plain WebSocket hears it,
// which is told of nothing else. Whoever else listens overhears it.
const knock = "is anybody there?"

// listensTo waits until a plain WebSocket hears a channel.
func (w *wire) listensTo(g *rig, channel string) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	var knocking sync.WaitGroup
	knocking.Go(func() {
		for tick := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; {
			g.redis.Publish(ctx, g.prefix+channel, knock)
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
			}
		}
	})
	line, err := w.read()
	stop()
	knocking.Wait()
	if err != nil || line != knock {
		w.t.Fatalf("waiting to hear %s: %q, %v", channel, line, err)
	}
}

// v1 opens a fanlight.v1 connection that has connected.
func (s *site) v1() *wire {
	s.rig.t.Helper()
	w := s.dial("/ws", &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
	w.say(`{"id":1,"connect":{"version":1}}`)
	w.hears(`"hello":`)
	return w
}

func (w *wire) say(text string) {
	w.t.Helper()
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// next returns the next line that arrives, but for knocks.
func (w *wire) next() (string, error) {
	for {
		if line, err := w.read(); err != nil || !strings.Contains(line, knock) {
			return line, err
		}
	}
}

func (w *wire) read() (string, error) {
	if len(w.lines) == 0 {
		ctx, cancel := context.WithTimeout(w.t.Context(), patience)
		defer cancel()
		_, frame, err := w.conn.Read(ctx)
		if err != nil {
			return "", err
		}
		w.lines = strings.Split(string(frame), "\n")
	}
	line := w.lines[0]
	w.lines = w.lines[1:]
	return line, nil
}

// hears expects the next line to hold each of the parts, and returns it.
func (w *wire) hears(parts ...string) string {
	w.t.Helper()
	line, err := w.next()
	if err != nil {
		w.t.Fatalf("waiting for %q: %v", parts, err)
	}
	for _, p := range parts {
		if !strings.Contains(line, p) {
			w.t.Fatalf("heard %s, which lacks %s", line, p)
		}
	}
	return line
}

// hearsExactly expects the next line to be this.
func (w *wire) hearsExactly(want string) {
	w.t.Helper()
	if line := w.hears(); line != want {
		w.t.Fatalf("heard %q, want %q", line, want)
	}
}

// isClosed expects the connection to end with a code, whatever comes before.
func (w *wire) isClosed(code protocol.CloseCode) {
	w.t.Helper()
	for {
		if _, err := w.next(); err != nil {
			if got := websocket.CloseStatus(err); got != websocket.StatusCode(code) {
				w.t.Fatalf("closed with %d (%v), want %d", got, err, code)
			}
			return
		}
	}
}

// stream is an event stream as curl -N shows it.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

// stream opens one, and waits until each of its channels has said where it
// stands, as it does when it is subscribed.
func (s *site) stream(query string) *stream {
	t := s.rig.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience) // an event that does not come must not hang the test
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/sse"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%s with %s", resp.Status, got)
	}
	st := &stream{t: t, lines: bufio.NewScanner(resp.Body)}
	for waiting := max(1, strings.Count(query, "channel=")); waiting > 0 && st.lines.Scan(); {
		if line := st.lines.Text(); line == ":" || strings.HasPrefix(line, "id: ") {
			waiting--
		}
	}
	return st
}

// event returns the next event that has data, its id and its data.
func (s *stream) event() (id, data string) {
	s.t.Helper()
	var has bool
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case field == "id":
			id = value
		case field == "data" && has:
			data += "\n" + value
		case field == "data":
			data, has = value, true
		case field == "" && has && data == knock:
			data, has = "", false
		case field == "" && has:
			return id, data
		}
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return "", ""
}
