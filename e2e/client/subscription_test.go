package client_test

import (
	"errors"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestARefusedSubscriptionTellsWhy(t *testing.T) {
	w := newWorld(t, order{Subscriptions: 2})
	u := w.user(client.Config{})
	u.subscribe("a")
	u.subscribe("b")
	if err := u.Subscribe("c"); err != nil {
		t.Fatal(err)
	}
	r := next[client.Refused](u)
	if r.Channel != "c" || !errors.Is(r.Err, &protocol.Error{Code: protocol.CodeTooManySubscriptions}) {
		t.Fatalf("%+v", r)
	}
	// The others go on, and there is room again once one is left.
	u.publish("a", 1)
	u.wants("1")
	if err := u.Unsubscribe("b"); err != nil {
		t.Fatal(err)
	}
	next[client.Unsubscribed](u)
	u.subscribe("c")
}

func TestAnUnsubscribedChannelIsSilent(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	u.subscribe("a")
	u.subscribe("b")
	u.publish("a", 1)
	u.wants("1")
	if err := u.Unsubscribe("a"); err != nil {
		t.Fatal(err)
	}
	next[client.Unsubscribed](u)
	u.publish("a", 2)
	w.foreign("a", "3")
	w.do("cut")
	next[client.Subscribed](u)
	u.publish("a", 4)
	u.publish("b", 5)
	u.wants("5")

	u.subscribe("a")
	u.publish("a", 6)
	u.wants("6")
}

func TestManyChannelsComeBackWithTheConnection(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	names := make([]string, protocol.DefaultLimits.Subscriptions)
	for i := range names {
		names[i] = "channel-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		if err := u.Subscribe(names[i]); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		seen := map[string]bool{}
		for range names {
			seen[next[client.Subscribed](u).Channel] = true
		}
		if len(seen) != len(names) {
			t.Fatalf("%d of %d channels", len(seen), len(names))
		}
		w.do("cut")
	}
}

func TestTheFlushIntervalGathersMessagesIntoFrames(t *testing.T) {
	const all, flush = 200, 250 * time.Millisecond
	w := newWorld(t, order{})
	bob := w.user(client.Config{Flush: flush})
	bob.subscribe("n")
	alice := w.user(client.Config{URL: w.Direct})
	next[client.Connected](alice)
	before, began := w.stats().Frames, time.Now()
	for n := range all {
		alice.publish("n", n)
	}
	for range all {
		next[client.Received](bob)
	}
	frames, took := w.stats().Frames-before, time.Since(began)
	// One an interval, however long they took; and what a ping is answered with.
	if most := int(took/flush) + 3; frames > most {
		t.Errorf("%d frames for %d messages in %v", frames, all, took)
	}
}
