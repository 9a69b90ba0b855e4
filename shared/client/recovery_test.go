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

func TestAGapIsToldBeforeWhatFollowsAndWhereItWas(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":4}`))
		g := gap("e", 5, 7)
		p.say(push(protocol.Message{ID: 2, Subscribed: &protocol.Subscribed{Channel: "a", Position: at("e", 8), Last: "m", Recovered: 1, Gap: &g}}))
		p.say(publications("e", 8, 9)...)
		w.wantTold(Subscribed{"a", at("e", 8), 1, false}, Gap{g}, recovered("e", 8), Recovered{"a", 1}, live("e", 9))

		g = gap("e", 10, 11)
		p.say(push(protocol.Message{Gap: &g}))
		w.wantTold(Gap{g})
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 11})
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":11}`))
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":11,"last":"y"}}`)
		w.told()
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 11, Last: "y"})
	})
}

func TestAResetIsToldOnceAndTheNewHistoryFollows(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":4}`))
		r, g := protocol.Reset{Channel: "a", Epoch: "f", Was: at("e", 4)}, gap("f", 1, 2)
		p.say(push(protocol.Message{ID: 2, Subscribed: &protocol.Subscribed{
			Channel: "a", Position: at("f", 3), Last: "m", Recovered: 1, Reset: &r, Gap: &g,
		}}))
		p.say(publications("f", 3, 4)...)
		w.wantTold(Subscribed{"a", at("f", 3), 1, false}, Reset{r}, Gap{g}, recovered("f", 3), Recovered{"a", 1}, live("f", 4))

		// As the relay tells it to those who are there. Nothing was published yet.
		r = protocol.Reset{Channel: "a", Was: at("f", 4)}
		p.say(push(protocol.Message{Reset: &r}))
		p.say(publications("g", 1)...)
		w.wantTold(Reset{r}, live("g", 1))

		// Redis went back in time, and the offsets come again with the same epoch.
		p.end(errCut)
		p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"g","offset":1,"last":"m"}`))
		r = protocol.Reset{Channel: "a", Epoch: "g", Was: at("g", 1)}
		p.say(push(protocol.Message{ID: 2, Subscribed: &protocol.Subscribed{
			Channel: "a", Position: at("g", 1), Last: "m", Recovered: 1, Reset: &r,
		}}))
		p.say(publications("g", 1)...)
		w.wantTold(Subscribed{"a", at("g", 1), 1, false}, Reset{r}, recovered("g", 1), Recovered{"a", 1})
	})
}

// holes is what a server must not say to who is at offset 4.
var holes = map[string]string{
	"a publication that is too far":       publication("a", "e", 6, "0"),
	"a publication of another epoch":      publication("a", "f", 5, "0"),
	"a first one of another epoch":        publication("a", "f", 1, "0"),
	"a gap that begins too late":          push(protocol.Message{Gap: new(gap("e", 6, 7))}),
	"a gap that begins too early":         push(protocol.Message{Gap: new(gap("e", 4, 7))}),
	"a gap of another epoch":              push(protocol.Message{Gap: new(gap("f", 5, 7))}),
	"a gap that ends before it begins":    push(protocol.Message{Gap: new(gap("e", 5, 4))}),
	"a gap with another count":            `{"gap":{"channel":"a","epoch":"e","from":5,"to":6,"count":1}}`,
	"a quiet channel that is farther":     moved("e", 5, "m"),
	"a quiet channel of another epoch":    moved("f", 4, "m"),
	"a quiet channel that nobody knows":   moved("", 0, ""),
	"a publication at the end of the int": publication("a", "e", 999_999_999_999_999_999, "0"),
}

func TestAHoleThatWasNotToldIsMendedOnTheSameConnection(t *testing.T) {
	for name, hole := range holes {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(w *world) {
				p := w.connected()
				w.subscribedTo(p)
				// Twice, since a hole that was mended may be followed by another.
				for _, offset := range []uint64{4, 5} {
					hole, id, said := hole, 1+2*(offset-3), ""
					if offset == 5 {
						hole = publication("a", "e", 8, "0")
						said = `,"last":"m"`
					}
					n := strconv.FormatUint(id, 10)
					next := strconv.FormatUint(id+1, 10)
					p.say(append([]string{hole}, publications("e", 6, 7)...)...)
					p.wants(`{"id":` + n + `,"unsubscribe":{"channel":"a"}}` + "\n" +
						subscribeSince(int(id+1), "a", `{"epoch":"e","offset":`+strconv.FormatUint(offset, 10)+said+`}`))
					w.wantTold()
					p.say(publications("e", 8)...)
					p.say(`{"id":` + n + `,"unsubscribed":{"channel":"a"}}`)
					p.say(publications("e", offset+1)...)
					w.wantTold()
					p.say(`{"id":` + next + `,"subscribed":{"channel":"a","epoch":"e","offset":` + strconv.FormatUint(offset+1, 10) + `,"last":"m","recovered":1}}`)
					p.say(publications("e", offset+1)...)
					w.wantTold(Subscribed{"a", at("e", offset+1), 1, false}, recovered("e", offset+1), Recovered{"a", 1})
				}
			})
		})
	}
}

func TestAHoleThatCannotBeMendedEndsTheConnection(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
		start, n := time.Now(), 0
		for time.Since(start) < 10*time.Minute {
			hole := publication("a", "e", 6, "0")
			if n%2 == 1 {
				hole = moved("e", 5, "m")
			}
			p.say(hole)
			p.frame()
			p.say(`{"id":4,"subscribed":{"channel":"a","epoch":"e","offset":4}}`, hole)
			if d := event[Disconnected](w); !errors.Is(d.Err, errStream) || d.Final {
				t.Fatalf("%+v", d)
			}
			p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":4}`))
			p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
			n++
		}
		if n > 120 { // as for a server that drops at once
			t.Fatalf("%d connections in ten minutes", n)
		}
		p.say(publications("e", 5, 6)...)
		if got := w.received(); len(got) != 2 {
			t.Fatalf("received %v", got)
		}
	})
}

