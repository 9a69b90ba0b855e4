package live

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server speaks just enough of fanlight.v1: each channel has as many messages
// as its name says, and a subscription gets those that it has not yet. It
// answers a publish when it is let.
type server struct {
	*httptest.Server
	came   chan struct{} // a publish
	answer chan struct{} // lets it be answered
	mu     sync.Mutex
	conns  []*websocket.Conn
	users  []string
}

func newServer(t *testing.T) *server {
	s := &server{came: make(chan struct{}, 1), answer: make(chan struct{}, 1)}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.closeAll(websocket.StatusNormalClosure)
		s.Close()
	})
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return
	}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	ctx := context.Background()
	for {
		_, frame, err := c.Read(ctx)
		if err != nil {
			return
		}
		var out []string
		for line := range protocol.Lines(frame) {
			cmd, _ := protocol.DecodeCommand(line)
			m := protocol.Message{ID: cmd.ID}
			var more []string
			switch {
			case cmd.Connect != nil:
				s.mu.Lock()
				s.users = append(s.users, cmd.Connect.User)
				s.mu.Unlock()
				m.Hello = &protocol.Hello{Version: protocol.Version, Client: "c", Ping: 25000, Time: time.Now().UnixMicro(), Limits: protocol.DefaultLimits}
			case cmd.Subscribe != nil:
				n, _ := strconv.Atoi(cmd.Subscribe.Channel)
				first := 1
				m.Subscribed = &protocol.Subscribed{Channel: cmd.Subscribe.Channel, Position: protocol.Position{Epoch: "e"}}
				if since := cmd.Subscribe.Since; since != nil {
					first = int(since.Offset) + 1
					m.Subscribed.Offset, m.Subscribed.Recovered = uint64(n), n-first+1
				}
				for i := first; i <= n; i++ {
					more = append(more, string(protocol.AppendPublication(nil, &protocol.Publication{
						Channel: cmd.Subscribe.Channel, Epoch: "e", Offset: uint64(i), ID: "i", Time: time.Now().UnixMicro(), Data: []byte("1"),
					})))
				}
			case cmd.Unsubscribe != nil:
				m.Unsubscribed = &protocol.Unsubscribed{Channel: cmd.Unsubscribe.Channel}
			case cmd.Publish != nil:
				s.came <- struct{}{}
				<-s.answer
				m.Published = &protocol.Published{Channel: cmd.Publish.Channel, Position: protocol.Position{Epoch: "e", Offset: 1}, ID: "i"}
			default:
				continue
			}
			out = append(append(out, string(protocol.AppendMessage(nil, &m))), more...)
		}
		if c.Write(ctx, websocket.MessageText, []byte(strings.Join(out, "\n"))) != nil {
			return
		}
	}
}

func (s *server) closeAll(code websocket.StatusCode) {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.Close(code, "so the test says")
	}
}

// open returns an open link and what it tells.
func open(t *testing.T, s *server) (*Link, <-chan Batch) {
	t.Helper()
	l := &Link{}
	batches := make(chan Batch, 1000)
	stop := l.Watch(func(b Batch) { batches <- b })
	if err := l.Open(Config{URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		stop()
	})
	return l, batches
}

// until waits for an event that fits, and returns all events up to its batch's
// end, and the number of batches that took.
func until(t *testing.T, batches <-chan Batch, fits func(client.Event) bool) (seen []client.Event, took int) {
	t.Helper()
	for {
		select {
		case b := <-batches:
			took++
			seen = append(seen, b.Events...)
			for _, ev := range b.Events {
				if fits(ev) {
					return seen, took
				}
			}
		case <-t.Context().Done():
			t.Fatalf("it never came; what came is %v", seen)
		case <-time.After(20 * time.Second):
			t.Fatalf("it never came; what came is %v", seen)
		}
	}
}

func is[E client.Event](ev client.Event) bool {
	_, ok := ev.(E)
	return ok
}

func TestMessagesComeInBatches(t *testing.T) {
	l, batches := open(t, newServer(t))
	if err := l.Subscribe("500", "", nil); err != nil {
		t.Fatal(err)
	}
	seen, took := until(t, batches, func(ev client.Event) bool {
		m, ok := ev.(client.Received)
		return ok && m.Offset == 500
	})
	var last uint64
	for _, ev := range seen {
		if m, ok := ev.(client.Received); ok {
			if m.Offset != last+1 {
				t.Fatalf("%d came after %d", m.Offset, last)
			}
			last = m.Offset
		}
	}
	if took > 50 {
		t.Errorf("500 messages took %d batches", took)
	}
}

func TestSomebodyMayOverruleAServerThatSaidToStayAway(t *testing.T) {
	s := newServer(t)
	l, batches := open(t, s)
	if err := l.Subscribe("a", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, batches, is[client.Subscribed])
	s.closeAll(websocket.StatusCode(protocol.CloseVersion))
	until(t, batches, func(ev client.Event) bool {
		d, ok := ev.(client.Disconnected)
		return ok && d.Final
	})
	if err := l.Retry(); err != nil {
		t.Fatal(err)
	}
	seen, _ := until(t, batches, is[client.Subscribed])
	for _, ev := range seen {
		if d, ok := ev.(client.Disconnected); ok {
			t.Errorf("the client that was given up still says %v", d)
		}
	}
}

