// Package demos runs what the demos need on the server: callers of the relay's
// own process, that have no other way in than everybody.
package demos

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"fanlight/server/internal/demo/referee"
	"fanlight/server/relay"
	"fanlight/shared/channel"
)

// Namespaces adds to a relay's namespaces those of the demos, as far as they
// are not there: what the server tells may be read by all, and what is told to
// it alone may be read by nobody else. On an open relay that goes for whoever
// comes, else for whoever has a token.
func Namespaces(given map[string]relay.Namespace, open bool) map[string]relay.Namespace {
	all := make(map[string]relay.Namespace, len(given)+2)
	for name, ns := range given {
		all[name] = ns
	}
	for name, ops := range map[string]channel.Op{
		"game": channel.Subscribe | channel.History | channel.Presence,
		"move": channel.Publish,
	} {
		if _, there := all[name]; there {
			continue
		}
		ns := all[""]
		ns.Presence = name == "game" // who watches is shown; who moves is nobody's business
		if ns.Default = &ops; open {
			ns.Anonymous = &ops
		}
		all[name] = ns
	}
	return all
}

// Start runs the demos on a relay. stop ends them, and waits until they have
// ended; the relay is closed after that.
func Start(r *relay.Relay, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		local := r.Local("fanlight referee", referee.Grants())
		if err := referee.Run(ctx, referee.Config{Relay: local, Log: log}); !errors.Is(err, context.Canceled) {
			log.Error("the game has no referee", "error", err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
