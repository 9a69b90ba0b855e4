package client

import (
	"errors"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

func at(epoch string, offset uint64) protocol.Position {
	return protocol.Position{Epoch: epoch, Offset: offset}
}

const subscribedA = `{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4}}`

// subscribedTo is a connection on which the channel "a" is at offset 4.
func (w *world) subscribedTo(p *peer) {
	w.t.Helper()
	if err := w.c.Subscribe("a"); err != nil {
		w.t.Fatal(err)
	}
	p.wants(`{"id":2,"subscribe":{"channel":"a"}}`)
	p.say(subscribedA)
	w.wantTold(Subscribed{"a", at("e", 4), 0, false})
}

// received drops everything but publications, and of these all but the offset.
func (w *world) received() []uint64 {
	var offsets []uint64
	for _, e := range w.told() {
		if r, ok := e.(Received); ok {
			offsets = append(offsets, r.Offset)
		}
	}
	return offsets
}

func (w *world) wantReceived(want ...uint64) {
	w.t.Helper()
	got := w.received()
	if len(got) != len(want) {
		w.t.Fatalf("received %v, not %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			w.t.Fatalf("received %v, not %v", got, want)
		}
	}
}

func TestASubscriptionDeliversUntilItIsLeft(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.say(publication("a", "e", 5, `"x"`), publication("b", "e", 9, "1"))
		if r := event[Received](w); r.Offset != 5 || string(r.Data) != `"x"` || r.Channel != "a" {
			t.Fatalf("%+v", r)
		}
		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
		p.say(publication("a", "e", 6, "1"), `{"id":3,"unsubscribed":{"channel":"a"}}`, publication("a", "e", 7, "1"))
		w.wantTold(Unsubscribed{"a"})
	})
}

func TestWantedChannelsAreAskedForWithEveryConnect(t *testing.T) {
	play(t, Config{Flush: 16 * time.Millisecond}, func(w *world) {
		for _, name := range []string{"c", "a", "b"} {
			if err := w.c.Subscribe(name); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			p := w.next()
			p.accept <- nil
			p.wants(`{"id":1,"connect":{"version":1,"flush":16}}` +
				"\n" + `{"id":2,"subscribe":{"channel":"c"}}` +
				"\n" + `{"id":3,"subscribe":{"channel":"a"}}` +
				"\n" + `{"id":4,"subscribe":{"channel":"b"}}`)
			p.say(hello)
			p.end(errCut)
		}
	})
}

func TestChannelsThatDoNotFitTheFirstFrameFollowTheHello(t *testing.T) {
	play(t, Config{}, func(w *world) {
		w.next().accept <- errCut
		const all = 1000
		for i := range all {
			name := []byte("channel-000000000000000000000000000000")
			for j, n := len(name)-1, i; n > 0; j, n = j-1, n/10 {
				name[j] = byte('0' + n%10)
			}
			if err := w.c.Subscribe(string(name)); err != nil {
				t.Fatal(err)
			}
		}
		p := w.next()
		p.accept <- nil
		asked := len(p.commands()) - 1
		if asked < 100 || asked == all {
			t.Fatalf("%d channels in the first frame", asked)
		}
		p.say(hello)
		for asked < all {
			frame := p.frame()
			if len(frame) > 2000 {
				t.Fatalf("a frame of %d bytes, where the server takes 2000", len(frame))
			}
			for range protocol.Lines([]byte(frame)) {
				asked++
			}
		}
		p.silent()
	})
}

func TestAPublicationThatWasDeliveredIsDropped(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.say(publication("a", "e", 4, "0"), publication("a", "e", 5, "0"), publication("a", "e", 5, "0"))
		w.wantReceived(5)
		p.say(publication("a", "e", 6, "0"), publication("a", "e", 5, "0"), publication("a", "e", 7, "0"))
		w.wantReceived(6, 7)
		foreign := `{"publication":{"channel":"a","time":1,"foreign":true,"data":0}}`
		p.say(foreign, foreign)
		w.wantReceived(0, 0)
	})
}

func TestARefusedSubscriptionIsToldOnceAndNotAskedForAgain(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(refusal(2, protocol.CodeTooManySubscriptions))
		r := event[Refused](w)
		if r.Channel != "a" || !errors.Is(r.Err, &protocol.Error{Code: protocol.CodeTooManySubscriptions}) {
			t.Fatalf("%+v", r)
		}
		p.end(errCut)
		p = w.next()
		p.accept <- nil
		p.wants(`{"id":1,"connect":{"version":1}}`)
		p.say(hello)
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatalf("asked for anew: %v", err)
		}
		p.wants(`{"id":2,"subscribe":{"channel":"a"}}`)
	})
}

func TestASubscriptionWaitsForAServerThatIsUnavailable(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":2,"subscribe":{"channel":"a"}}`)
		p.say(refusal(2, protocol.CodeUnavailable))
		p.wants(`{"id":3,"subscribe":{"channel":"a"}}`)
		p.say(`{"id":3,"subscribed":{"channel":"a","offset":0}}`)
		w.wantTold(Subscribed{Channel: "a"})
	})
}

func TestNothingIsDeliveredBeforeTheServerTookTheSubscription(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(publication("a", "e", 4, "0"), subscribedA, publication("a", "e", 5, "0"))
		w.wantReceived(5)
	})
}

