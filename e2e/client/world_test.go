package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// patience is how long anything may take that should happen at once, on a machine
// with much else to do. A test that waits this long has failed.
const patience = time.Minute

// controlURL is where the control server is: see TestMain.
var controlURL string

// order is what a test wants of its relay; zero values are the relay's own
// defaults.
type order struct {
	Build         string
	Message       int
	Frame         int
	Subscriptions int
	Ping          int  // milliseconds
	History       int  // publications
	Presence      bool // kept and announced, at once
	Guarded       bool // nothing without a token: see [world.token]
	PublishRate   int  // a second, on one connection
}

// stats is what went through a world's proxy.
type stats struct {
	Links    int // that stand
	Accepted int // in all
	Frames   int // text frames that came from the relay
}

// world is a relay and what is between it and its clients.
type world struct {
	t  *testing.T
	id string
	// URL is the proxy's. Direct is the relay's own, until it is restarted.
	URL, Direct string
}

func newWorld(t *testing.T, o order) *world {
	t.Helper()
	w := &world{t: t}
	body, _ := json.Marshal(o)
	var made struct{ ID, URL, Direct string }
	if err := json.Unmarshal(w.post("/worlds", body), &made); err != nil {
		t.Fatal(err)
	}
	w.id, w.URL, w.Direct = made.ID, made.URL, made.Direct
	t.Cleanup(func() { w.do("remove") })
	return w
}

func (w *world) post(path string, body []byte) []byte {
	w.t.Helper()
	r, err := http.Post(controlURL+path, "application/json", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	answer, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %s %v", path, r.Status, answer, err)
	}
	return answer
}

// do has the control server act; it returns when it is done.
func (w *world) do(action string, argument ...string) []byte {
	w.t.Helper()
	return w.post("/worlds/"+w.id+"/"+action, []byte(strings.Join(argument, "")))
}

func (w *world) stats() stats {
	w.t.Helper()
	var s stats
	if err := json.Unmarshal(w.do("stats"), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// token returns one of alice's, who may read everything and publish to talk,
// that lives so many seconds and up to one less.
func (w *world) token(seconds int) string {
	w.t.Helper()
	return string(w.do("token", strconv.Itoa(seconds)))
}

// foreign publishes as redis-cli does.
func (w *world) foreign(channel, data string) {
	w.t.Helper()
	body, _ := json.Marshal(protocol.PublishRequest{Channel: channel, Data: []byte(data)})
	w.do("foreign", string(body))
}

// user is a client and what it was told.
type user struct {
	*client.Client
	t      *testing.T
	events chan client.Event
}

// user starts a client that is quick to come back, unless the config says
// otherwise.
func (w *world) user(cfg client.Config) *user {
	w.t.Helper()
	if cfg.URL == "" {
		cfg.URL = w.URL
	}
	return newUser(w.t, cfg)
}

func newUser(t *testing.T, cfg client.Config) *user {
	t.Helper()
	if cfg.BackoffCap == 0 {
		cfg.BackoffBase, cfg.BackoffCap = 10*time.Millisecond, 100*time.Millisecond
	}
	u := &user{t: t, events: make(chan client.Event, 10_000)}
	cfg.OnEvent = func(e client.Event) { u.events <- e }
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	u.Client = c
	t.Cleanup(func() { _ = c.Close() })
	return u
}

// subscribe waits until the server has taken the subscription.
func (u *user) subscribe(channel string) {
	u.t.Helper()
	if err := u.Subscribe(channel); err != nil {
		u.t.Fatal(err)
	}
	if s := next[client.Subscribed](u); s.Channel != channel {
		u.t.Fatalf("%+v", s)
	}
}

// publish waits for the acknowledgement.
func (u *user) publish(channel string, data any) protocol.Published {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := u.Publish(ctx, channel, data)
	if err != nil {
		u.t.Fatal(err)
	}
	return p
}

// wants waits for the next publication and compares its data.
func (u *user) wants(data string) client.Received {
	u.t.Helper()
	r := next[client.Received](u)
	if string(r.Data) != data {
		u.t.Fatalf("received %s, not %s", r.Data, data)
	}
	return r
}

// next returns the next event of a type; those before it are dropped.
func next[E client.Event](u *user) E {
	u.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case e := <-u.events:
			if e, ok := e.(E); ok {
				return e
			}
		case <-timeout:
			var e E
			u.t.Fatalf("no %T came", e)
		}
	}
}

// rest closes the client and returns all that it was told and nobody looked at.
func (u *user) rest() []client.Event {
	_ = u.Close()
	close(u.events)
	var all []client.Event
	for e := range u.events {
		all = append(all, e)
	}
	return all
}

func count[E client.Event](events []client.Event) int {
	n := 0
	for _, e := range events {
		if _, ok := e.(E); ok {
			n++
		}
	}
	return n
}

// eventually waits for what nobody tells.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}