func TestAClosedLinkRefusesEverything(t *testing.T) {
	l, _ := open(t, newServer(t))
	l.Close()
	_, publishErr := l.Publish(t.Context(), "a", 1, nil)
	_, presenceErr := l.Presence(t.Context(), "a")
	for what, err := range map[string]error{
		"Subscribe": l.Subscribe("a", "", nil), "Unsubscribe": l.Unsubscribe("a"), "Retry": l.Retry(),
		"Publish": publishErr, "Presence": presenceErr,
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func upTo(offset uint64) func(client.Event) bool {
	return func(ev client.Event) bool {
		m, ok := ev.(client.Received)
		return ok && m.Offset == offset
	}
}

func TestThePositionsAreThoseThatWereTold(t *testing.T) {
	l, batches := open(t, newServer(t))
	if err := l.Subscribe("7", "", &protocol.Since{Epoch: "e", Offset: 4, Last: "i"}); err != nil {
		t.Fatal(err)
	}
	seen, _ := until(t, batches, upTo(7))
	for _, ev := range seen {
		if m, ok := ev.(client.Received); ok && (m.Offset < 5 || !m.Recovered) {
			t.Errorf("received %+v", m)
		}
	}
	if at := l.Positions()["7"]; at != (protocol.Since{Epoch: "e", Offset: 7, Last: "i"}) {
		t.Errorf("it stands at %+v", at)
	}
	if f := l.Figures(); f.Received != 3 || f.Recovered != 3 || f.Missing != 0 || f.Broken() {
		t.Errorf("the figures are %+v", f)
	}
	if err := l.Unsubscribe("7"); err != nil {
		t.Fatal(err)
	}
	until(t, batches, is[client.Unsubscribed])
	if at := l.Positions(); len(at) != 0 {
		t.Errorf("after it was left, the positions are %v", at)
	}
	if err := l.Subscribe("7", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, batches, upTo(7))
	if f := l.Figures(); f.Received != 10 || f.Broken() {
		t.Errorf("listened to anew, the figures are %+v", f)
	}
}

func TestChangingTheNameLosesAndDoublesNothing(t *testing.T) {
	s := newServer(t)
	l, batches := open(t, s)
	if err := l.Subscribe("3", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, batches, upTo(3))
	answered := make(chan error)
	go func() {
		_, err := l.Publish(t.Context(), "3", "under way", nil)
		answered <- err
	}()
	<-s.came
	if err := l.SetUser(" ada\n"); err != nil {
		t.Fatal(err)
	}
	l.closing.Wait() // for nothing: the connection stays until the answer is there
	s.answer <- struct{}{}
	if err := <-answered; err != nil {
		t.Errorf("the publish that was under way: %v", err)
	}
	seen, _ := until(t, batches, is[client.Subscribed])
	for _, ev := range seen {
		switch ev.(type) {
		case client.Received, client.Disconnected:
			t.Errorf("it tells of %+v", ev)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.users) != 2 || s.users[1] != "ada" {
		t.Errorf("the users were %q", s.users)
	}
	if f := l.Figures(); f.Acknowledged != 1 || f.Received != 3 || f.Broken() {
		t.Errorf("the figures are %+v", f)
	}
}

func TestAPageThatIsLeftAndReturnedToGoesOn(t *testing.T) {
	s := newServer(t)
	l, batches := open(t, s)
	if err := l.Subscribe("3", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, batches, upTo(3))
	l.Suspend()
	l.Suspend()
	if _, err := l.Publish(t.Context(), "3", 1, nil); !errors.Is(err, client.ErrClosed) {
		t.Errorf("a publish meanwhile: %v", err)
	}
	if err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := l.Subscribe("5", "", nil); err != nil {
		t.Fatal(err)
	}
	seen, _ := until(t, batches, upTo(5))
	again := 0
	for _, ev := range seen {
		switch ev := ev.(type) {
		case client.Disconnected:
			t.Errorf("it tells of %v", ev)
		case client.Subscribed:
			if ev.Channel == "3" {
				again++
			}
		}
	}
	if again != 1 {
		t.Errorf("the channel was subscribed to %d times more", again)
	}
	if f := l.Figures(); f.Received != 8 || f.Broken() {
		t.Errorf("the figures are %+v", f)
	}
}

func TestNamesAreMadeFitForTheServer(t *testing.T) {
	for typed, want := range map[string]string{
		"":                       "",
		"  Ada Lovelace ":        "Ada Lovelace",
		"a\x00b\tc\u202ed\xff":   "abcd",
		strings.Repeat("é", 40):  strings.Repeat("é", 32),
		strings.Repeat("世", 40):  strings.Repeat("世", 21),
		strings.Repeat("x", 100): strings.Repeat("x", 64),
	} {
		if got := CleanUser(typed); got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
}

func TestATapSeesBothWaysAndSurvivesAnotherConnection(t *testing.T) {
	l, batches := open(t, newServer(t))
	until(t, batches, is[client.Connected])
	var mu sync.Mutex
	seen := map[bool]string{}
	l.Tap(func(sent bool, frame []byte) {
		mu.Lock()
		defer mu.Unlock()
		seen[sent] += string(frame) + "\n"
	})
	look := func() (out, in string) {
		mu.Lock()
		defer mu.Unlock()
		return seen[true], seen[false]
	}
	if err := l.Subscribe("3", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, batches, upTo(3))
	if out, in := look(); !strings.Contains(out, `"subscribe":{"channel":"3"`) || strings.Count(in, `"publication"`) != 3 {
		t.Errorf("out went %s, in came %s", out, in)
	}
	if err := l.SetUser("ada"); err != nil {
		t.Fatal(err)
	}
	until(t, batches, is[client.Subscribed])
	if out, _ := look(); !strings.Contains(out, `"user":"ada"`) {
		t.Errorf("of the second connection it saw %s", out)
	}
	l.Tap(nil)
	before, _ := look()
	if err := l.Unsubscribe("3"); err != nil {
		t.Fatal(err)
	}
	until(t, batches, is[client.Unsubscribed])
	if after, _ := look(); after != before {
		t.Error("a tap that was closed still sees")
	}
}