func TestASubscriptionThatWaitedIsNotStuckAfterAReconnect(t *testing.T) {
	play(t, Config{BackoffBase: time.Minute, PingInterval: time.Hour}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(refusal(2, protocol.CodeUnavailable))
		w.told()
		p.end(errCut)
		p = w.next()
		p.accept <- nil
		p.frame()
		p.say(hello, subscribedA)
		w.told()
		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
	})
}

func TestEveryUnsubscribeIsTold(t *testing.T) {
	toggle := func(w *world, calls string) {
		w.t.Helper()
		for _, c := range calls {
			f := w.c.Subscribe
			if c == '-' {
				f = w.c.Unsubscribe
			}
			if err := f("a"); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	t.Run("while away", func(t *testing.T) {
		play(t, Config{}, func(w *world) {
			w.next()
			w.told()
			toggle(w, "+-+-")
			w.wantTold(Unsubscribed{"a"}, Unsubscribed{"a"})
		})
	})
	t.Run("while waiting to reconnect", func(t *testing.T) {
		play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour}, func(w *world) {
			w.next().accept <- errCut
			w.told()
			toggle(w, "+-")
			w.wantTold(Unsubscribed{"a"})
		})
	})
	t.Run("while subscribing", func(t *testing.T) {
		play(t, Config{}, func(w *world) {
			p := w.connected()
			toggle(w, "+")
			p.wants(`{"id":2,"subscribe":{"channel":"a"}}`)
			toggle(w, "-+-+")
			p.silent()
			p.say(subscribedA, publication("a", "e", 5, "0"))
			p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
			w.wantTold()
			p.say(`{"id":3,"unsubscribed":{"channel":"a"}}`)
			p.wants(`{"id":4,"subscribe":{"channel":"a"}}`)
			p.say(`{"id":4,"subscribed":{"channel":"a","epoch":"e","offset":6}}`, publication("a", "e", 7, "0"))
			w.wantTold(
				Unsubscribed{"a"}, Unsubscribed{"a"}, Subscribed{"a", at("e", 6), 0, false},
				Received{Publication: protocol.Publication{Channel: "a", Epoch: "e", Offset: 7, ID: "m", Time: 1, Data: []byte("0")}, Latency: 0},
			)
		})
	})
	t.Run("while the server can't", func(t *testing.T) {
		play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour, PingInterval: 24 * time.Hour}, func(w *world) {
			p := w.connected()
			toggle(w, "+")
			p.frame()
			p.say(refusal(2, protocol.CodeUnavailable))
			w.wantTold()
			start := time.Now()
			toggle(w, "-")
			p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
			if took := time.Since(start); took != 0 {
				t.Fatalf("after %v", took)
			}
			p.say(refusal(3, protocol.CodeNotSubscribed))
			w.wantTold(Unsubscribed{"a"})
		})
	})
	t.Run("when the connection is lost meanwhile", func(t *testing.T) {
		play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour}, func(w *world) {
			p := w.connected()
			w.subscribedTo(p)
			toggle(w, "-")
			p.frame()
			p.end(errCut)
			if u := event[Unsubscribed](w); u.Channel != "a" {
				t.Fatalf("%+v", u)
			}
			event[Disconnected](w)
			if err := w.c.Unsubscribe("a"); !errors.Is(err, &protocol.Error{Code: protocol.CodeNotSubscribed}) {
				t.Fatal(err)
			}
		})
	})
}

func TestSubscribingTwiceIsAnErrorAndChangesNothing(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		if err := w.c.Subscribe("a"); !errors.Is(err, &protocol.Error{Code: protocol.CodeAlreadySubscribed}) {
			t.Fatal(err)
		}
		if err := w.c.Subscribe("No"); !errors.Is(err, &protocol.Error{Code: protocol.CodeChannelInvalid}) {
			t.Fatal(err)
		}
		if err := w.c.Unsubscribe("b"); !errors.Is(err, &protocol.Error{Code: protocol.CodeNotSubscribed}) {
			t.Fatal(err)
		}
		p.silent()
		p.say(publication("a", "e", 5, "0"))
		w.wantReceived(5)
	})
}

func TestAHandlerMaySubscribe(t *testing.T) {
	var c *Client
	handled := make(chan error, 1)
	handle := func(e Event) {
		if _, ok := e.(Connected); ok {
			handled <- c.Subscribe("a")
		}
	}
	play(t, Config{OnEvent: handle}, func(w *world) {
		c = w.c
		p := w.connected()
		if err := <-handled; err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":2,"subscribe":{"channel":"a"}}`)
	})
}

func TestNothingIsKeptOfAChannelThatIsOver(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		for _, f := range []func(string) error{w.c.Unsubscribe, w.c.Subscribe} {
			if err := f("a"); err != nil {
				t.Fatal(err)
			}
		}
		p.frame()
		p.say(`{"id":3,"unsubscribed":{"channel":"a"}}`)
		p.frame()
		p.say(refusal(4, protocol.CodeTooManySubscriptions))
		event[Refused](w)
		w.c.mu.Lock()
		defer w.c.mu.Unlock()
		if len(w.c.subs) > 0 || len(w.c.order) > 0 {
			t.Fatalf("%v %v", w.c.subs, w.c.order)
		}
	})
}
