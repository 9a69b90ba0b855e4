package node_test

import (
	"context"
	"testing"

	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

func TestWhoHasTheAnswerToASubscribeIsPresent(t *testing.T) {
	t.Parallel()
	n := newNodeWith(t, node.Config{Present: map[string]node.Present{"": {Kept: true}}})
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
