package faults

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/checker"
	"fanlight/shared/protocol"
)

// wire is a subscriber that speaks fanlight.v1 itself. It keeps its position
// and comes back with it, and leaves out all cleverness: no duplicate is
// dropped and no hole is closed before the log has them, so that a mistake of
// the server's can't be mended by a client.
type wire struct {
	scene *scene
	who   string
	url   string
	paced chan struct{} // when not nil, it takes a token to read a frame

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	channel string
	since   *protocol.Since // nil before the first reply
	due     int             // recovered messages that are to come
}

// wire starts a subscriber and waits until the server took it.
func (s *scene) wire(who, url, channel string) *wire {
	s.t.Helper()
	w := s.newWire(who, url, channel)
	w.start()
	s.subscribed(who)
	return w
}

func (s *scene) newWire(who, url, channel string) *wire {
	s.channels[channel] = true
	w := &wire{scene: s, who: who, url: url, channel: channel, done: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

func (w *wire) start() {
	w.scene.subscribers = append(w.scene.subscribers, w)
	go w.run()
}

func (s *scene) subscribed(who string) {
	s.t.Helper()
	s.await(who+" is subscribed", func(e checker.Event) bool { return e.Kind == checker.Subscribe && e.Who == who })
}

// leave ends the subscriber and waits for it.
func (w *wire) leave() {
	w.cancel()
	<-w.done
}

func (w *wire) log(e checker.Event) {
	e.Who = w.who
	if e.Kind != checker.Disconnect {
		e.Channel = w.channel
	}
	w.scene.log.Add(e)
}

func (w *wire) run() {
	defer close(w.done)
	wait := 10 * time.Millisecond
	for w.ctx.Err() == nil {
		began := time.Now()
		err := w.connect()
		if w.ctx.Err() != nil {
			return
		}
		w.log(checker.Event{Kind: checker.Disconnect, Text: err.Error()})
		if code := websocket.CloseStatus(err); code > 0 && !protocol.CloseCode(code).Reconnect() {
			w.scene.t.Errorf("%s is told to stay away: %v", w.who, err)
			return
		}
		if wait = min(2*wait, 500*time.Millisecond); time.Since(began) > time.Second {
			wait = 20 * time.Millisecond
		}
		select {
		case <-w.ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

var errSilent = errors.New("nothing was heard for too long")

// connect is one connection, from its beginning to its end.
func (w *wire) connect() error {
	ctx, cancel := context.WithTimeoutCause(w.ctx, min(w.scene.plan.Ping, patience/3), errSilent)
	defer cancel()
	caller := caller
	if w.paced != nil {
		caller = narrow // who does not read is to be noticed soon
	}
	conn, _, err := websocket.Dial(ctx, w.url+"/ws", &websocket.DialOptions{ //nolint:bodyclose // never needed, says its documentation
		HTTPClient: caller, Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(8 << 20)

	subscribe := protocol.Command{ID: 2, Subscribe: &protocol.Subscribe{Channel: w.channel, Since: w.since}}
	connect := protocol.Command{ID: 1, Connect: &protocol.Connect{Version: protocol.Version}}
	for _, c := range []protocol.Command{connect, subscribe} {
		if err := conn.Write(ctx, websocket.MessageText, encode(c)); err != nil {
			return err
		}
	}
	w.due = 0
	for {
		if err := w.frame(conn); err != nil {
			return err
		}
	}
}

// frame reads one frame. One that does not come in time ends the connection;
// a ping goes out half-way.
func (w *wire) frame(conn *websocket.Conn) error {
	if w.paced != nil {
		select {
		case <-w.paced:
		case <-w.ctx.Done():
			return w.ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeoutCause(w.ctx, w.scene.plan.Ping, errSilent)
	defer cancel()
	ping := time.AfterFunc(w.scene.plan.Ping/2, func() {
		// Not with the context above: the answer ends that, maybe before Write
		// has returned, and a write whose context ends closes the connection.
		ctx, cancel := context.WithTimeout(w.ctx, w.scene.plan.Ping)
		defer cancel()
		_ = conn.Write(ctx, websocket.MessageText, encode(protocol.Command{ID: 3, Ping: &protocol.Ping{}}))
	})
	defer ping.Stop()
	_, frame, err := conn.Read(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	messages, err := protocol.DecodeMessages(frame)
	if err != nil {
		w.scene.t.Errorf("%s is sent %q: %v", w.who, frame, err)
		return err
	}
	for i := range messages {
		if err := w.take(&messages[i]); err != nil {
			return err
		}
	}
	return nil
}

// take writes a message down, and moves the position.
func (w *wire) take(m *protocol.Message) error {
	switch {
	case m.Error != nil:
		return m.Error
	case m.Subscribed != nil:
		w.subscribedAt(m.Subscribed)
	case m.Publication != nil:
		w.received(m.Publication)
	case m.Gap != nil:
		w.gap(m.Gap)
	case m.Reset != nil:
		w.reset(m.Reset)
	case m.Moved != nil:
		w.log(checker.Event{Kind: checker.Moved, Epoch: m.Moved.Epoch, Offset: m.Moved.Offset, ID: m.Moved.Last})
	}
	return nil
}

func (w *wire) subscribedAt(r *protocol.Subscribed) {
	w.due = r.Recovered
	w.log(checker.Event{Kind: checker.Subscribe, Epoch: r.Epoch, Offset: r.Offset, ID: r.Last, Count: uint64(r.Recovered)})
	if w.since == nil {
		w.since = &protocol.Since{Epoch: r.Epoch, Offset: r.Offset, Last: r.Last}
	}
	if r.Reset != nil {
		w.reset(r.Reset)
	}
	if r.Gap != nil {
		w.gap(r.Gap)
	}
	if w.since.Epoch == r.Epoch && w.since.Offset == r.Offset {
		w.since.Last = r.Last
	}
}

func (w *wire) received(p *protocol.Publication) {
	e := checker.Event{Kind: checker.Receive, Data: nameOf(p.Data), Foreign: p.Foreign}
	if !p.Foreign {
		e.Epoch, e.Offset, e.ID, e.Recovered = p.Epoch, p.Offset, p.ID, w.due > 0
		w.due = max(w.due-1, 0)
		w.since = &protocol.Since{Epoch: p.Epoch, Offset: p.Offset, Last: p.ID}
	}
	w.log(e)
}

func (w *wire) gap(g *protocol.Gap) {
	w.log(checker.Event{Kind: checker.Gap, Epoch: g.Epoch, From: g.From, To: g.To, Count: g.Count})
	w.since = &protocol.Since{Epoch: g.Epoch, Offset: g.To}
}

func (w *wire) reset(r *protocol.Reset) {
	was := r.Was
	w.log(checker.Event{Kind: checker.Reset, Epoch: r.Epoch, Was: &was})
	w.since = &protocol.Since{Epoch: r.Epoch}
}

func encode(c protocol.Command) []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // a command can always be marshalled
	}
	return b
}

// narrow makes connections that take in little of what nobody reads.
var narrow = &http.Client{Transport: &http.Transport{
	DisableKeepAlives: true,
	DialContext: (&net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if cerr := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) }); cerr != nil {
			return cerr
		}
		return err
	}}).DialContext,
}}
