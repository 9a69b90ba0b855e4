package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"fanlight/server/internal/audit"
	"fanlight/server/internal/auth"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// audited starts a node and an audit of it. lines ends the audit and returns what
// it has of each thing that was asked for.
func audited(t *testing.T) (n *node.Node, lines func() []ops.Entry) {
	t.Helper()
	var file bytes.Buffer
	// Nothing is told before the end: what comes in two intervals is two entries.
	told := audit.New(audit.Config{Node: "n", File: &file, Interval: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { told.Run(ctx) })
	n = newNodeWith(t, node.Config{
		Limits: protocol.Limits{Message: 1000, Frame: 2000, Subscriptions: 3},
		Audit:  told, Reserved: true,
		Auth: auth.Config{Namespaces: map[string]auth.Access{"closed": {AnonymousSet: true}}},
	})
	t.Cleanup(func() { // before the node's end
		cancel()
		running.Wait()
	})
	return n, func() (entries []ops.Entry) {
		cancel()
		running.Wait()
		for line := range strings.Lines(file.String()) {
			var e ops.Entry
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(line, err)
			}
			if e.At == 0 || e.Node != "n" {
				t.Errorf("%+v", e)
			}
			e.At, e.Node, e.Until = 0, "", 0
			entries = append(entries, e)
		}
		return entries
	}
}

func TestWhateverIsAskedForIsAuditedWithItsOutcome(t *testing.T) {
	t.Parallel()
	n, lines := audited(t)
	ctx := context.Background()
	from := node.Caller{User: "alice", From: netip.MustParseAddr("192.0.2.7"), Way: ops.WayHTTP}
	say := func(from node.Caller, channel, data string) (protocol.Published, error) {
		return n.PublishWait(ctx, from, protocol.Publish{Channel: channel, Data: json.RawMessage(data)})
	}
	first, err := say(from, "c", "1")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = say(from, "c", "2")
	_, _ = say(from, "c", "no JSON")
	_, _ = say(from, "closed:c", "1")
	_, _ = say(from, "No!", "1")
	e := make(ear, 10)
	sub, err := n.Subscribe(from, protocol.Subscribe{Channel: "c"}, protocol.Member{}, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(ctx, sub, func(protocol.Subscribed) {}); err != nil {
		t.Fatal(err)
	}
	n.Unsubscribe(sub, false)
	n.Unsubscribe(sub, true)
	_, _ = n.Subscribe(from, protocol.Subscribe{Channel: "closed:c"}, protocol.Member{}, e)
	_ = n.MaySubscribe(from, &protocol.Subscribe{Channel: "closed:c"})
	_ = n.MaySubscribe(from, &protocol.Subscribe{Channel: "c"})
	given, err := n.Subscribe(from, protocol.Subscribe{Channel: "d"}, protocol.Member{}, e)
	if err != nil {
		t.Fatal(err)
	}
	n.Unsubscribe(given, false)
	gone, leave := context.WithCancel(ctx)
	leave()
	if n.Start(gone, given, func(protocol.Subscribed) {}) == nil {
		t.Error("what has ended begins")
	}
	_, _ = n.History(ctx, from, "c", node.Page{Limit: 1})
	_, _ = n.History(ctx, from, "closed:c", node.Page{Limit: 1})
	_, _ = n.Presence(ctx, from, "c")
	n.Refused(from, ops.OpPublish, "", errors.New("anything"))

	want := []ops.Entry{
		{Op: "publish", Outcome: "ok", Channel: "c", Count: 2, Epoch: first.Epoch, Offset: 1, Last: 2},
		{Op: "publish", Outcome: "data_invalid", Channel: "c"},
		{Op: "publish", Outcome: "permission_denied", Channel: "closed:c"},
		{Op: "publish", Outcome: "channel_invalid", Channel: "No!"},
		{Op: "subscribe", Outcome: "ok", Channel: "c"},
		{Op: "unsubscribe", Outcome: "ok", Channel: "c"},
		{Op: "subscribe", Outcome: "permission_denied", Channel: "closed:c", Count: 2},
		{Op: "subscribe", Outcome: "not_subscribed", Channel: "d"},
		{Op: "history", Outcome: "ok", Channel: "c"},
		{Op: "history", Outcome: "permission_denied", Channel: "closed:c"},
		{Op: "presence", Outcome: "presence_off", Channel: "c"},
		{Op: "publish", Outcome: "internal"},
	}
	got := lines()
	for i := range max(len(want), len(got)) {
		if i >= len(got) || i >= len(want) {
			t.Fatalf("there are %d entries, want %d: %+v", len(got), len(want), got)
		}
		w := want[i]
		w.User, w.From, w.Way, w.Count = "alice", "192.0.2.7", "http", max(w.Count, 1)
		if got[i] != w {
			t.Errorf("%+v, want %+v", got[i], w)
		}
	}
}

func TestOnlyTheRelayPublishesOnItsChannelsAndIsNotAuditedThere(t *testing.T) {
	t.Parallel()
	n, lines := audited(t)
	for _, channel := range []string{ops.MetricsChannel, ops.AuditChannel} {
		publish := protocol.Publish{Channel: channel, Data: json.RawMessage("1")}
		_, err := n.PublishWait(context.Background(), node.Caller{}, publish)
		var e *protocol.Error
		if !errors.As(err, &e) || e.Code != protocol.CodePermission {
			t.Errorf("%s: %v", channel, err)
		}
		if _, err := n.PublishWait(context.Background(), node.Caller{Relay: true}, publish); err != nil {
			t.Error(err)
		}
	}
	if _, err := n.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: "ops:others", Data: json.RawMessage("1")}); err != nil {
		t.Error(err)
	}
	if got := lines(); len(got) != 3 || got[0].Outcome != "permission_denied" || got[1].Outcome != "permission_denied" || got[2].Channel != "ops:others" {
		t.Errorf("%+v", got)
	}
}

