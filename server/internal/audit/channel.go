package audit

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

const (
	// queued is how many messages may wait for Redis.
	queued = 64
	// maxMessage is the most bytes of a message, if no limit is lower.
	maxMessage = 16 << 10
	// retry is the wait before another try.
	retry = 500 * time.Millisecond
)

// message is what the channel is told at a time.
type message struct {
	ops.Audit
	events uint64 // how many are in it
}

// hand queues what the channel is told, in as many messages as it takes. What
// there is no room for is counted; the last time there will be room.
func (l *Log) hand(entries []ops.Entry, lost uint64, last bool) {
	l.lostToChannel.Add(lost)
	l.missing += lost
	most := min(l.cfg.Limit, maxMessage)
	empty := size(ops.Audit{Node: l.cfg.Node, Entries: []ops.Entry{}, Lost: 1 << 63})
	m, used := message{}, empty
	send := func() {
		m.Node, m.Lost = l.cfg.Node, l.missing
		select {
		case l.queue <- m:
			l.missing = 0
		default:
			if last { // see tell, which goes on until the queue is closed
				l.queue <- m
				l.missing = 0
			} else {
				l.miss(m.events)
			}
		}
		m, used = message{Audit: ops.Audit{Entries: []ops.Entry{}}}, empty
	}
	for _, e := range entries {
		n := size(e) + 1 // the comma
		if empty+n > most {
			l.miss(uint64(e.Count)) // #nosec G115 -- it is 1 at least
			continue
		}
		if len(m.Entries) > 0 && used+n > most {
			send()
		}
		m.Entries = append(m.Entries, e)
		m.events += uint64(e.Count) // #nosec G115 -- it is 1 at least
		used += n
	}
	if len(m.Entries) > 0 || last && l.missing > 0 {
		send()
	}
}

func (l *Log) miss(events uint64) {
	l.lostToChannel.Add(events)
	l.missing += events
}

// tell publishes what is queued, in order, until there is no more to come. Once
// the context has ended it goes on to the first that fails.
func (l *Log) tell(ctx context.Context) {
	number := 0
	gone := false
	for m := range l.queue {
		number++
		p := protocol.Publish{
			Channel: ops.AuditChannel, Data: encode(m.Audit), Key: l.run + "/" + strconv.Itoa(number),
			Tags: protocol.Tags{"node": l.cfg.Node},
		}
		for !gone && !l.publish(ctx, p, m.events) {
			gone = ctx.Err() != nil
			sleep(ctx, retry)
		}
		if gone {
			l.lostToChannel.Add(m.events)
		}
	}
}

// publish tries one message, and reports whether it is done with.
func (l *Log) publish(ctx context.Context, p protocol.Publish, events uint64) bool {
	if !l.cfg.Ready() {
		return false
	}
	// Not bounded by the context: at its end there is one try.
	err := l.cfg.Publish(context.WithoutCancel(ctx), p)
	var e *protocol.Error
	if errors.As(err, &e) && e.Code == protocol.CodeUnavailable {
		return false
	}
	if err != nil {
		l.lostToChannel.Add(events)
		l.cfg.Log.Error("an audit message is refused", "error", err, "bytes", len(p.Data), "events", events)
	}
	return true
}

func size(v any) int { return len(encode(v)) }

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("audit: " + err.Error()) // texts and numbers can be marshalled
	}
	return b
}
