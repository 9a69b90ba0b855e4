package market_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/demo/market"
	"fanlight/server/internal/embedded"
	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book notes what is published, once for each key, as a relay does.
type book struct {
	mu    sync.Mutex
	asked int
	taken map[string]protocol.Publish
}

func (b *book) Publish(_ context.Context, p protocol.Publish) (protocol.Published, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	before, there := b.taken[p.Channel+p.Key]
	if there && string(before.Data) != string(p.Data) {
		panic(fmt.Sprintf("%s and %s, with the same key", before.Data, p.Data))
	}
	b.taken[p.Channel+p.Key] = p
	return protocol.Published{Duplicate: there}, nil
}

func TestFeedersAgreeWheneverTheyBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{taken: make(map[string]protocol.Publish)}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range 2 {
			running.Go(func() { market.Run(ctx, market.Config{Relay: b, Seed: 1}) })
			time.Sleep(13*time.Second + 7*time.Millisecond)
		}
		time.Sleep(17 * time.Second)
		cancel()
		running.Wait()
		symbols := len(demo.Listings())
		count := map[string]int{}
		for _, p := range b.taken {
			count[p.Channel]++
			if p.Tags["symbol"] == nil || p.Tags["sector"] == nil {
				t.Errorf("tags are %v", p.Tags)
			}
		}
		// 43 seconds, and 30 seconds of a second one.
		if count[demo.QuotesChannel] != 86*symbols || count[demo.CandlesChannel] != 4*symbols || b.asked != (86+4+60+3)*symbols {
			t.Errorf("%v, and %d asked", count, b.asked)
		}
	})
}

func TestTwoRelaysOnOneRedisDoubleNothing(t *testing.T) {
	t.Parallel()
	redis, err := embedded.Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	all, err := channel.ParsePattern("#")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var reader *relay.Local
	for range 2 {
		r, err := relay.New(relay.Config{RedisURL: redis.URL()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close(context.Background()) })
		running.Go(func() { market.Run(ctx, market.Config{Relay: r.Local("market", market.Grants()), Seed: 1}) })
		reader = r.Local("reader", channel.Grants{{Pattern: all, Ops: channel.All}})
	}
	seen := map[demo.Quote]bool{}
	times := map[int64]bool{}
	_ = reader.Subscribe(ctx, protocol.Subscribe{Channel: demo.QuotesChannel, Since: &protocol.Since{}}, func(m protocol.Message) {
		if m.Publication == nil {
			return
		}
		var q demo.Quote
		if err := json.Unmarshal(m.Publication.Data, &q); err != nil || seen[q] {
			t.Errorf("%s came twice, or %v", m.Publication.Data, err)
		}
		seen[q], times[q.At] = true, true
		if len(times) == 5 {
			cancel()
		}
	})
	running.Wait()
	if len(times) != 5 || len(seen) <= 4*len(demo.Listings())-1 {
		t.Errorf("%d quotes at %d times", len(seen), len(times))
	}
}
