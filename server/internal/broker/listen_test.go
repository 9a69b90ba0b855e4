package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

func TestTwoRelaysExchangeMessages(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		a, b := r.broker(nil), r.broker(nil)
		a.listen("c")
		b.listen("c")
		a.publish("c", `"from a"`, "")
		b.publish("c", `"from b"`, "")
		for _, p := range []*peer{a, b} {
			if heard := onlyData(p.hearsN("c", 2)); !slices.Equal(heard, []string{`"from a"`, `"from b"`}) {
				t.Errorf("heard %v", heard)
			}
		}
	})
}

func TestPrefixesKeepRelaysApart(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		a, b := r.broker(nil), r.broker(func(c *broker.Config) { c.Prefix = r.prefix + "other:" })
		a.listen("c")
		b.listen("c")
		for range 3 {
			a.publish("c", `"from a"`, "k")
		}
		if p := b.publish("c", `"from b"`, "k"); p.Offset != 1 || p.Duplicate {
			t.Errorf("%+v", p)
		}
		a.publish("c", `"end"`, "")
		if heard := onlyData(a.hearsN("c", 2)); !slices.Equal(heard, []string{`"from a"`, `"end"`}) {
			t.Errorf("a heard %v", heard)
		}
		if heard := onlyData(b.hearsN("c", 1)); !slices.Equal(heard, []string{`"from b"`}) {
			t.Errorf("b heard %v", heard)
		}
	})
}

func TestAnyBytesOfOtherProgramsAreDeliveredOrCounted(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.listen("c")
		forged := `{"fanlight":1,"epoch":"e","offset":0,"id":"i","time":1,"data":1}`
		delivered := map[string]string{
			"hello":                           `"hello"`,
			"":                                `""`,
			`{"n": 1}`:                        `{"n": 1}`,
			"{\n\"n\":1}":                     `{"n":1}`,
			forged:                            forged,
			"a\x00b":                          `"a\u0000b"`,
			strings.Repeat("x", messageLimit): `"` + strings.Repeat("x", messageLimit) + `"`,
		}
		dropped := []string{"\xff\xfe", "text\x80", strings.Repeat("x", messageLimit+1), strings.Repeat("\x00\xff", 1<<20)}
		n := 0
		for payload, want := range delivered {
			for _, bad := range dropped {
				r.foreign("c", bad)
			}
			r.foreign("c", payload)
			n++
			got := p.hearsN("c", n)[n-1]
			if string(got.Data) != want || !got.Foreign || got.Offset != 0 || got.Epoch != "" || got.Channel != "c" {
				t.Errorf("%.50q was heard as %+v", payload, got)
			}
		}
		if got, want := p.Dropped(), uint64(n*len(dropped)); got != want {
			t.Errorf("%d were counted as dropped, not %d", got, want)
		}
		if got := p.publish("c", "1", ""); got.Offset != 1 {
			t.Errorf("others' messages moved the offset to %d", got.Offset)
		}
	})
}

// While somebody publishes without pause, channels are subscribed to and
// unsubscribed from: whatever is published after a confirmation is heard.
func TestAConfirmedSubscriptionMissesNothing(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		publisher, listener := r.broker(nil), r.broker(nil)
		ctx, stop := context.WithCancel(context.Background())
		var noise, rounds sync.WaitGroup
		for c := range 3 {
			channel := fmt.Sprint("c", c)
			noise.Go(func() {
				slots := make(chan struct{}, 8)
				for ctx.Err() == nil {
					slots <- struct{}{}
					publisher.Publish(context.Background(), broker.Message{Channel: channel, Data: json.RawMessage("1")}, func(protocol.Published, error) { <-slots })
				}
				for range cap(slots) {
					slots <- struct{}{}
				}
			})
			rounds.Go(func() {
				for range 50 {
					listener.mu.Lock()
					listener.heard[channel] = nil
					listener.mu.Unlock()
					confirmed := listener.Subscribe(channel)
					if c == 1 { // change our mind at once, and again
						listener.Unsubscribe(channel)
						confirmed = listener.Subscribe(channel)
					}
					receive(t, "a confirmed subscription", confirmed)
					from, err := listener.position(channel)
					if err != nil {
						t.Error(err)
						return
					}
					last := publisher.publish(channel, `"last"`, "").Offset
					heard := listener.hears(channel, fmt.Sprintf("all from %d to %d", from.Offset+1, last), func(heard []protocol.Publication) bool {
						return len(heard) > 0 && heard[len(heard)-1].Offset >= last
					})
					// What was on its way when the last round ended may come
					// first, but nothing after the position is missing.
					for len(heard) > 0 && heard[0].Offset <= from.Offset {
						heard = heard[1:]
					}
					consecutive(t, heard, from.Offset+1)
					listener.Unsubscribe(channel)
				}
			})
		}
		rounds.Wait()
		stop()
		noise.Wait()
	})
}

func TestAnUnsubscribedChannelGoesQuiet(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.listen("c", "d")
		p.Unsubscribe("c")
		name := r.prefix + "c"
		eventually(t, "a Redis that sends the channel to nobody", func() bool {
			n, err := r.direct.PubSubNumSub(context.Background(), name).Result()
			return err == nil && n[name] == 0
		})
		p.publish("c", "1", "")
		p.publish("d", "2", "")
		p.hearsN("d", 1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if n := len(p.heard["c"]); n > 0 {
			t.Errorf("heard %d", n)
		}
	})
}
