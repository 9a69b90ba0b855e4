package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/shared/protocol"
)

// world is a client whose dialer leads to a server that the test plays, in a
// synctest bubble: nothing in it takes real time.
type world struct {
	t      *testing.T
	c      *Client
	dials  chan *peer
	events chan Event
	held   chan struct{} // what it holds keeps OnEvent from returning
}

// peer is the server's end of one link.
type peer struct {
	t       *testing.T
	up      chan string // frames from the client
	down    chan string // frames to it
	over    chan struct{}
	once    sync.Once
	err     error         // what the client reads when it is over
	deaf    bool          // the link takes no frame
	broken  bool          // the link fails to take one
	left    chan struct{} // the client ended it
	polite  bool          // with a goodbye
	leaving sync.Once
	accept  chan error
}

var errPipe = errors.New("broken pipe")

func play(t *testing.T, cfg Config, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dials: make(chan *peer, 100), events: make(chan Event, 10_000), held: make(chan struct{}, 1)}
		cfg.URL = "ws://test/ws"
		handle := cfg.OnEvent
		cfg.OnEvent = func(e Event) {
			if handle != nil {
				handle(e)
			}
			w.events <- e
			w.held <- struct{}{}
			<-w.held
		}
		c, err := start(cfg, w.dial)
		if err != nil {
			t.Fatal(err)
		}
		w.c = c
		defer func() { _ = c.Close() }()
		f(w)
	})
}

func (w *world) dial(ctx context.Context, _ string) (link, error) {
	p := &peer{
		t: w.t, up: make(chan string, 1000), down: make(chan string, 1000),
		over: make(chan struct{}), left: make(chan struct{}), accept: make(chan error, 1),
	}
	w.dials <- p
	select {
	case err := <-p.accept:
		return p, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *peer) read(ctx context.Context) ([]byte, error) {
	select {
	case f := <-p.down: // what came before the end is read before it
		return []byte(f), nil
	default:
	}
	select {
	case f := <-p.down:
		return []byte(f), nil
	case <-p.over:
		return nil, p.err
	case <-p.left:
		return nil, errors.New("left")
	case <-ctx.Done():
		p.drop()
		return nil, ctx.Err()
	}
}

func (p *peer) write(ctx context.Context, frame []byte) error {
	if p.deaf {
		<-ctx.Done()
		p.drop()
		return ctx.Err()
	}
	if p.broken {
		return errPipe
	}
	select {
	case <-p.over:
		return errPipe
	default:
		p.up <- string(frame)
		return nil
	}
}

func (p *peer) close() {
	p.leaving.Do(func() { p.polite = true; close(p.left) })
}

func (p *peer) drop() {
	p.leaving.Do(func() { close(p.left) })
}

// next returns the next attempt to connect, which waits for accept or refuse.
func (w *world) next() *peer {
	w.t.Helper()
	select {
	case p := <-w.dials:
		return p
	case <-time.After(time.Hour):
		w.t.Fatal("the client did not dial")
		return nil
	}
}

const hello = `{"id":1,"hello":{"version":1,"client":"c1","ping":25000,"time":0,"limits":{"message":1000,"frame":2000,"subscriptions":3}}}`

// connected takes the next attempt as far as the hello.
func (w *world) connected() *peer {
	w.t.Helper()
	p := w.next()
	p.accept <- nil
	if f := p.frame(); !strings.HasPrefix(f, `{"id":1,"connect":{"version":1`) {
		w.t.Fatalf("the first frame is %s", f)
	}
	p.say(hello)
	event[Connected](w)
	return p
}

func (p *peer) say(lines ...string) { p.down <- strings.Join(lines, "\n") }

func (p *peer) end(err error) { p.once.Do(func() { p.err = err; close(p.over) }) }

// frame returns the next frame that the client sends.
func (p *peer) frame() string {
	p.t.Helper()
	select {
	case f := <-p.up:
		return f
	case <-time.After(time.Hour):
		p.t.Fatal("the client sent nothing")
		return ""
	}
}

func (p *peer) wants(frames ...string) {
	p.t.Helper()
	for _, want := range frames {
		if got := p.frame(); got != want {
			p.t.Fatalf("the client sent\n%s\nnot\n%s", got, want)
		}
	}
}

func (p *peer) silent() {
	p.t.Helper()
	synctest.Wait()
	select {
	case f := <-p.up:
		p.t.Fatalf("the client sent %s", f)
	default:
	}
}

// commands decodes a frame.
func (p *peer) commands() []protocol.Command {
	p.t.Helper()
	var cs []protocol.Command
	for line := range protocol.Lines([]byte(p.frame())) {
		c, err := protocol.DecodeCommand(line)
		if err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		cs = append(cs, c)
	}
	return cs
}

// event returns the next event of a type; those before it are dropped.
func event[E Event](w *world) E {
	w.t.Helper()
	timeout := time.After(time.Hour)
	for {
		select {
		case e := <-w.events:
			if e, ok := e.(E); ok {
				return e
			}
		case <-timeout:
			var e E
			w.t.Fatalf("no %T came", e)
		}
	}
}

// told returns all events so far, when nothing moves any more.
func (w *world) told() []Event {
	synctest.Wait()
	var es []Event
	for {
		select {
		case e := <-w.events:
			es = append(es, e)
		default:
			return es
		}
	}
}

func (w *world) wantTold(want ...Event) {
	w.t.Helper()
	got := w.told()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		w.t.Fatalf("told\n%s\nnot\n%s", show(got), show(want))
	}
}

func show(es []Event) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, "  %T%+v\n", e, e)
	}
	return b.String()
}

// outcome is what a Publish returned.
type outcome struct {
	published protocol.Published
	err       error
}

// publish calls Publish in a goroutine and returns when it waits or is done.
func (w *world) publish(ctx context.Context, channel string, data any) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		p, err := w.c.Publish(ctx, channel, data)
		out <- outcome{p, err}
	}()
	synctest.Wait()
	return out
}

func (w *world) publishWith(channel string, data any, tags protocol.Tags) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		p, err := w.c.PublishWith(w.t.Context(), channel, data, PublishOptions{Tags: tags})
		out <- outcome{p, err}
	}()
	synctest.Wait()
	return out
}

func (p *peer) acknowledge(id uint64, channel string, offset uint64) {
	b, _ := json.Marshal(protocol.Message{ID: id, Published: &protocol.Published{
		Channel: channel, Position: protocol.Position{Epoch: "e", Offset: offset}, ID: fmt.Sprint(offset),
	}})
	p.say(string(b))
}

func refusal(id uint64, code protocol.Code) string {
	return string(protocol.AppendMessage(nil, &protocol.Message{ID: id, Error: &protocol.Error{Code: code, Message: "no"}}))
}

func publication(channel, epoch string, offset uint64, data string) string {
	return string(protocol.AppendPublication(nil, &protocol.Publication{
		Channel: channel, Epoch: epoch, Offset: offset, ID: "m", Time: 1, Data: json.RawMessage(data),
	}))
}
