package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestTwoClientsTalk(t *testing.T) {
	w := newWorld(t, order{})
	alice, bob := w.user(client.Config{}), w.user(client.Config{})
	alice.subscribe("talk")
	bob.subscribe("talk")
	p := alice.publish("talk", map[string]string{"text": "Grüße <b>& more</b> 🪟"})
	for _, u := range []*user{alice, bob} {
		r := u.wants(`{"text":"Grüße <b>& more</b> 🪟"}`)
		if r.Offset != p.Offset || r.Epoch != p.Epoch || r.ID != p.ID || r.Foreign {
			t.Errorf("%+v is not %+v", r, p)
		}
		if r.Latency < 0 || r.Latency > patience {
			t.Errorf("latency %v", r.Latency)
		}
	}
	bob.publish("talk", json.RawMessage("{\n  \"kept\" : 1\n}"))
	alice.wants(`{"kept":1}`)
}

func TestALargeMessagePasses(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	u.subscribe("large")
	text := strings.Repeat("é", protocol.DefaultLimits.Message/2-1)
	u.publish("large", text)
	u.wants(`"` + text + `"`)
	_, err := u.Publish(context.Background(), "large", text+"x")
	if !errors.Is(err, &protocol.Error{Code: protocol.CodeTooLarge}) {
		t.Error(err)
	}
}

func TestAForeignMessageArrives(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	u.subscribe("news")
	w.foreign("news", `{"from":"redis-cli"}`)
	if r := u.wants(`{"from":"redis-cli"}`); !r.Foreign || r.Offset != 0 {
		t.Errorf("%+v", r)
	}
}

// publishAll publishes numbers, each from a goroutine of its own, one after the
// other took its place in the queue.
func publishAll(t *testing.T, u *user, from, to int) (wait func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	var wg sync.WaitGroup
	for n := from; n < to; n++ {
		placed := make(chan struct{})
		wg.Go(func() {
			_, err := u.Publish(&watched{Context: ctx, done: sync.OnceFunc(func() { close(placed) })}, "n", n)
			if err != nil {
				t.Errorf("%d: %v", n, err)
			}
		})
		<-placed
	}
	return func() { wg.Wait(); cancel() }
}

// watched tells when somebody begins to wait for its end, which is what Publish
// does once it has its place in the queue.
type watched struct {
	context.Context
	done func()
}

func (w *watched) Done() <-chan struct{} {
	w.done()
	return w.Context.Done()
}

func TestPublishesMadeWhileAwayArriveInOrderExactlyOnce(t *testing.T) {
	w := newWorld(t, order{})
	alice, bob := w.user(client.Config{}), w.user(client.Config{})
	bob.subscribe("n")
	next[client.Connected](alice)
	w.do("stop")
	next[client.Disconnected](alice)
	next[client.Disconnected](bob)
	const all = 50
	wait := publishAll(t, alice, 0, all)
	w.do("start")
	wait()
	for n := range all {
		bob.wants(strconv.Itoa(n))
	}
	bob.subscribe("end")
	if n := count[client.Received](bob.rest()); n != 0 {
		t.Errorf("%d came twice", n)
	}
}

func TestTheQueueRefusesOneTooMany(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{Queue: 3})
	next[client.Connected](u)
	w.do("stop")
	next[client.Disconnected](u)
	wait := publishAll(t, u, 0, 3)
	if _, err := u.Publish(context.Background(), "n", 3); !errors.Is(err, client.ErrQueueFull) {
		t.Error(err)
	}
	w.do("start")
	wait()
	u.publish("n", 4)
}

func TestAPublishWhoseAcknowledgementWasLostIsNotDoubled(t *testing.T) {
	w := newWorld(t, order{})
	alice, bob := w.user(client.Config{}), w.user(client.Config{URL: w.Direct})
	bob.subscribe("n")
	next[client.Connected](alice)
	w.do("deafen")
	type outcome struct {
		published protocol.Published
		err       error
	}
	done := make(chan outcome, 1)
	go func() {
		p, err := alice.Publish(context.Background(), "n", "once")
		done <- outcome{p, err}
	}()
	bob.wants(`"once"`) // stored, and alice does not know
	select {
	case o := <-done:
		t.Fatalf("%+v", o)
	default:
	}
	w.do("heal")
	o := <-done
	if o.err != nil || !o.published.Duplicate {
		t.Fatalf("%+v", o)
	}
	alice.publish("n", "twice")
	bob.wants(`"twice"`)
}

func TestARefusedPublishTellsWhy(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	for channel, code := range map[string]protocol.Code{"No": protocol.CodeChannelInvalid, "": protocol.CodeChannelInvalid} {
		if _, err := u.Publish(context.Background(), channel, 1); !errors.Is(err, &protocol.Error{Code: code}) {
			t.Errorf("%q: %v", channel, err)
		}
	}
	if _, err := u.Publish(context.Background(), "n", json.RawMessage("{")); !errors.Is(err, &protocol.Error{Code: protocol.CodeDataInvalid}) {
		t.Error(err)
	}
}

func TestManyPublishesAtOnceAllArriveOnce(t *testing.T) {
	w := newWorld(t, order{})
	alice, bob := w.user(client.Config{Queue: 1000}), w.user(client.Config{Flush: 16 * time.Millisecond})
	bob.subscribe("n")
	const all = 500
	var wg sync.WaitGroup
	for n := range all {
		wg.Go(func() { alice.publish("n", n) })
	}
	seen := map[string]bool{}
	for offset := range uint64(all) {
		r := next[client.Received](bob)
		if seen[string(r.Data)] || r.Offset != offset+1 {
			t.Fatalf("%s at %d after %d", r.Data, r.Offset, offset)
		}
		seen[string(r.Data)] = true
	}
	wg.Wait()
}
