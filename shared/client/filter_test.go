package client

import (
	"errors"
	"testing"

	"fanlight/shared/protocol"
)

const warnings = `level == "warn"`

// filtered subscribes to a with a filter, at e:4.
func (w *world) filtered(p *peer) {
	w.t.Helper()
	if err := w.c.SubscribeWith("a", SubscribeOptions{Filter: warnings}); err != nil {
		w.t.Fatal(err)
	}
	p.wants(`{"id":2,"subscribe":{"channel":"a","filter":"level == \"warn\""}}`)
	p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4,"last":"x","filtered":true}}`)
	w.wantTold(Subscribed{"a", at("e", 4), 0, true})
}

func TestWhatAFilterLeavesOutIsNoHole(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.told()
		w.filtered(p)
		p.say(publications("e", 7, 20, 20, 9)...)
		w.wantTold(live("e", 7), live("e", 20))
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 20, Last: "m"})
		p.silent()
	})
}

func TestAFilterThatTheServerDemandsIsNoHoleEither(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		w.told()
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":4,"filtered":true}}`)
		p.say(publications("e", 9)...)
		w.wantTold(Subscribed{"a", at("e", 4), 0, true}, live("e", 9))
	})
}

func TestTheServersWordTakesAFilteredSubscriptionOn(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.told()
		w.filtered(p)
		p.say(moved("e", 104, "y"))
		w.wantTold(Moved{"a", at("e", 104)})
		p.say(moved("e", 90, "z"))
		w.wantTold()
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 104, Last: "y"})
		p.end(errCut)
		p = w.resubscribes(`{"id":2,"subscribe":{"channel":"a","since":{"epoch":"e","offset":104,"last":"y"},"filter":"level == \"warn\""}}`)
		// Another epoch without a word is still a hole.
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":104,"filtered":true}}`)
		p.say(moved("f", 200, ""))
		p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}` + "\n" +
			`{"id":4,"subscribe":{"channel":"a","since":{"epoch":"e","offset":104},"filter":"level == \"warn\""}}`)
	})
}

func TestAFilteredRecoveryLeadsToWhereTheChannelStands(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.told()
		w.filtered(p)
		p.end(errCut)
		p = w.resubscribes(`{"id":2,"subscribe":{"channel":"a","since":{"epoch":"e","offset":4,"last":"x"},"filter":"level == \"warn\""}}`)
		g := gap("e", 5, 10)
		p.say(push(protocol.Message{ID: 2, Subscribed: &protocol.Subscribed{
			Channel: "a", Position: at("e", 100), Last: "y", Recovered: 2, Gap: &g, Filtered: true,
		}}))
		p.say(publications("e", 40)...)
		w.wantTold(Subscribed{"a", at("e", 100), 2, true}, Gap{g}, recovered("e", 40))
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 40, Last: "m"})
		p.say(publications("e", 60, 130)...)
		w.wantTold(recovered("e", 60), Recovered{"a", 2}, live("e", 130))
	})
}

func TestAFilteredRecoveryEndsAtTheChannelsPosition(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Rewind: &protocol.Rewind{Count: 10}, Filter: warnings}); err != nil {
			t.Fatal(err)
		}
		p.frame()
		w.told()
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":100,"last":"y","recovered":2,"filtered":true}}`)
		w.wantTold(Subscribed{"a", at("e", 100), 2, true})
		// Nothing came yet: the same is asked for again.
		p.end(errCut)
		const rewind = `{"id":2,"subscribe":{"channel":"a","rewind":{"count":10},"filter":"level == \"warn\""}}`
		p = w.resubscribes(rewind)
		p.say(`{"id":2,"subscribed":{"channel":"a","epoch":"e","offset":100,"last":"y","recovered":2,"filtered":true}}`)
		p.say(publications("e", 91, 95)...)
		w.wantTold(Subscribed{"a", at("e", 100), 2, true}, recovered("e", 91), recovered("e", 95), Recovered{"a", 2})
		w.wantPosition(protocol.Since{Epoch: "e", Offset: 100, Last: "y"})
	})
}

func TestAFilteredRecoveryThatDoesNotAddUpIsMadeAgain(t *testing.T) {
	for name, line := range map[string]string{
		"one came in place of two":  publication("a", "e", 101, "0"),
		"a word before they came":   moved("e", 120, ""),
		"more than there is room":   "",
		"a word of nothing at once": moved("e", 100, "y"),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{BackoffBase: 1}, func(w *world) {
				p := w.connected()
				w.told()
				w.filtered(p)
				p.end(errCut)
				p = w.resubscribes(`{"id":2,"subscribe":{"channel":"a","since":{"epoch":"e","offset":4,"last":"x"},"filter":"level == \"warn\""}}`)
				n := 2
				if line == "" {
					n = 97
				}
				p.say(push(protocol.Message{ID: 2, Subscribed: &protocol.Subscribed{
					Channel: "a", Position: at("e", 100), Last: "y", Recovered: n, Filtered: true,
				}}))
				if line == "" {
					event[Disconnected](w)
					return
				}
				p.say(line)
				p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}` + "\n" +
					`{"id":4,"subscribe":{"channel":"a","since":{"epoch":"e","offset":4,"last":"x"},"filter":"level == \"warn\""}}`)
			})
		})
	}
}

func TestAFilterIsForgottenWithItsSubscription(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		w.told()
		w.filtered(p)
		if err := w.c.Unsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.wants(`{"id":3,"unsubscribe":{"channel":"a"}}`)
		p.say(`{"id":3,"unsubscribed":{"channel":"a"}}`)
		p.wants(`{"id":4,"subscribe":{"channel":"a"}}`)
		p.say(`{"id":4,"subscribed":{"channel":"a","epoch":"e","offset":9}}`)
		p.say(publications("e", 11)...) // 10 is missing
		p.wants(`{"id":5,"unsubscribe":{"channel":"a"}}` + "\n" + subscribeSince(6, "a", `{"epoch":"e","offset":9}`))
	})
}

func TestAWrongFilterIsRefused(t *testing.T) {
	play(t, Config{}, func(w *world) {
		invalid := &protocol.Error{Code: protocol.CodeFilterInvalid}
		for _, filter := range []string{string(make([]byte, protocol.MaxFilter+1)), "\xff"} {
			if err := w.c.SubscribeWith("a", SubscribeOptions{Filter: filter}); !errors.Is(err, invalid) {
				t.Errorf("%q: %v", filter, err)
			}
		}
		p := w.connected()
		if err := w.c.SubscribeWith("a", SubscribeOptions{Filter: "level =="}); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(`{"id":2,"error":{"code":"filter_invalid","message":"something is missing","field":"filter","at":9}}`)
		e := event[Refused](w)
		var refusal *protocol.Error
		if !errors.As(e.Err, &refusal) || refusal.At != 9 {
			t.Errorf("%+v", e)
		}
	})
}
