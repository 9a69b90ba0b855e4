package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/shared/protocol"
)

func TestAPublishWaitsForItsAcknowledgement(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		out := w.publish(w.t.Context(), "a", map[string]any{"n": 1})
		c := p.commands()[0]
		if c.Publish == nil || c.Publish.Channel != "a" || string(c.Publish.Data) != `{"n":1}` || len(c.Publish.Key) != 16 {
			t.Fatalf("%+v", c.Publish)
		}
		p.acknowledge(c.ID, "a", 7)
		if o := <-out; o.err != nil || o.published.Offset != 7 || o.published.Channel != "a" {
			t.Fatalf("%+v", o)
		}
	})
}

func TestPublishesMadeWhileAwayGoOutInOrderInOneFrame(t *testing.T) {
	play(t, Config{}, func(w *world) {
		var outs []<-chan outcome
		for n := range 5 {
			outs = append(outs, w.publish(w.t.Context(), "a", n))
		}
		p := w.connected()
		cs := p.commands()
		if len(cs) != 5 {
			t.Fatalf("%d commands in the frame", len(cs))
		}
		for n, c := range cs {
			if string(c.Publish.Data) != string(rune('0'+n)) {
				t.Fatalf("number %d is %s", n, c.Publish.Data)
			}
			p.acknowledge(c.ID, "a", uint64(n))
		}
		for n, out := range outs {
			if o := <-out; o.err != nil || o.published.Offset != uint64(n) {
				t.Fatalf("number %d: %+v", n, o)
			}
		}
	})
}

func TestAPublishWithoutAnAcknowledgementIsSentAgainWithItsKey(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		var outs []<-chan outcome
		for n := range 3 {
			outs = append(outs, w.publish(w.t.Context(), "a", n))
		}
		first := append(append(p.commands(), p.commands()...), p.commands()...)
		p.acknowledge(first[1].ID, "a", 2) // the second alone
		if o := <-outs[1]; o.err != nil {
			t.Fatal(o.err)
		}
		p.end(errCut)
		outs = append(outs, w.publish(w.t.Context(), "a", 3))

		p = w.connected()
		second := p.commands()
		var data []string
		for _, c := range second {
			data = append(data, string(c.Publish.Data))
			p.acknowledge(c.ID, "a", c.ID)
		}
		if strings.Join(data, " ") != "0 2 3" {
			t.Fatalf("sent again: %q", data)
		}
		if second[0].Publish.Key != first[0].Publish.Key || second[1].Publish.Key != first[2].Publish.Key {
			t.Fatal("sent again with other keys")
		}
		for _, n := range []int{0, 2, 3} {
			if o := <-outs[n]; o.err != nil {
				t.Fatal(o.err)
			}
		}
	})
}

func TestUnavailableIsRetriedAndHoldsBackWhatIsNewer(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		one := w.publish(w.t.Context(), "a", 1)
		c := p.commands()[0]
		start := time.Now()
		var two <-chan outcome
		for n := range 8 { // longer and longer
			p.say(refusal(c.ID, protocol.CodeUnavailable))
			synctest.Wait()
			if n == 0 {
				two = w.publish(w.t.Context(), "a", 2)
			}
			cs := p.commands()
			for cs[0].Ping != nil {
				p.say(`{"id":` + string(mustJSON(cs[0].ID)) + `,"pong":{"time":1}}`)
				cs = p.commands()
			}
			if string(cs[0].Publish.Data) != "1" || cs[0].Publish.Key != c.Publish.Key {
				t.Fatalf("retry %d is %s", n, cs[0].Publish.Data)
			}
			c = cs[0]
			if n == 0 && (len(cs) != 2 || string(cs[1].Publish.Data) != "2") {
				t.Fatalf("what is newer did not follow: %+v", cs)
			} else if n == 0 {
				p.acknowledge(cs[1].ID, "a", 1)
			}
		}
		if took := time.Since(start); took < 100*time.Millisecond {
			t.Fatalf("eight retries in %v", took)
		}
		p.acknowledge(c.ID, "a", 2)
		if o := <-one; o.err != nil {
			t.Fatal(o.err)
		}
		if o := <-two; o.err != nil {
			t.Fatal(o.err)
		}
	})
}

