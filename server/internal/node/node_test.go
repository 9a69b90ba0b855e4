package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for; nothing that works comes near it.
const patience = 15 * time.Second

func newNode(t *testing.T) *node.Node { return newNodeWith(t, node.Config{}) }

// newNodeWith starts a node on a Redis of its own, with small limits and without
// checks where the configuration says nothing else.
func newNodeWith(t *testing.T, cfg node.Config) *node.Node {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	redis, err := embedded.Start("127.0.0.1:0", log)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Limits == (protocol.Limits{}) {
		cfg.Limits = protocol.Limits{Message: 100, Frame: 200, Subscriptions: 3}
	}
	cfg.Broker = broker.Config{URL: redis.URL(), Log: log, MessageLimit: cfg.Limits.Message}
	cfg.CheckInterval = time.Minute
	n, err := node.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = n.Close()
		redis.Close()
	})
	return n
}

// ear is a subscriber that passes on what it hears, as long as there is room: the
// hub must not wait for a test that has heard enough.
type ear chan string

func (ear) Encoding() hub.Encoding { return hub.EncodingV1 }
func (e ear) Replay(b []byte)      { e.Deliver(b) }
func (e ear) Refill(b []byte)      { e.Deliver(b) }
func (ear) End(*protocol.Error)    {}

func (e ear) Deliver(b []byte) {
	select {
	case e <- string(b):
	default:
	}
}

func (e ear) hears(t *testing.T) protocol.Publication {
	t.Helper()
	select {
	case line := <-e:
		ms, err := protocol.DecodeMessages([]byte(line))
		if err != nil || len(ms) != 1 || ms[0].Publication == nil {
			t.Fatalf("%s: %v", line, err)
		}
		return *ms[0].Publication
	case <-time.After(patience):
		t.Fatal("nothing was heard")
		panic("unreachable")
	}
}

func subscribe(t *testing.T, n *node.Node, channel string, e ear) (*node.Subscription, protocol.Position) {
	t.Helper()
	s, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: channel}, protocol.Member{}, e)
	if err != nil {
		t.Fatal(err)
	}
	var from protocol.Position
	if err := n.Start(context.Background(), s, func(answer protocol.Subscribed) { from = answer.Position }); err != nil {
		t.Fatal(err)
	}
	return s, from
}

func TestAPublishIsCheckedBeforeItGoesAnywhere(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, c := range map[string]struct {
		channel, data, key string
		code               protocol.Code
		field              string
		limit              int
	}{
		"no channel":       {"", "1", "", protocol.CodeChannelInvalid, "channel", 0},
		"a bad channel":    {"No", "1", "", protocol.CodeChannelInvalid, "channel", 0},
		"a long channel":   {strings.Repeat("x", 129), "1", "", protocol.CodeChannelInvalid, "channel", 128},
		"no data":          {"c", "", "", protocol.CodeBadRequest, "data", 0},
		"too much data":    {"c", `"` + strings.Repeat("x", 99) + `"`, "", protocol.CodeTooLarge, "data", 100},
		"broken UTF-8":     {"c", "\"\xff\"", "", protocol.CodeInvalidUTF8, "data", 0},
		"no JSON":          {"c", "hello", "", protocol.CodeDataInvalid, "data", 0},
		"two JSON values":  {"c", "1 2", "", protocol.CodeDataInvalid, "data", 0},
		"half a JSON":      {"c", `{"a":`, "", protocol.CodeDataInvalid, "data", 0},
		"a key too long":   {"c", "1", strings.Repeat("k", 129), protocol.CodeBadRequest, "key", 128},
		"spaces, not JSON": {"c", "  ", "", protocol.CodeDataInvalid, "data", 0},
	} {
		err := n.Publish(context.Background(), node.Caller{}, protocol.Publish{Channel: c.channel, Data: json.RawMessage(c.data), Key: c.key}, func(protocol.Published, error) {
			t.Errorf("%s: done was called", name)
		})
		var e *protocol.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Field != c.field || e.Limit != c.limit {
			t.Errorf("%s: %+v", name, err)
		}
	}
	e := make(ear, 10)
	s, _ := subscribe(t, n, "c", e)
	defer n.Unsubscribe(s, false)
	for i, c := range []struct{ data, want, key string }{
		{"1", "1", ""},
		{"null", "null", ""},
		{`"` + strings.Repeat("x", 98) + `"`, `"` + strings.Repeat("x", 98) + `"`, strings.Repeat("k", 128)},
		{"{\n\"a\":\n1\n}", `{"a":1}`, "k\xff\x00"},
	} {
		got, err := n.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: "c", Data: json.RawMessage(c.data), Key: c.key})
		if err != nil || got.Offset != uint64(i+1) || got.Channel != "c" {
			t.Fatalf("%s: %+v, %v", c.data, got, err)
		}
		if heard := e.hears(t); string(heard.Data) != c.want || heard.Position() != got.Position {
			t.Errorf("%s was heard as %+v", c.data, heard)
		}
	}
}

