package client

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

// resubscribes takes the next attempt to connect up to the hello, and wants
// these subscriptions with it.
func (w *world) resubscribes(commands ...string) *peer {
	w.t.Helper()
	p := w.next()
	p.accept <- nil
	p.wants(strings.Join(append([]string{`{"id":1,"connect":{"version":1}}`}, commands...), "\n"))
	p.say(hello)
	w.told()
	return p
}

func subscribeSince(id int, channel, since string) string {
	return `{"id":` + strconv.Itoa(id) + `,"subscribe":{"channel":"` + channel + `","since":` + since + `}}`
}

// live and recovered are the publications of [publication], as told.
func live(epoch string, offset uint64) Event      { return received(epoch, offset, false) }
func recovered(epoch string, offset uint64) Event { return received(epoch, offset, true) }

func received(epoch string, offset uint64, recovered bool) Event {
	return Received{Publication: protocol.Publication{
		Channel: "a", Epoch: epoch, Offset: offset, ID: "m", Time: 1, Data: json.RawMessage("0"),
	}, Recovered: recovered}
}

func publications(epoch string, offsets ...uint64) []string {
	var lines []string
	for _, o := range offsets {
		lines = append(lines, publication("a", epoch, o, "0"))
	}
	return lines
}

func (w *world) wantPosition(want protocol.Since) {
	w.t.Helper()
	if got, ok := w.c.Position("a"); !ok || got != want {
		w.t.Fatalf("the position is %+v %v, not %+v", got, ok, want)
	}
}

func gap(epoch string, from, to uint64) protocol.Gap {
	return protocol.Gap{Channel: "a", Epoch: epoch, From: from, To: to, Count: to - from + 1}
}

func push(m protocol.Message) string { return string(protocol.AppendMessage(nil, &m)) }

func moved(epoch string, offset uint64, last string) string {
	return push(protocol.Message{Moved: &protocol.Moved{Channel: "a", Position: at(epoch, offset), Last: last}})
}

func TestASubscriptionGoesOnFromTheLastPublicationThatCame(t *testing.T) {
	for name, end := range map[string]error{
		"a cut link":      errCut,
		"a slow consumer": &closedError{code: protocol.CloseSlowConsumer},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(w *world) {
				p := w.connected()
				w.subscribedTo(p)
				p.say(publications("e", 5)...)
				w.wantTold(live("e", 5))
				p.end(end)
				p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":5,"last":"m"}`))
				p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":7,"last":"m","recovered":2}}`)
				foreign := protocol.Publication{Channel: "a", Time: 1, Foreign: true, Data: json.RawMessage("1")}
				p.say(push(protocol.Message{Publication: &foreign}))
				p.say(publications("e", 6, 7, 8)...)
				w.wantTold(
					Subscribed{"a", at("e", 7), 2, false}, Received{Publication: foreign},
					recovered("e", 6), recovered("e", 7), Recovered{"a", 2}, live("e", 8),
				)
			})
		})
	}
}

func TestAQuietSubscriptionGoesOnFromTheServersWord(t *testing.T) {
	for word, since := range map[string]string{
		`"epoch":"e","offset":4,"last":"x"`: `{"epoch":"e","offset":4,"last":"x"}`,
		`"offset":0`:                        `{"epoch":"","offset":0}`,
		`"epoch":"e","offset":0`:            `{"epoch":"e","offset":0}`,
	} {
		play(t, Config{}, func(w *world) {
			p := w.connected()
			if _, ok := w.c.Position("a"); ok {
				t.Fatal("a position without a subscription")
			}
			if err := w.c.Subscribe("a"); err != nil {
				t.Fatal(err)
			}
			p.frame()
			if _, ok := w.c.Position("a"); ok {
				t.Fatal("a position without an answer")
			}
			p.say(`{"id":2,"subscribed":{"channel":"a",` + word + `}}`)
			w.told()
			p.end(errCut)
			w.resubscribes(subscribeSince(2, "a", since))
		})
	}
}

func TestTheFirstPublicationOfAChannelBringsItsEpoch(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(append([]string{`{"id":2,"subscribed":{"channel":"a","offset":0}}`}, publications("e", 1, 2)...)...)
		w.wantTold(Subscribed{"a", at("", 0), 0, false}, live("e", 1), live("e", 2))
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":2,"last":"m"}`))
		p.silent()
	})
}

func TestAnApplicationGoesOnFromAPositionThatItKept(t *testing.T) {
	play(t, Config{BackoffBase: time.Millisecond}, func(w *world) {
		p := w.connected()
		kept := protocol.Since{Epoch: "e", Offset: 4, Last: "x"}
		options := SubscribeOptions{Since: &kept}
		if err := w.c.SubscribeWith("a", options); err != nil {
			t.Fatal(err)
		}
		kept.Offset = 99 // it may keep another one there
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 4, Last: "x"})
		const since = `{"epoch":"e","offset":4,"last":"x"}`
		p.wants(subscribeSince(2, "a", since))
		p.say(refusal(2, protocol.CodeUnavailable))
		p.wants(subscribeSince(3, "a", since))
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", since))
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":5,"last":"m","recovered":1}}`)
		p.say(publications("e", 5)...)
		w.wantTold(Subscribed{"a", at("e", 5), 1, false}, recovered("e", 5), Recovered{"a", 1})
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 5, Last: "m"})

		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		if _, ok := w.c.Position("a"); ok {
			t.Fatal("a position of a channel that was left")
		}
	})
}