// quick is a back-off from which a long wait differs at once.
var quick = Config{BackoffBase: time.Millisecond, BackoffCap: time.Hour, PingInterval: 10 * time.Hour}

func TestManyRefusalsInOnePauseCountOnce(t *testing.T) {
	play(t, quick, func(w *world) {
		p := w.connected()
		var ids []uint64
		for range 20 {
			w.publish(w.t.Context(), "a", 1)
			ids = append(ids, p.commands()[0].ID)
		}
		var refusals []string
		for _, id := range ids {
			refusals = append(refusals, refusal(id, protocol.CodeUnavailable))
		}
		start := time.Now()
		p.say(refusals...)
		p.frame()
		if took := time.Since(start); took > time.Millisecond {
			t.Fatalf("paused for %v", took)
		}
	})
}

func TestASuccessEndsTheGrowthOfPauses(t *testing.T) {
	play(t, quick, func(w *world) {
		p := w.connected()
		w.publish(w.t.Context(), "a", 1)
		for range 20 {
			p.say(refusal(p.commands()[0].ID, protocol.CodeUnavailable))
		}
		p.acknowledge(p.commands()[0].ID, "a", 1)
		w.publish(w.t.Context(), "a", 2)
		id := p.commands()[0].ID
		start := time.Now()
		p.say(refusal(id, protocol.CodeUnavailable))
		p.commands()
		if took := time.Since(start); took > time.Millisecond {
			t.Fatalf("paused for %v", took)
		}
	})
}

func TestTheAnswerToAPublishThatWasGivenUpChangesNothing(t *testing.T) {
	play(t, Config{BackoffBase: time.Minute, PingInterval: 10 * time.Hour}, func(w *world) {
		p := w.connected()
		ctx, cancel := context.WithCancel(w.t.Context())
		w.publish(ctx, "a", 1)
		first := p.commands()[0].ID
		w.publish(w.t.Context(), "a", 2)
		p.say(refusal(p.commands()[0].ID, protocol.CodeUnavailable))
		synctest.Wait()
		w.publish(w.t.Context(), "a", 3) // waits for the pause
		cancel()
		synctest.Wait()
		p.say(refusal(first, protocol.CodeUnavailable))
		cs := p.commands()
		if len(cs) != 2 || string(cs[0].Publish.Data) != "2" || string(cs[1].Publish.Data) != "3" {
			t.Fatalf("after the pause came %+v", cs)
		}
	})
}

func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

func TestOtherRefusalsAreFinal(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		out := w.publish(w.t.Context(), "a", 1)
		p.say(refusal(p.commands()[0].ID, protocol.CodeInternal))
		if o := <-out; !errors.Is(o.err, &protocol.Error{Code: protocol.CodeInternal}) {
			t.Fatal(o.err)
		}
		p.silent()
	})
}

func TestAServerThatStopsDoesNotRefuseAPublish(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		out := w.publish(w.t.Context(), "a", 1)
		p.say(refusal(p.commands()[0].ID, protocol.CodeShutdown))
		p.end(&closedError{code: protocol.CloseShutdown})
		p = w.connected()
		p.acknowledge(p.commands()[0].ID, "a", 1)
		if o := <-out; o.err != nil {
			t.Fatal(o.err)
		}
	})
}

func TestTheQueueRefusesOneTooMany(t *testing.T) {
	play(t, Config{Queue: 2}, func(w *world) {
		one, two := w.publish(w.t.Context(), "a", 1), w.publish(w.t.Context(), "a", 2)
		if o := <-w.publish(w.t.Context(), "a", 3); !errors.Is(o.err, ErrQueueFull) {
			t.Fatal(o.err)
		}
		p := w.connected()
		for n, c := range p.commands() {
			p.acknowledge(c.ID, "a", uint64(n))
		}
		<-one
		<-two
		w.publish(w.t.Context(), "a", 4)
		if c := p.commands()[0]; string(c.Publish.Data) != "4" {
			t.Fatalf("%+v", c)
		}
	})
}

