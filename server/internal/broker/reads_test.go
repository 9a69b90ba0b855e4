package broker_test

import (
	"context"
	"sync"
	"testing"

	"fanlight/server/internal/broker"
)

// Many who ask at once share answers, and none gets one that is older than its
// question: what was published before it asked is in it.
func TestAHistoryIsNeverOlderThanTheQuestion(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		var readers sync.WaitGroup
		for range 20 {
			published := p.publish("c", `1`, "")
			for range 10 {
				readers.Go(func() {
					h, err := p.History(context.Background(), "c", broker.Query{Reverse: true, Limit: 1})
					if err != nil || h.Offset < published.Offset {
						t.Errorf("asked after %d was published, and read %+v, %v", published.Offset, h, err)
					}
				})
			}
		}
		readers.Wait()
	})
}

// Else whoever asks and leaves, while Redis hangs, has a line without end stand
// for nobody.
func TestAHistoryThatNobodyWaitsForIsNotRead(t *testing.T) {
	t.Parallel()
	r := onMiniredis(t)
	proxy := newProxy(r)
	p := r.broker(func(c *broker.Config) { c.URL = proxy.url })
	p.publish("c", `1`, "")
	proxy.stallAll.Store(true)
	proxy.stall()
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	const asked = 300 // at three seconds each, they would take a minute
	var askers sync.WaitGroup
	for n := range uint64(asked) {
		for range 2 {
			askers.Go(func() {
				if _, err := p.History(ctx, "c", broker.Query{After: n}); err == nil {
					t.Error("a Redis that hangs has answered")
				}
			})
		}
	}
	eventually(t, "many wait", func() bool { return p.Reading() > asked/2 })
	leave()
	askers.Wait()
	eventually(t, "only what is under way is left", func() bool { return p.Reading() <= broker.Readers })
}
