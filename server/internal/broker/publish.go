package broker

import (
	"context"
	_ "embed" // for the scripts
	"encoding/json"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

//go:embed publish.lua
var publishSource string

var publishScript = redis.NewScript(publishSource)

const (
	// queueLen bounds the publishes that wait for a pipeline; when it is full,
	// publishers wait.
	queueLen = 1024
	// batchLen and batchBytes bound one pipeline.
	batchLen   = 64
	batchBytes = 256 << 10
)

// Message is what [Broker.Publish] takes.
type Message struct {
	Channel string
	Data    json.RawMessage // on one line
	Tags    protocol.Tags   // checked
	Key     string          // makes a retry safe; may be empty
}

// request is a publish on its way.
type request struct {
	channel, key string
	data         json.RawMessage
	tags         json.RawMessage // empty without any
	done         func(protocol.Published, error)
}

func (r *request) size() int { return len(r.data) + len(r.tags) }

// Publish hands a message to Redis and returns; done is called once, from a
// goroutine of the broker's, with where the message stands. It must not block.
// Publishes from one goroutine reach Redis in their order.
//
// While [queueLen] publishes wait, Publish waits too, until its context ends.
// done's error is a [*protocol.Error]: with CodeUnavailable the message may or
// may not have been taken.
func (b *Broker) Publish(ctx context.Context, m Message, done func(protocol.Published, error)) {
	b.publishers.RLock()
	defer b.publishers.RUnlock()
	if b.ctx.Err() != nil {
		done(protocol.Published{}, b.unavailable(errClosed))
		return
	}
	r := &request{channel: m.Channel, key: m.Key, data: m.Data, done: done}
	if len(m.Tags) > 0 {
		r.tags = m.Tags.JSON()
	}
	select {
	case <-b.ctx.Done():
		done(protocol.Published{}, b.unavailable(errClosed))
	case <-ctx.Done():
		done(protocol.Published{}, b.unavailable(ctx.Err()))
	case b.queue <- r:
	}
}

var errClosed = errors.New("the relay is closing")

// publishLoop sends what waits, a pipeline at a time, until the broker closes.
func (b *Broker) publishLoop() {
	var batch []*request
	for {
		select {
		case <-b.ctx.Done():
			b.refuseQueued()
			return
		case r := <-b.queue:
			batch = b.gather(append(batch[:0], r))
			b.send(batch)
			clear(batch)
		}
	}
}

// refuseQueued answers what was queued when the broker closed. Holding the lock
// it knows that nobody is about to queue more.
func (b *Broker) refuseQueued() {
	b.publishers.Lock()
	defer b.publishers.Unlock()
	for len(b.queue) > 0 {
		r := <-b.queue
		r.done(protocol.Published{}, b.unavailable(errClosed))
	}
}

// gather adds to a batch what is there already.
func (b *Broker) gather(batch []*request) []*request {
	size := batch[0].size()
	for len(batch) < batchLen && size < batchBytes {
		select {
		case r := <-b.queue:
			batch = append(batch, r)
			size += r.size()
		default:
			return batch
		}
	}
	return batch
}

// send runs one pipeline and answers its publishers. Redis that does not know
// the script yet, or any more, gets it in full; it has done nothing till then.
func (b *Broker) send(batch []*request) {
	cmds := b.pipeline(batch, publishScript.EvalSha)
	var unknown []*request
	for i, cmd := range cmds {
		if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
			unknown = append(unknown, batch[i])
			continue
		}
		b.answer(batch[i], cmd)
	}
	if len(unknown) == 0 {
		return
	}
	for i, cmd := range b.pipeline(unknown, publishScript.Eval) {
		b.answer(unknown[i], cmd)
	}
}

func (b *Broker) answer(r *request, cmd *redis.Cmd) {
	published, err := b.result(r.channel, cmd)
	if err == nil {
		b.seen.put(r.channel, published.Position)
	}
	r.done(published, err)
}

type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

func (b *Broker) pipeline(batch []*request, eval evaluate) []*redis.Cmd {
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	// As a transaction, for the order: see the package comment.
	pipe := b.rdb.TxPipeline()
	cmds := make([]*redis.Cmd, len(batch))
	for i, r := range batch {
		keys := []string{b.metaKey(r.channel), b.streamKey(r.channel)}
		if r.key != "" {
			keys = append(keys, b.resultKey(r.channel, r.key))
		}
		policy, seen := b.policy(r.channel), b.seen.get(r.channel)
		cmds[i] = eval(ctx, pipe, keys, b.cfg.Prefix+r.channel, newEpoch(), newID(), []byte(r.data),
			policy.HistorySize, policy.HistoryAge.Milliseconds(), metaAge.Milliseconds(), keyAge.Milliseconds(),
			seen.Epoch, seen.Offset, []byte(r.tags))
	}
	// The error is the first command's that failed; each command has its own.
	_, _ = pipe.Exec(ctx)
	return cmds
}

// result reads what publish.lua returned.
func (b *Broker) result(channel string, cmd *redis.Cmd) (protocol.Published, error) {
	reply, err := cmd.StringSlice()
	if err != nil {
		return protocol.Published{}, b.unavailable(err)
	}
	if len(reply) != 4 {
		return protocol.Published{}, b.unavailable(errors.New("publish.lua returned " + strconv.Itoa(len(reply)) + " values"))
	}
	offset, err := strconv.ParseUint(reply[1], 10, 64)
	if err != nil {
		return protocol.Published{}, b.unavailable(err)
	}
	return protocol.Published{
		Channel:   channel,
		Position:  protocol.Position{Epoch: reply[0], Offset: offset},
		ID:        reply[2],
		Duplicate: reply[3] == "1",
	}, nil
}