func TestAContextEndsTheWaitOfAPublish(t *testing.T) {
	play(t, Config{}, func(w *world) {
		ctx, cancel := context.WithCancel(w.t.Context())
		away := w.publish(ctx, "a", 1)
		cancel()
		if o := <-away; !errors.Is(o.err, context.Canceled) {
			t.Fatal(o.err)
		}
		p := w.connected()
		p.silent()

		ctx, cancel = context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		sent := w.publish(ctx, "a", 2)
		c := p.commands()[0]
		if o := <-sent; !errors.Is(o.err, context.DeadlineExceeded) {
			t.Fatal(o.err)
		}
		p.acknowledge(c.ID, "a", 1) // to nobody
		p.end(errCut)
		w.connected().silent()
	})
}

func TestAPublishIsCheckedBeforeItIsSent(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected() // its limit is 1000 bytes
		for _, c := range []struct {
			channel string
			data    any
			code    protocol.Code
		}{
			{"No", 1, protocol.CodeChannelInvalid},
			{"", 1, protocol.CodeChannelInvalid},
			{"a", make(chan int), protocol.CodeDataInvalid},
			{"a", json.RawMessage("{"), protocol.CodeDataInvalid},
			{"a", json.RawMessage(""), protocol.CodeDataInvalid},
			{"a", json.RawMessage("\"\xff\""), protocol.CodeInvalidUTF8},
			{"a", []json.RawMessage{json.RawMessage("\"\xff\"")}, protocol.CodeInvalidUTF8},
			{"a", strings.Repeat("x", 999), protocol.CodeTooLarge},
		} {
			if _, err := w.c.Publish(w.t.Context(), c.channel, c.data); !errors.Is(err, &protocol.Error{Code: c.code}) {
				t.Errorf("%q %v: %v, not %s", c.channel, c.data, err, c.code)
			}
		}
		p.silent()
		w.publish(w.t.Context(), "a", strings.Repeat("x", 998))
		p.commands()
	})
}

func TestNoFrameIsLargerThanTheServerTakes(t *testing.T) {
	play(t, Config{}, func(w *world) {
		const all = 10
		for range all {
			w.publish(w.t.Context(), "a", strings.Repeat("x", 900))
		}
		p := w.connected()
		for n := 0; n < all; {
			frame := p.frame()
			lines := strings.Count(frame, "\n") + 1
			if len(frame) > 2000 || lines > 2 {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
			n += lines
		}
		p.silent()
	})
}

func TestCloseEndsAllThatWaits(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		out := w.publish(w.t.Context(), "a", 1)
		p.frame()
		_ = w.c.Close()
		if o := <-out; !errors.Is(o.err, ErrClosed) {
			t.Fatal(o.err)
		}
		if !p.polite {
			t.Error("no goodbye was said")
		}
		w.wantTold(Disconnected{Err: ErrClosed, Final: true})
		_, err := w.c.Publish(w.t.Context(), "a", 1)
		for _, err := range []error{err, w.c.Subscribe("a"), w.c.Unsubscribe("a")} {
			if !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}
		_ = w.c.Close()
		w.c.Reconnect()
		w.wantTold()
	})
}

func TestCloseDoesNotWaitForWhatItInterrupts(t *testing.T) {
	for name, until := range map[string]func(w *world){
		"a dial":        func(w *world) { w.next() },
		"a hello":       func(w *world) { w.next().accept <- nil },
		"a wait":        func(w *world) { w.next().accept <- errCut },
		"a stuck write": func(w *world) { p := w.connected(); p.deaf = true; w.publish(w.t.Context(), "a", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour}, func(w *world) {
				until(w)
				synctest.Wait()
				start := time.Now()
				_ = w.c.Close()
				if took := time.Since(start); took > goodbye {
					t.Fatalf("took %v", took)
				}
			})
		})
	}
}
