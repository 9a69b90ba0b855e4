package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/checker"
	"fanlight/shared/protocol"
)

// stream is a subscriber that reads an event stream, and comes back with its
// Last-Event-ID, as a browser's EventSource does.
type stream struct {
	scene *scene
	who   string
	url   string

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	last   string // the id of the last event that had one
	joined bool
}

// stream starts a subscriber to the news and waits until the server took it.
func (s *scene) stream(who, url string) {
	s.t.Helper()
	st := &stream{scene: s, who: who, url: url, done: make(chan struct{})}
	st.ctx, st.cancel = context.WithCancel(context.Background())
	s.subscribers = append(s.subscribers, st)
	go st.run()
	s.subscribed(who)
}

func (st *stream) leave() {
	st.cancel()
	<-st.done
}

func (st *stream) log(e checker.Event) {
	if e.Who = st.who; e.Kind != checker.Disconnect {
		e.Channel = news
	}
	st.scene.log.Add(e)
}

func (st *stream) run() {
	defer close(st.done)
	for st.ctx.Err() == nil {
		err := st.connect()
		if st.ctx.Err() != nil {
			return
		}
		st.log(checker.Event{Kind: checker.Disconnect, Text: err.Error()})
		select {
		case <-st.ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// patient is like caller, but for answers that have no end.
var patient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// connect is one connection, from its beginning to its end.
func (st *stream) connect() error {
	req, err := http.NewRequestWithContext(st.ctx, http.MethodGet, st.url+"/sse?channel="+news, nil)
	if err != nil {
		return err
	}
	if st.last != "" {
		req.Header.Set("Last-Event-ID", st.last)
	}
	resp, err := patient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	event := map[string]string{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), ": "); lines.Text() != "" {
			event[name] = value
			continue
		}
		if err := st.take(event); err != nil {
			return err
		}
		clear(event)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the stream ended")
}

// take writes an event down. One with an id alone says where the stream stands.
func (st *stream) take(event map[string]string) error {
	data, hasData := event["data"]
	switch event["event"] {
	case "gap":
		var g protocol.Gap
		if err := json.Unmarshal([]byte(data), &g); err != nil {
			return err
		}
		st.log(checker.Event{Kind: checker.Gap, Epoch: g.Epoch, From: g.From, To: g.To, Count: g.Count})
		return nil
	case "reset":
		var r protocol.Reset
		if err := json.Unmarshal([]byte(data), &r); err != nil {
			return err
		}
		st.log(checker.Event{Kind: checker.Reset, Epoch: r.Epoch, Was: &r.Was})
		return nil
	case "error":
		return errors.New(data)
	}
	id := event["id"]
	if id == "" {
		return nil
	}
	st.last = id
	e, err := position(id)
	switch {
	case err != nil:
		return err
	case hasData:
		e.Kind = checker.Receive
		e.Data, _, _ = strings.Cut(data, " ")
	case st.joined:
		e.Kind = checker.Moved
	default:
		e.Kind, st.joined = checker.Subscribe, true
	}
	st.log(e)
	return nil
}

// position reads an event's id: channel@epoch:offset:id.
func position(id string) (e checker.Event, err error) {
	_, at, _ := strings.Cut(id, "@")
	parts := strings.Split(at, ":")
	if len(parts) != 3 {
		return e, fmt.Errorf("an event has the id %q", id)
	}
	e.Epoch, e.ID = parts[0], parts[2]
	e.Offset, err = strconv.ParseUint(parts[1], 10, 64)
	return e, err
}

// plain is a subscriber on a plain WebSocket, which is sent data and nothing
// else: all it can do is to trust that nothing is left out until it is closed.
// It does not come back.
type plain struct {
	scene  *scene
	cancel context.CancelFunc
	heard  chan string // a name each; closed at the end
	err    error       // how it ended; after the end
}

// plain starts a subscriber to the news, when nobody else is there yet: since
// nothing tells it that it is subscribed, it is called until it hears.
func (s *scene) plain(url string) *plain {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn, _, err := websocket.Dial(ctx, url+"/ws?channel="+news, &websocket.DialOptions{HTTPClient: caller}) //nolint:bodyclose // never needed, says its documentation
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	p := &plain{scene: s, cancel: cancel, heard: make(chan string, 100_000)}
	s.subscribers = append(s.subscribers, p)
	go func() {
		defer close(p.heard)
		defer func() { _ = conn.CloseNow() }()
		for {
			_, text, err := conn.Read(ctx)
			if p.err = err; err != nil {
				return
			}
			name, _, _ := strings.Cut(string(text), " ")
			p.heard <- name
		}
	}()
	for n, deadline := 1, time.After(patience); ; n++ {
		knock := fmt.Sprintf("knock-%d", n)
		s.foreign(news, knock)
		again := time.After(50 * time.Millisecond)
		for waiting := true; waiting; {
			select {
			case name := <-p.heard:
				if name == knock {
					return p
				}
			case <-again:
				waiting = false
			case <-deadline:
				s.t.Fatal("the plain WebSocket hears nothing")
			}
		}
	}
}

func (p *plain) leave() {
	p.cancel()
	for range p.heard { //nolint:revive // until it has ended
	}
}

// hears waits until it is sent the message of an offset, and checks that all
// from the first one on were sent, in their order.
func (p *plain) hears(offset uint64) {
	t := p.scene.t
	t.Helper()
	names := map[uint64]string{}
	for _, e := range p.scene.store.entries(news) {
		names[e.Offset] = e.Data
	}
	for n := uint64(1); n <= offset; n++ {
		select {
		case name, ok := <-p.heard:
			if !ok {
				t.Fatalf("the plain WebSocket ended with %v before message %d", p.err, n)
			}
			if name != names[n] {
				t.Fatalf("the plain WebSocket is sent %q as message %d, which is %q", name, n, names[n])
			}
		case <-time.After(patience):
			t.Fatalf("the plain WebSocket is not sent message %d", n)
		}
	}
}

// isClosed checks that it is sent nothing more, and closed with a code.
func (p *plain) isClosed(code protocol.CloseCode) {
	t := p.scene.t
	t.Helper()
	select {
	case name, ok := <-p.heard:
		if ok {
			t.Fatalf("the plain WebSocket goes on with %q, and does not say that something is missing", name)
		}
	case <-time.After(patience):
		t.Fatal("the plain WebSocket is not closed")
	}
	if got := websocket.CloseStatus(p.err); got != websocket.StatusCode(code) {
		t.Errorf("the plain WebSocket ended with %v, not with %d", p.err, code)
	}
}
