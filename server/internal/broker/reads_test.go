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
