package broker

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

var (
	//go:embed history.lua
	historySource string
	//go:embed renew.lua
	renewSource string

	historyScript = redis.NewScript(historySource)
	renewScript   = redis.NewScript(renewSource)
)

// readers bounds how many histories are read at a time: one can be large, and
// after an outage everyone wants one.
const readers = 16

// Query says which part of a channel's history to read.
type Query struct {
	// After wants what follows this offset; everything, when it is 0.
	After uint64
	// Reverse wants what stands before Before instead, newest first; the newest
	// when that is 0.
	Reverse bool
	Before  uint64
	// Limit is how many at the most; 0 is all.
	Limit int
	// Age leaves out what is older; 0 is the channel's whole history.
	Age time.Duration
}

// readNow asks Redis, unless all who wait for it leave before its turn has come.
func (b *Broker) readNow(key readKey, left <-chan struct{}) (*recovery.History, error) {
	channel, q := key.channel, key.query
	select {
	case b.reading <- struct{}{}:
		defer func() { <-b.reading }()
	case <-left:
		return nil, b.unavailable(context.Canceled)
	case <-b.ctx.Done():
		return nil, b.unavailable(errClosed)
	}
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	offset, side := q.After, "after"
	if q.Reverse {
		offset, side = q.Before, "before"
	}
	offset = min(offset, 1<<53) // Lua's numbers are exact up to there
	reply, err := historyScript.Run(ctx, b.rdb, []string{b.metaKey(channel), b.streamKey(channel)},
		offset, side, q.Limit).Slice()
	if err != nil {
		return nil, b.unavailable(err)
	}
	h, err := b.readHistory(channel, reply, q)
	if err != nil {
		return nil, b.unavailable(err)
	}
	return h, nil
}

// Renew begins a new epoch if Redis has gone back to before the position, or
// has another publication there. It must be the relay's own knowledge: a
// client could claim anything.
func (b *Broker) Renew(ctx context.Context, channel string, seen protocol.Since) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	renewed, err := renewScript.Run(ctx, b.rdb, []string{b.metaKey(channel), b.streamKey(channel)},
		seen.Epoch, seen.Offset, seen.Last, newEpoch(), metaAge.Milliseconds()).Int()
	if err != nil {
		return b.unavailable(err)
	}
	if renewed == 1 {
		b.cfg.Log.Warn("Redis went back in time; the channel begins a new epoch", "channel", channel, "was", seen.Epoch, "offset", seen.Offset)
	}
	return nil
}

var errHistory = errors.New("history.lua returned something else")

// readHistory makes sense of what history.lua returned. Entries past their age
// count as gone, although the stream may still have them, and so do those before
// them: Redis's clock may have been set back, and a history has no hole.
func (b *Broker) readHistory(channel string, reply []any, q Query) (*recovery.History, error) {
	if len(reply) != 6 {
		return nil, errHistory
	}
	var texts [5]string
	for i := range texts {
		var ok bool
		if texts[i], ok = reply[i].(string); !ok {
			return nil, errHistory
		}
	}
	h := &recovery.History{
		Channel: channel, Position: protocol.Position{Epoch: texts[0]}, Last: texts[2], At: texts[3], Memo: new(recovery.Memo),
	}
	var err error
	if h.Offset, err = strconv.ParseUint(texts[1], 10, 64); err != nil {
		return nil, errHistory
	}
	now, err := strconv.ParseInt(texts[4], 10, 64)
	if err != nil {
		return nil, errHistory
	}
	age := b.policy(channel).HistoryAge
	if q.Age > 0 {
		age = min(age, q.Age)
	}
	oldest := now - age.Microseconds()
	entries, _ := reply[5].([]any)
	for _, e := range entries {
		p, ok := readEntry(e)
		if !ok {
			return nil, errHistory
		}
		if p.Time < oldest {
			if q.Reverse {
				break
			}
			h.Publications = nil
			continue
		}
		p.Channel, p.Epoch = channel, h.Epoch
		h.Publications = append(h.Publications, p)
	}
	return h, nil
}

// readEntry reads {"7-0", {"id", …, "time", …, "data", …}}, where there may be
// "tags", … at the end.
func readEntry(entry any) (p protocol.Publication, ok bool) {
	pair, _ := entry.([]any)
	if len(pair) != 2 {
		return p, false
	}
	id, _ := pair[0].(string)
	fields, _ := pair[1].([]any)
	dash := len(id) - len("-0")
	if dash < 1 || id[dash:] != "-0" || len(fields) != 6 && len(fields) != 8 {
		return p, false
	}
	offset, err := strconv.ParseUint(id[:dash], 10, 64)
	if err != nil {
		return p, false
	}
	var values [4]string
	for i := range len(fields) / 2 {
		if values[i], ok = fields[2*i+1].(string); !ok {
			return p, false
		}
	}
	at, err := strconv.ParseInt(values[1], 10, 64)
	if err != nil {
		return p, false
	}
	return protocol.Publication{
		Offset: offset, ID: values[0], Time: at, Data: []byte(values[2]), Tags: decodeTags([]byte(values[3])),
	}, true
}

// Positions returns where channels stand, in their order.
func (b *Broker) Positions(ctx context.Context, channels []string) ([]protocol.Position, error) {
	positions := make([]protocol.Position, 0, len(channels))
	for some := range slices.Chunk(channels, batchLen) {
		cmds, err := b.pipelinePositions(ctx, some)
		if err != nil {
			return nil, b.unavailable(err)
		}
		for _, cmd := range cmds {
			var p struct {
				Epoch  string `redis:"epoch"`
				Offset uint64 `redis:"offset"`
			}
			if err := cmd.Scan(&p); err != nil {
				return nil, b.unavailable(err)
			}
			positions = append(positions, protocol.Position{Epoch: p.Epoch, Offset: p.Offset})
		}
	}
	return positions, nil
}

// pipelinePositions asks for some of them; the time is for each pipeline, since
// there may be many.
func (b *Broker) pipelinePositions(ctx context.Context, channels []string) ([]*redis.SliceCmd, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	pipe := b.rdb.Pipeline()
	cmds := make([]*redis.SliceCmd, len(channels))
	for i, c := range channels {
		cmds[i] = pipe.HMGet(ctx, b.metaKey(c), "epoch", "offset")
		// Whoever listens to a channel keeps its position alive.
		pipe.PExpire(ctx, b.metaKey(c), metaAge)
	}
	_, err := pipe.Exec(ctx)
	return cmds, err
}
