package broker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/broker"
)

func TestAHistoryHasNoHoleThoughTheClockWasSetBack(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		ctx := context.Background()
		p := r.broker(nil)
		for n := range 4 {
			p.publish("c", fmt.Sprint(n), "")
		}
		// The second one as if it came when the clock was hours behind.
		entries := r.stream("c")
		stream := "fanlight/stream/{" + r.prefix + "c}"
		if err := r.direct.Del(ctx, stream).Err(); err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			at := e.Values["time"]
			if i == 1 {
				at = time.Now().Add(-3 * time.Hour).UnixMicro()
			}
			err := r.direct.XAdd(ctx, &redis.XAddArgs{
				Stream: stream, ID: e.ID, Values: []any{"id", e.Values["id"], "time", at, "data", e.Values["data"]},
			}).Err()
			if err != nil {
				t.Fatal(err)
			}
		}
		for reverse, first := range map[bool]uint64{false: 3, true: 4} {
			h, err := p.History(ctx, "c", broker.Query{Reverse: reverse})
			if err != nil {
				t.Fatal(err)
			}
			if len(h.Publications) != 2 || h.Publications[0].Offset != first {
				t.Errorf("reverse %v: %+v", reverse, h.Publications)
			}
		}
	})
}
