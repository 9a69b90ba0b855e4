package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/shared/protocol"
)

// roster is what a Presence returned.
type roster struct {
	protocol.Presence
	err error
}

// presence calls Presence in a goroutine and returns when it waits or is done.
func (w *world) presence(ctx context.Context, channel string) <-chan roster {
	out := make(chan roster, 1)
	go func() {
		p, err := w.c.Presence(ctx, channel)
		out <- roster{p, err}
	}()
	synctest.Wait()
	return out
}

func TestPresenceIsAskedForUntilItIsAnswered(t *testing.T) {
	play(t, Config{BackoffBase: time.Millisecond}, func(w *world) {
		out := w.presence(w.t.Context(), "a") // there is no connection yet
		p := w.connected()
		p.wants(`{"id":2,"presence":{"channel":"a"}}`)
		p.end(errCut)
		p = w.connected()
		p.wants(`{"id":2,"presence":{"channel":"a"}}`)
		p.say(refusal(2, protocol.CodeUnavailable))
		p.wants(`{"id":3,"presence":{"channel":"a"}}`)
		p.say(`{"id":3,"presence":{"channel":"a","connections":2,"users":1,"members":[{"client":"c1","user":"bob","since":7}]}}`)
		o := <-out
		if o.err != nil || o.Connections != 2 || o.Users != 1 || len(o.Members) != 1 || o.Members[0].User != "bob" {
			t.Fatalf("%+v", o)
		}
	})
}

func TestPresenceTellsWhyThereIsNone(t *testing.T) {
	play(t, Config{Queue: 1}, func(w *world) {
		if o := <-w.presence(w.t.Context(), "No"); !errors.Is(o.err, &protocol.Error{Code: protocol.CodeChannelInvalid}) {
			t.Error(o.err)
		}
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		away := w.presence(ctx, "a")
		if o := <-w.presence(w.t.Context(), "a"); !errors.Is(o.err, ErrQueueFull) {
			t.Error(o.err)
		}
		if o := <-away; !errors.Is(o.err, context.DeadlineExceeded) {
			t.Error(o.err)
		}
		p := w.connected()
		for id, answer := range []string{2: refusal(2, protocol.CodePresenceOff), 3: `{"id":3,"published":{"channel":"a","offset":1,"id":"m"}}`} {
			if answer == "" {
				continue
			}
			out := w.presence(w.t.Context(), "a")
			if cs := p.commands(); cs[0].ID != uint64(id) {
				t.Fatalf("%+v", cs)
			}
			p.say(answer)
			if o := <-out; o.err == nil {
				t.Errorf("%s is no answer", answer)
			}
		}
		out := w.publish(w.t.Context(), "a", 1)
		p.frame()
		p.say(`{"id":4,"presence":{"channel":"a","connections":0,"users":0,"members":[]}}`)
		if o := <-out; o.err == nil {
			t.Error("a publish was answered with presence")
		}
		last := w.presence(w.t.Context(), "a")
		_ = w.c.Close()
		if o := <-last; !errors.Is(o.err, ErrClosed) {
			t.Error(o.err)
		}
	})
}

func TestAClientSaysWhoItIs(t *testing.T) {
	play(t, Config{User: `Zoë "z"`}, func(w *world) {
		p := w.next()
		p.accept <- nil
		if c := p.commands()[0].Connect; c == nil || c.User != `Zoë "z"` {
			t.Fatalf("%+v", c)
		}
	})
}
