// Package demos runs what the demos need on the server: callers of the relay's
// own process, that have no other way in than everybody.
package demos

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"fanlight/server/internal/demo/market"
	"fanlight/server/internal/demo/referee"
	"fanlight/server/internal/demo/sensor"
	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/demo"
)

// seed is what the simulations throw their dice with: the same on every relay, or
// relays on one Redis would not agree.
const seed = 1

// spaces are the demos' namespaces: what anybody may do there, and how many
// publications a channel keeps; 0 is the default of all.
var spaces = map[string]struct {
	ops  channel.Op
	keep int
}{
	"game":           {ops: channel.Subscribe | channel.History | channel.Presence},
	"move":           {ops: channel.Publish},
	demo.MarketSpace: {ops: channel.Subscribe | channel.History, keep: 1000},
	demo.SensorSpace: {ops: channel.Subscribe | channel.History, keep: 300}, // five minutes
}

// Namespaces adds to a relay's namespaces those of the demos, as far as they
// are not there: what the server tells may be read by all, and what is told to
// it alone may be read by nobody else. On an open relay that goes for whoever
// comes, else for whoever has a token.
func Namespaces(given map[string]relay.Namespace, open bool) map[string]relay.Namespace {
	all := make(map[string]relay.Namespace, len(given)+len(spaces))
	for name, ns := range given {
		all[name] = ns
	}
	for name, space := range spaces {
		if _, there := all[name]; there {
			continue
		}
		ns := all[""]
		ns.Presence = name == "game" // who watches is shown; who moves is nobody's business
		if space.keep > 0 {
			ns.HistorySize = space.keep
		}
		if ns.Default = &space.ops; open {
			ns.Anonymous = &space.ops
		}
		all[name] = ns
	}
	return all
}

// Config says what runs.
type Config struct {
	// Still feeds no simulated prices and readings; default they are fed.
	Still bool
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Start runs the demos on a relay. stop ends them, and waits until they have
// ended; the relay is closed after that.
func Start(r *relay.Relay, cfg Config) (stop func()) {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		local := r.Local("fanlight referee", referee.Grants())
		if err := referee.Run(ctx, referee.Config{Relay: local, Log: log}); !errors.Is(err, context.Canceled) {
			log.Error("the game has no referee", "error", err)
		}
	})
	if !cfg.Still {
		running.Go(func() {
			market.Run(ctx, market.Config{Relay: r.Local("fanlight market", market.Grants()), Seed: seed, Log: log.With("demo", "market")})
		})
		running.Go(func() {
			sensor.Run(ctx, sensor.Config{Relay: r.Local("fanlight sensors", sensor.Grants()), Seed: seed, Log: log.With("demo", "sensors")})
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}
