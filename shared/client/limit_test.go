package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

func limited(id uint64, after time.Duration) string {
	return push(protocol.Message{ID: id, Error: &protocol.Error{
		Code: protocol.CodeRateLimited, Message: "too fast", RetryAfter: int(after.Milliseconds()),
	}})
}

func TestWhatIsTooFastIsSentAgainAfterTheTimeThatTheServerNames(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		one := w.publish(w.t.Context(), "a", 1)
		two := w.publish(w.t.Context(), "a", 2)
		first := append(p.commands(), p.commands()...)
		w.told()
		start := time.Now()
		p.say(limited(first[0].ID, time.Second), limited(first[1].ID, 3*time.Second))
		if e := event[Limited](w); e.Retry < time.Second || !errors.Is(e.Err, &protocol.Error{Code: protocol.CodeRateLimited}) {
			t.Fatalf("%+v", e)
		}
		w.wantTold() // once a pause
		again := p.commands()
		if took := time.Since(start); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("sent again after %v", took)
		}
		if len(again) != 2 || again[0].Publish.Key != first[0].Publish.Key || again[1].Publish.Key != first[1].Publish.Key {
			t.Fatalf("%+v", again)
		}
		for i, out := range []<-chan outcome{one, two} {
			p.acknowledge(again[i].ID, "a", uint64(i))
			if o := <-out; o.err != nil {
				t.Error(o.err)
			}
		}
	})
}

func TestASubscribeThatIsTooFastIsSentAgain(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		start := time.Now()
		p.say(limited(2, 2*time.Second))
		p.wants(`{"id":3,"subscribe":{"channel":"a"}}`)
		if took := time.Since(start); took < 2*time.Second {
			t.Errorf("sent again after %v", took)
		}
		p.say(`{"id":3,"subscribed":{"channel":"a","offset":0}}`)
		event[Subscribed](w)
	})
}

func TestAServerCannotSilenceAClientForever(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.publish(w.t.Context(), "a", 1)
		c := p.commands()[0]
		p.say(limited(c.ID, 100*time.Hour))
		if e := event[Limited](w); e.Retry > longestRest {
			t.Errorf("%+v", e)
		}
	})
}

func TestAPublishThatIsNotPermittedReturnsThat(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		out := w.publish(w.t.Context(), "a", 1)
		p.say(refusal(p.commands()[0].ID, protocol.CodePermission))
		if o := <-out; !errors.Is(o.err, &protocol.Error{Code: protocol.CodePermission}) {
			t.Fatal(o.err)
		}
		p.silent()
	})
}

func TestTagsThatNoServerTakesAreRefusedAtOnce(t *testing.T) {
	play(t, Config{}, func(w *world) {
		for _, tags := range []protocol.Tags{{"Level": "x"}, {"a": true}, {"a": nil}} {
			if o := <-w.publishWith("a", 1, tags); !errors.Is(o.err, &protocol.Error{Code: protocol.CodeTagsInvalid}) {
				t.Errorf("%v: %v", tags, o.err)
			}
		}
	})
}

func TestAKeyOfTheApplicationsOwnIsSentAsItIsAndCheckedFirst(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		ctx, cancel := context.WithCancel(w.t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := w.c.PublishWith(ctx, "a", 1, PublishOptions{Key: "room/7 it's mine"})
			done <- err
		}()
		if c := p.commands()[0]; c.Publish == nil || c.Publish.Key != "room/7 it's mine" {
			t.Errorf("%+v", c.Publish)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, key := range []string{`a"b`, `a\b`, "a\nb", "ä", strings.Repeat("k", protocol.MaxKey+1)} {
			if _, err := w.c.PublishWith(w.t.Context(), "a", 1, PublishOptions{Key: key}); !errors.Is(err, &protocol.Error{Code: protocol.CodeBadRequest}) {
				t.Errorf("%q: %v", key, err)
			}
		}
	})
}