func TestABadChannelCannotBeSubscribedTo(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if _, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: "No"}, protocol.Member{}, make(ear)); !errors.Is(err, &protocol.Error{Code: protocol.CodeChannelInvalid}) {
		t.Error(err)
	}
	if channels, _ := n.Count(); channels != 0 {
		t.Error("it was joined all the same")
	}
}

// A subscription begins where it says, also while somebody publishes as fast
// as Redis goes.
func TestASubscriptionBeginsAtItsPosition(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	s, _ := subscribe(t, n, "c", make(ear)) // so that most come to a channel that is listened to
	defer n.Unsubscribe(s, false)
	ctx, stop := context.WithCancel(context.Background())
	var publisher sync.WaitGroup
	publisher.Go(func() {
		slots := make(chan struct{}, 16)
		for ctx.Err() == nil {
			slots <- struct{}{}
			_ = n.Publish(context.Background(), node.Caller{}, protocol.Publish{Channel: "c", Data: json.RawMessage("1")}, func(protocol.Published, error) { <-slots })
		}
		for range cap(slots) {
			slots <- struct{}{}
		}
	})
	for range 40 {
		e := make(ear, 3)
		s, from := subscribe(t, n, "c", e)
		for i := range 3 {
			if heard := e.hears(t); heard.Offset != from.Offset+1+uint64(i) || heard.Epoch != from.Epoch && from.Offset > 0 {
				t.Fatalf("it begins at %+v, and publication %d is at %+v", from, i, heard.Position())
			}
		}
		n.Unsubscribe(s, false)
	}
	stop()
	publisher.Wait()
}

// The last one who leaves a channel must not silence the first one who comes
// at the same moment.
func TestComingAndGoingOnOneChannel(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	going, _ := subscribe(t, n, "c", make(ear, 100))
	for round := range 150 {
		e := make(ear, 100)
		var coming *node.Subscription
		var both sync.WaitGroup
		var ready atomic.Int32
		meet := func() { // spinning, for the two to come as close as can be
			for ready.Add(1); ready.Load() < 2; {
			}
		}
		both.Go(func() {
			meet()
			n.Unsubscribe(going, false)
			n.Unsubscribe(going, false)
		})
		both.Go(func() {
			meet()
			coming, _ = subscribe(t, n, "c", e)
		})
		both.Wait()
		data := fmt.Sprint(round)
		if _, err := n.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: "c", Data: json.RawMessage(data)}); err != nil {
			t.Fatal(err)
		}
		if heard := e.hears(t); string(heard.Data) != data {
			t.Fatalf("round %d: heard %s", round, heard.Data)
		}
		going = coming
	}
	n.Unsubscribe(going, false)
	if channels, subscriptions := n.Count(); channels+subscriptions != 0 {
		t.Errorf("left behind: %d channels, %d subscriptions", channels, subscriptions)
	}
}

func TestASubscriptionThatWasEndedDoesNotStart(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	e := make(ear)
	s, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: "c"}, protocol.Member{}, e)
	if err != nil {
		t.Fatal(err)
	}
	n.Unsubscribe(s, false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // its confirmation may never come
	if err := n.Start(ctx, s, func(protocol.Subscribed) { t.Error("it is told that it has started") }); err == nil {
		t.Error("it starts")
	}
}
