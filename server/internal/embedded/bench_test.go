package embedded_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

// A command must not cost more because many keys are waiting to expire.
func BenchmarkCommand(b *testing.B) {
	for _, keys := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("%d keys", keys), func(b *testing.B) {
			r, _ := start(b, "127.0.0.1:0")
			defer r.Close()
			opt, err := redis.ParseURL(r.URL())
			if err != nil {
				b.Fatal(err)
			}
			c := redis.NewClient(opt)
			defer func() { _ = c.Close() }()
			ctx := context.Background()
			for i := range keys {
				// Without an end, so that filling it is quick in any case.
				if err := c.Set(ctx, fmt.Sprint("key", i), "v", 0).Err(); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := c.Get(ctx, "key1").Err(); err != nil && keys > 0 {
					b.Fatal(err)
				}
			}
		})
	}
}
