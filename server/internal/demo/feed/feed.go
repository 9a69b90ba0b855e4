package feed

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"fanlight/shared/protocol"
)

// late is how old a slot may be and still be made up for.
const late = time.Second

// Relay is what a feeder needs of one.
type Relay interface {
	// Publish publishes and waits for the outcome.
	Publish(ctx context.Context, p protocol.Publish) (protocol.Published, error)
}

// Config says how a feeder works. All but Log are required.
type Config struct {
	Relay Relay
	// Every is how long a slot is, in whole milliseconds.
	Every time.Duration
	// Make returns what a slot's publications are. It is called for one slot at a
	// time, and for none twice.
	Make func(slot int64) []protocol.Publish
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Run publishes until the context ends.
func Run(ctx context.Context, cfg Config) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	every, behind := cfg.Every.Milliseconds(), int64(late/cfg.Every)
	trouble := ""
	last := time.Now().UnixMilli() / every // a slot that has begun is not ours
	for wait(ctx, every) {
		now := time.Now().UnixMilli() / every
		if last < now-1-behind || last > now+behind {
			last = now - 1 // it was paused, or its clock was set
		}
		for ; last < now; last++ {
			trouble = report(cfg.Log, trouble, cfg.publish(ctx, cfg.Make(last+1)))
		}
	}
}

// wait waits for the next slot; it reports false when the time is over.
func wait(ctx context.Context, every int64) bool {
	now := time.Now()
	next := time.UnixMilli((now.UnixMilli()/every + 1) * every)
	timer := time.NewTimer(next.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// publish publishes all at once and returns one of the errors. They go to Redis
// together, since the relay puts into one pipeline what is there at a time.
func (cfg *Config) publish(ctx context.Context, all []protocol.Publish) error {
	failed := make(chan error, len(all))
	var running sync.WaitGroup
	for _, p := range all {
		running.Go(func() {
			if _, err := cfg.Relay.Publish(ctx, p); err != nil {
				failed <- err
			}
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return nil // it is over, which is no trouble
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// report logs an error that is another than the one before, and returns what the
// trouble is now.
func report(log *slog.Logger, before string, err error) string {
	trouble := ""
	if err != nil {
		trouble = err.Error()
		var e *protocol.Error
		if errors.As(err, &e) {
			trouble = string(e.Code) // its message may name the channel
		}
	}
	if trouble == before {
		return trouble
	}
	if trouble == "" {
		log.Info("a demo's feeder publishes again")
	} else {
		log.Warn("a demo's feeder can't publish", "error", err)
	}
	return trouble
}

// JSON returns what a publication's data is.
func JSON(what any) json.RawMessage {
	data, err := json.Marshal(what)
	if err != nil {
		panic("feed: " + err.Error()) // plain structs can be marshalled
	}
	return data
}
