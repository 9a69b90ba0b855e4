package node_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

func TestWhoHasTheAnswerToASubscribeIsPresent(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	redis, err := embedded.Start("127.0.0.1:0", log)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.New(node.Config{
		Broker:        broker.Config{URL: redis.URL(), Log: log, MessageLimit: 100},
		Limits:        protocol.Limits{Message: 100, Frame: 200, Subscriptions: 3},
		CheckInterval: time.Minute, Present: map[string]node.Present{"": {Kept: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = n.Close()
		redis.Close()
	}()
	ctx := context.Background()
	s, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: "c"}, protocol.Member{Client: "me"}, make(ear, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Unsubscribe(s, true)
	err = n.Start(ctx, s, func(protocol.Subscribed) {
		if there, err := n.Presence(ctx, node.Caller{}, "c"); err != nil || len(there.Members) != 1 || there.Members[0].Client != "me" {
			t.Errorf("%+v, %v", there, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