func TestWhatIsWantedMayChangeWhileAHoleIsMended(t *testing.T) {
	torn := func(t *testing.T, f func(w *world, p *peer)) {
		play(t, Config{BackoffBase: time.Millisecond}, func(w *world) {
			p := w.connected()
			w.subscribedTo(p)
			p.say(publications("e", 6)...)
			p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}` + "\n" + subscribeSince(4, "a", `{"epoch":"e","offset":4}`))
			f(w, p)
		})
	}
	const gone = `{"id":3,"unsubscribed":{"channel":"a"}}`
	t.Run("it is left", func(t *testing.T) {
		torn(t, func(w *world, p *peer) {
			if err := w.c.Unsubscribe("a"); err != nil {
				t.Fatal(err)
			}
			p.say(gone, `{"id":4,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
			p.wants(`{"id":5,"unsubscribe":{"channel":"a"}}`)
			p.say(`{"id":5,"unsubscribed":{"channel":"a"}}`)
			w.wantTold(Unsubscribed{"a"})
		})
	})
	t.Run("the server can't", func(t *testing.T) {
		torn(t, func(w *world, p *peer) {
			p.say(gone, refusal(4, protocol.CodeUnavailable))
			p.wants(subscribeSince(5, "a", `{"epoch":"e","offset":4}`))
			w.wantTold()
		})
	})
	t.Run("the server does not want to", func(t *testing.T) {
		torn(t, func(w *world, p *peer) {
			p.say(gone, refusal(4, protocol.CodeTooManySubscriptions))
			if r := event[Refused](w); r.Channel != "a" {
				t.Fatalf("%+v", r)
			}
			p.silent()
		})
	})
	t.Run("the link breaks", func(t *testing.T) {
		torn(t, func(w *world, p *peer) {
			p.end(errCut)
			p = w.resubscribes(subscribeSince(2, "a", `{"epoch":"e","offset":4}`))
			p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4}}`)
			p.say(publications("e", 6)...) // and it may be mended once more
			p.frame()
		})
	})
}

func TestAMendingWaitsForAServerThatIsUnavailable(t *testing.T) {
	play(t, Config{BackoffBase: time.Minute, PingInterval: time.Hour}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		if err := w.c.Subscribe("b"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(refusal(3, protocol.CodeUnavailable))
		w.told()
		p.say(publications("e", 6)...)
		p.silent()
		if cs := p.commands(); len(cs) != 3 {
			t.Fatalf("then came %+v", cs)
		}
	})
}

func TestAnAnswerThatDoesNotAddUpEndsTheConnection(t *testing.T) {
	for _, answer := range []string{
		`"epoch":"e","offset":5`,                // a hole
		`"epoch":"e","offset":6,"recovered":1`,  // part of it
		`"epoch":"e","offset":5,"recovered":2`,  // more than there is
		`"epoch":"e","offset":3`,                // it went back
		`"epoch":"f","offset":4`,                // another epoch
		`"epoch":"f","offset":0`,                // another epoch, empty
		`"epoch":"e","offset":4,"recovered":-1`, // nonsense
		`"epoch":"f","offset":2,"reset":{"channel":"a","epoch":"f","was":{"epoch":"e","offset":4}}`,
		`"epoch":"e","offset":8,"recovered":2,"gap":{"channel":"a","epoch":"e","from":6,"to":6,"count":1}`,
		`"epoch":"e","offset":6,"recovered":2,"gap":{"channel":"a","epoch":"e","from":4,"to":4,"count":1}`,
		`"epoch":"e","offset":8,"recovered":2,"gap":{"channel":"a","epoch":"e","from":5,"to":7,"count":3}`,
	} {
		play(t, Config{}, func(w *world) {
			p := w.connected()
			if err := w.c.SubscribeWith("a", SubscribeOptions{Since: &protocol.Since{Epoch: "e", Offset: 4}}); err != nil {
				t.Fatal(err)
			}
			p.frame()
			p.say(`{"id":2,"subscribed":{"channel":"a",` + answer + `}}`)
			d := event[Disconnected](w)
			if !errors.Is(d.Err, errStream) || d.Final {
				t.Errorf("%s: %+v", answer, d)
			}
		})
	}
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Rewind: &protocol.Rewind{Count: 5}}); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":2,"recovered":3}}`)
		if d := event[Disconnected](w); !errors.Is(d.Err, errStream) {
			t.Errorf("%+v", d)
		}
	})
}

