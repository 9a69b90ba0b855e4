package sensor

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

// beats is how many slots there are in a reading's interval, over which the sensors
// are spread.
const beats = 10

// Config says how a fleet works. Relay is required.
type Config struct {
	Relay feed.Relay
	// Seed is what all chance comes from: the same on all relays of a Redis.
	Seed uint64
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Grants are what a fleet has to be allowed.
func Grants() channel.Grants {
	pattern, err := channel.ParsePattern(demo.SensorSpace + ":*:*")
	if err != nil {
		panic("sensor: " + err.Error()) // a constant
	}
	return channel.Grants{{Pattern: pattern, Ops: channel.Publish}}
}

// Run publishes readings until the context ends.
func Run(ctx context.Context, cfg Config) {
	fleet := demo.Fleet()
	feed.Run(ctx, feed.Config{
		Relay: cfg.Relay, Log: cfg.Log, Every: demo.ReadingInterval / beats * time.Millisecond,
		Make: func(slot int64) []protocol.Publish { return publications(cfg.Seed, fleet, slot) },
	})
}

// publications returns the readings of those sensors whose place is in a slot.
func publications(seed uint64, fleet []demo.Sensor, slot int64) []protocol.Publish {
	seq, beat := slot/beats, int(slot%beats)
	var all []protocol.Publish
	for i, s := range fleet {
		if i*beats/len(fleet) != beat || Silent(seed, s, seq) {
			continue
		}
		r := demo.Reading{Seq: seq, At: slot * (demo.ReadingInterval / beats), Value: Value(seed, s, seq)}
		all = append(all, protocol.Publish{
			Channel: s.Channel(), Data: feed.JSON(r), Tags: protocol.Tags{"site": s.Site, "kind": s.Kind, "value": r.Value},
			Key: strconv.FormatUint(seed, 10) + "/" + s.Site + "/" + s.ID + "/" + strconv.FormatInt(seq, 10),
		})
	}
	return all
}