func TestARewindIsForTheFirstTimeOnly(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		rewind := protocol.Rewind{Count: 3}
		if err := w.c.SubscribeWith("a", SubscribeOptions{Rewind: &rewind}); err != nil {
			t.Fatal(err)
		}
		rewind.Count = 99
		const command = `{"id":2,"subscribe":{"channel":"a","rewind":{"count":3}}}`
		p.wants(command)
		p.end(errCut)
		p = w.resubscribes(command)
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":9,"last":"m","recovered":3}}`)
		w.wantTold(Subscribed{"a", at("e", 9), 3, false})
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":6}`))
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":9,"last":"m","recovered":3}}`)
		p.say(publications("e", 7, 8)...)
		w.wantTold(Subscribed{"a", at("e", 9), 3, false}, recovered("e", 7), recovered("e", 8))
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":8,"last":"m"}`))
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":8,"last":"m"}}`)
		p.say(publications("e", 9)...)
		w.wantTold(Subscribed{"a", at("e", 8), 0, false}, live("e", 9))
	})
}

func TestASubscriptionThatWasLeftBeginsAnew(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Rewind: &protocol.Rewind{Age: 1000}}); err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":2,"subscribe":{"channel":"a","rewind":{"age":1000}}}`)
		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		if err := w.c.SubscribeWith("a", SubscribeOptions{Since: &protocol.Since{Epoch: "e", Offset: 2}}); err != nil {
			t.Fatal(err)
		}
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
		p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
		p.say(`{"id":3,"unsubscribed":{"channel":"a"}}`)
		p.wants(subscribeSince(4, "a", `{"epoch":"e","offset":2}`))
		p.say(`{"id":4,"subscribed":{"channel":"a","epoch":"e","offset":2}}`)
		w.told()
		for _, f := range []func(string) error{w.c.Unsubscribe, w.c.Subscribe} {
			if err := f("a"); err != nil {
				t.Fatal(err)
			}
		}
		p.wants(`{"id":5,"unsubscribe":{"channel":"a"}}`)
		p.say(`{"id":5,"unsubscribed":{"channel":"a"}}`)
		p.wants(`{"id":6,"subscribe":{"channel":"a"}}`)
		p.say(`{"id":6,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
		w.told()
		// What was wrong with the old subscription is not held against the new one.
		p.say(publications("e", 6)...)
		p.frame()
		p.say(`{"id":8,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
		for _, f := range []func(string) error{w.c.Unsubscribe, w.c.Subscribe} {
			if err := f("a"); err != nil {
				t.Fatal(err)
			}
		}
		p.wants(`{"id":9,"unsubscribe":{"channel":"a"}}`)
		p.say(`{"id":9,"unsubscribed":{"channel":"a"}}`)
		p.wants(`{"id":10,"subscribe":{"channel":"a"}}`)
		p.say(`{"id":10,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
		p.say(publications("e", 6)...)
		p.frame()
	})
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Rewind: &protocol.Rewind{Count: 1}}); err != nil {
			t.Fatal(err)
		}
		p.frame()
		for _, f := range []func(string) error{w.c.Unsubscribe, w.c.Subscribe} {
			if err := f("a"); err != nil {
				t.Fatal(err)
			}
		}
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4,"last":"m","recovered":1}}`)
		p.frame()
		p.say(`{"id":3,"unsubscribed":{"channel":"a"}}`)
		p.wants(`{"id":4,"subscribe":{"channel":"a"}}`)
	})
}

func TestOptionsThatCannotBeAreRefusedAtOnce(t *testing.T) {
	long := strings.Repeat("x", 129)
	play(t, Config{}, func(w *world) {
		p := w.connected()
		for field, o := range map[string]SubscribeOptions{
			"rewind":  {Since: &protocol.Since{}, Rewind: &protocol.Rewind{Count: 1}},
			"since":   {Since: &protocol.Since{Epoch: long, Offset: 1}},
			"since ":  {Since: &protocol.Since{Epoch: "e", Offset: 1, Last: long}},
			"since  ": {Since: &protocol.Since{Offset: 1}},
		} {
			var refused *protocol.Error
			if err := w.c.SubscribeWith("a", o); !errors.As(err, &refused) || refused.Code != protocol.CodeBadRequest || refused.Field != strings.TrimSpace(field) {
				t.Errorf("%s: %v", field, err)
			}
		}
		p.silent()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Since: &protocol.Since{Epoch: "\"\n", Offset: 1, Last: "\xff"}}); err != nil {
			t.Fatal(err)
		}
		if s := p.commands()[0].Subscribe; s.Since.Epoch != "\"\n" {
			t.Errorf("%+v", s.Since)
		}
	})
}