func TestAQuietChannelIsKnownToBeAlive(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.say(moved("e", 4, "x"))
		w.wantTold(Moved{"a", at("e", 4)})
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 4, Last: "x"})
		p.say(append(publications("e", 5), moved("e", 4, "x"))...) // they crossed
		w.wantTold(live("e", 5))
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 5, Last: "m"})
		p.say(`{"moved":{"channel":"b","epoch":"e","offset":9}}`)
		w.wantTold()
		p.silent()
	})
}

func TestWhoComesAndWhoGoesIsTold(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		p.say(`{"join":{"channel":"a","client":"c2","user":"bob","since":7}}`, `{"leave":{"channel":"a","client":"c2","user":"bob","since":7}}`)
		p.say(`{"join":{"channel":"b","client":"c2","since":7}}`)
		bob := protocol.Member{Client: "c2", User: "bob", Since: 7}
		w.wantTold(Joined{protocol.Join{Channel: "a", Member: bob}}, Left{protocol.Leave{Channel: "a", Member: bob}})
	})
}

func TestNothingIsToldOfAChannelBeforeItsSubscriptionBeganAndAfterItWasLeft(t *testing.T) {
	pushes := []string{
		publication("a", "e", 5, "0"),
		push(protocol.Message{Gap: new(gap("e", 5, 7))}),
		push(protocol.Message{Reset: &protocol.Reset{Channel: "a", Epoch: "f"}}),
		moved("e", 4, "m"),
		`{"join":{"channel":"a","client":"c2","since":7}}`,
		`{"leave":{"channel":"a","client":"c2","since":7}}`,
	}
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(pushes...)
		w.wantTold()
		p.say(subscribedA)
		w.wantTold(Subscribed{"a", at("e", 4), 0, false})
		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(pushes...)
		w.wantTold()
		p.say(append([]string{`{"id":3,"unsubscribed":{"channel":"a"}}`}, pushes...)...)
		w.wantTold(Unsubscribed{"a"})
	})
}
