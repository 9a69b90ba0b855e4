package transport_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"fanlight/e2e/port"
	"fanlight/server/internal/api"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/node"
	"fanlight/server/internal/session"
	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	// go-redis looks for a Redis that is away once a second, and notices only
	// then that its pool was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patience bounds what a test waits for; nothing that works comes near it.
const patience = 15 * time.Second

// rig is a whole relay, put together by hand, on an embedded Redis.
type rig struct {
	t        *testing.T
	redis    *embedded.Redis
	node     *node.Node
	sessions *session.Manager
	server   *httptest.Server
}

// newRig starts one. change, which may be nil, changes its configuration.
func newRig(t *testing.T, change func(*transport.Config)) *rig {
	t.Helper()
	cfg := transport.Config{
		Sessions: &session.Manager{}, Limits: protocol.DefaultLimits, Outbox: 1 << 20,
		PingInterval: time.Minute, ConnectTimeout: time.Minute, Build: "b1",
	}
	if change != nil {
		change(&cfg)
	}
	log := slog.New(slog.DiscardHandler)
	r := &rig{t: t, sessions: cfg.Sessions}
	free, err := port.Free() // and nobody else's when the test takes its Redis away
	if err != nil {
		t.Fatal(err)
	}
	if r.redis, err = embedded.Start(port.Addr(free), log); err != nil {
		t.Fatal(err)
	}
	r.node, err = node.New(node.Config{
		Broker: broker.Config{URL: r.redis.URL(), Log: log, MessageLimit: cfg.Limits.Message},
		Limits: cfg.Limits, CheckInterval: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Node = r.node
	handlers := transport.New(cfg)
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", func(w http.ResponseWriter, req *http.Request) {
		if err := handlers.WebSocket(w, req); err != nil {
			api.WriteProblem(w, err)
		}
	})
	mux.HandleFunc("/sse", func(w http.ResponseWriter, req *http.Request) {
		if err := handlers.EventStream(w, req); err != nil {
			api.WriteProblem(w, err)
		}
	})
	r.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		r.sessions.Drain()
		r.server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.sessions.Close(ctx); err != nil {
			t.Error("sessions that do not end:", err)
		}
		if err := r.node.Close(); err != nil {
			t.Error(err)
		}
		r.redis.Close()
	})
	return r
}

// within returns a context that ends with the test's patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until a condition holds, without an event to wait for.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be: ", what)
		}
	}
}

// publish publishes JSON and waits until Redis has it.
func (r *rig) publish(channel, data string) protocol.Published {
	r.t.Helper()
	p, err := r.node.PublishWait(within(r.t), node.Caller{}, protocol.Publish{Channel: channel, Data: json.RawMessage(data)})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// socket is a WebSocket client.
type socket struct {
	*testing.T
	ws      *websocket.Conn
	pending []protocol.Message
}

// dial opens one; query may be empty, as may the subprotocol.
func (r *rig) dial(query, subprotocol string) *socket {
	r.t.Helper()
	opts := &websocket.DialOptions{}
	if subprotocol != "" {
		opts.Subprotocols = []string{subprotocol}
	}
	ws, _, err := websocket.Dial(within(r.t), r.server.URL+"/ws"+query, opts) //nolint:bodyclose // there is none
	if err != nil {
		r.t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return &socket{T: r.t, ws: ws}
}

// plain opens a plain WebSocket and waits until it listens to its first
// channel; with others that listen there already.
func (r *rig) plain(query string, others ...*socket) *socket {
	r.t.Helper()
	s := r.dial(query, "")
	u, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		r.t.Fatal(err)
	}
	s.listens(r, cmp.Or(u.Get("channel"), protocol.DefaultChannel), others...)
	return s
}

// listens waits until a plain WebSocket hears a channel. It is told nothing,
// so it has to be tried; others that listen hear that too.
func (s *socket) listens(r *rig, channel string, others ...*socket) {
	s.Helper()
	heard, tried := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(tried)
		for {
			select {
			case <-heard:
				return
			case <-time.After(time.Millisecond):
				_, _ = r.node.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: channel, Data: json.RawMessage(`"?"`)})
			}
		}
	}()
	s.text()
	close(heard)
	<-tried
	r.publish(channel, `"!"`)
	for _, s := range append(others, s) {
		for s.text() != "!" {
		}
	}
}

// v1 opens a fanlight.v1 connection and says connect.
func (r *rig) v1() *socket {
	r.t.Helper()
	s := r.dial("", protocol.Subprotocol)
	s.send(`{"id":1,"connect":{"version":1}}`)
	if m := s.next(); m.Hello == nil {
		r.t.Fatalf("no hello, but %+v", m)
	}
	return s
}

// send sends a text frame.
func (s *socket) send(frame string) {
	s.Helper()
	if err := s.ws.Write(within(s.T), websocket.MessageText, []byte(frame)); err != nil {
		s.Fatal(err)
	}
}

// text returns the next frame as it is.
func (s *socket) text() string {
	s.Helper()
	typ, b, err := s.ws.Read(within(s.T))
	if err != nil || typ != websocket.MessageText {
		s.Fatal(typ, err)
	}
	return string(b)
}

// next returns the next fanlight.v1 message, leaving out what a ping may tell
// besides its pong.
func (s *socket) next() protocol.Message {
	s.Helper()
	for len(s.pending) == 0 {
		frame := s.text()
		ms, err := protocol.DecodeMessages([]byte(frame))
		if err != nil {
			s.Fatalf("%v in %s", err, frame)
		}
		s.pending = ms
	}
	m := s.pending[0]
	s.pending = s.pending[1:]
	if m.Moved != nil {
		return s.next()
	}
	return m
}

// reply returns the reply with the id, leaving out pushes.
func (s *socket) reply(id uint64) protocol.Message {
	s.Helper()
	for {
		switch m := s.next(); m.ID {
		case id:
			return m
		case 0:
		default:
			s.Fatalf("a reply to %d, not to %d: %+v", m.ID, id, m)
		}
	}
}

// wantError reads the reply with the id and checks its error's code.
func (s *socket) wantError(id uint64, code protocol.Code) protocol.Error {
	s.Helper()
	m := s.reply(id)
	if m.Error == nil || m.Error.Code != code {
		s.Fatalf("want %s, got %+v", code, m)
	}
	return *m.Error
}

// alive checks that the connection still answers.
func (s *socket) alive(id string) {
	s.Helper()
	s.send(`{"id":` + id + `,"ping":{}}`)
	if m := s.next(); m.Pong == nil || m.Pong.Time == 0 {
		s.Fatalf("no pong, but %+v", m)
	}
}

// wantClose reads until the connection is closed, and checks the code and
// that the reason begins with the error's.
func (s *socket) wantClose(want protocol.CloseCode, code protocol.Code) {
	s.Helper()
	for {
		_, _, err := s.ws.Read(within(s.T))
		if err == nil {
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) {
			s.Fatal("the connection ended without a close frame: ", err)
		}
		if closed.Code != websocket.StatusCode(want) || !strings.HasPrefix(closed.Reason, string(code)+": ") {
			s.Fatalf("closed with %d %q, not with %d %s", closed.Code, closed.Reason, want, code)
		}
		return
	}
}

// problem makes a request that fails, and returns why; what the problem says
// has to be what the response says. It returns the Retry-After too.
func problem(t *testing.T, url string) (p protocol.Problem, retryAfter string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" || p.Status != resp.StatusCode {
		t.Fatalf("%s %d: %s", got, resp.StatusCode, body)
	}
	return p, resp.Header.Get("Retry-After")
}
