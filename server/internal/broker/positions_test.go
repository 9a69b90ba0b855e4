package broker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// distant is a Redis that is far away.
type distant struct{ redis.Hook }

func (distant) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (distant) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (distant) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		select {
		case <-time.After(500 * time.Millisecond):
			return next(ctx, cmds)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestThePositionsOfManyChannelsTakeTheirTime(t *testing.T) {
	t.Parallel()
	p := onMiniredis(t).broker(nil)
	p.publish("c449", `1`, "")
	p.Redis().AddHook(distant{})
	channels := make([]string, 450) // eight pipelines, four seconds
	for i := range channels {
		channels[i] = fmt.Sprint("c", i)
	}
	all, err := p.Positions(context.Background(), channels)
	if err != nil || len(all) != len(channels) || all[449].Offset != 1 {
		t.Errorf("%d positions, %v", len(all), err)
	}
}
