package market

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"fanlight/server/internal/demo/feed"
	"fanlight/shared/channel"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// Config says how a feeder works. Relay is required.
type Config struct {
	Relay feed.Relay
	// Seed is what all chance comes from: the same on all relays of a Redis.
	Seed uint64
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Grants are what a feeder has to be allowed.
func Grants() channel.Grants {
	pattern, err := channel.ParsePattern(demo.MarketSpace + ":*")
	if err != nil {
		panic("market: " + err.Error()) // a constant
	}
	return channel.Grants{{Pattern: pattern, Ops: channel.Publish}}
}

// Run publishes quotes and candles until the context ends.
func Run(ctx context.Context, cfg Config) {
	listings := demo.Listings()
	feed.Run(ctx, feed.Config{
		Relay: cfg.Relay, Log: cfg.Log, Every: demo.QuoteInterval * time.Millisecond,
		Make: func(slot int64) []protocol.Publish { return publications(cfg.Seed, listings, slot) },
	})
}

// publications returns what a slot begins with: its quotes, and the candles that
// ended with the slot before.
func publications(seed uint64, listings []demo.Listing, slot int64) []protocol.Publish {
	var all []protocol.Publish
	add := func(to string, l demo.Listing, what any) {
		all = append(all, protocol.Publish{
			Channel: to, Data: feed.JSON(what), Tags: protocol.Tags{"symbol": l.Symbol, "sector": l.Sector},
			Key: strconv.FormatUint(seed, 10) + "/" + l.Symbol + "/" + strconv.FormatInt(slot, 10),
		})
	}
	for _, l := range listings {
		add(demo.QuotesChannel, l, Quote(seed, l, slot))
	}
	if slot%quotes == 0 {
		for _, l := range listings {
			add(demo.CandlesChannel, l, Candle(seed, l, slot/quotes-1))
		}
	}
	return all
}
