package client

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

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