// BenchmarkPublish is a node's publish with an audit and without, one at a time
// and 64 in flight; on the Redis that the environment names, or miniredis.
func BenchmarkPublish(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	url := os.Getenv("FANLIGHT_TEST_REDIS_URL")
	if url == "" {
		redis, err := embedded.Start("127.0.0.1:0", log)
		if err != nil {
			b.Fatal(err)
		}
		defer redis.Close()
		url = redis.URL()
	}
	for _, c := range []struct {
		name     string
		inFlight int
		audited  bool
	}{{"one/bare", 1, false}, {"one/audited", 1, true}, {"many/bare", 64, false}, {"many/audited", 64, true}} {
		b.Run(c.name, func(b *testing.B) {
			cfg := node.Config{
				Broker: broker.Config{URL: url, Prefix: "bench:", Log: log, MessageLimit: 1 << 16},
				Limits: protocol.DefaultLimits, CheckInterval: time.Minute,
			}
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			var n *node.Node
			if c.audited {
				cfg.Audit = audit.New(audit.Config{
					Node: "n", Limit: 1 << 16, Publish: func(ctx context.Context, p protocol.Publish) error {
						_, err := n.PublishWait(ctx, node.Caller{Relay: true}, p)
						return err
					},
				})
			}
			n, err := node.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			if c.audited {
				running.Go(func() { cfg.Audit.Run(ctx) })
			}
			from := node.Caller{User: "alice", From: netip.MustParseAddr("192.0.2.7"), Way: ops.WayV1}
			slots := make(chan struct{}, c.inFlight)
			done := func(_ protocol.Published, err error) {
				if err != nil {
					b.Error(err)
				}
				<-slots
			}
			data := json.RawMessage(`{"text":"a message of the size that people send each other"}`)
			b.ReportAllocs()
			for b.Loop() {
				slots <- struct{}{}
				if err := n.Publish(ctx, from, protocol.Publish{Channel: "c", Data: data}, done); err != nil {
					b.Fatal(err)
				}
			}
			for range c.inFlight {
				slots <- struct{}{}
			}
			cancel()
			running.Wait()
			_ = n.Close()
		})
	}
}
