package broker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Subscribe asks Redis for a channel. What it returns is closed once Redis has
// confirmed: nothing published from then on is missed. While Redis is away
// that takes as long as it takes. The Handler is called for the channel until
// Unsubscribe.
func (b *Broker) Subscribe(channel string) <-chan struct{} { return b.topics.want(channel) }

// Unsubscribe ends it. It does not wait: a few messages may still come.
func (b *Broker) Unsubscribe(channel string) { b.topics.forget(channel) }

// linkLoop keeps a link up until the broker closes.
func (b *Broker) linkLoop() {
	const shortest, longest = 50 * time.Millisecond, 2 * time.Second
	wait := shortest
	for b.ctx.Err() == nil {
		began := time.Now()
		err := b.link()
		b.probe.linkDown()
		b.topics.lost()
		if b.ctx.Err() != nil {
			return
		}
		if time.Since(began) > longest {
			wait = shortest
		}
		b.cfg.Log.Warn("the Redis link broke", "error", err, "retry", wait)
		select {
		case <-b.ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)): // #nosec G404 -- to spread load, not to keep a secret
		}
		wait = min(2*wait, longest)
	}
}

// link is one life of the Pub/Sub connection. go-redis would reconnect by
// itself, without a word to us; so the first error of any kind ends the life.
func (b *Broker) link() error {
	ctx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	pubsub := b.rdb.Subscribe(ctx)
	// Closing is what wakes a Receive that has nothing to read.
	stop := context.AfterFunc(ctx, func() { _ = pubsub.Close() })
	defer stop()
	defer func() { _ = pubsub.Close() }()

	if err := pubsub.Subscribe(ctx, b.probe.channel); err != nil {
		return err
	}
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer cancel(nil)
	helpers.Go(func() { cancel(b.tellRedis(ctx, pubsub)) })
	helpers.Go(func() { cancel(b.probeLoop(ctx)) })

	for {
		msg, err := pubsub.ReceiveTimeout(ctx, 0)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		b.receive(msg)
	}
}

// tellRedis sends the subscribe and unsubscribe commands that are due.
func (b *Broker) tellRedis(ctx context.Context, pubsub *redis.PubSub) error {
	b.topics.wake()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.topics.dirty:
		}
		subscribe, unsubscribe := b.topics.pending()
		if len(subscribe) > 0 {
			if err := pubsub.Subscribe(ctx, b.prefixed(subscribe)...); err != nil {
				return fmt.Errorf("subscribe: %w", err)
			}
		}
		if len(unsubscribe) > 0 {
			if err := pubsub.Unsubscribe(ctx, b.prefixed(unsubscribe)...); err != nil {
				return fmt.Errorf("unsubscribe: %w", err)
			}
		}
	}
}

func (b *Broker) prefixed(channels []string) []string {
	for i, c := range channels {
		channels[i] = b.cfg.Prefix + c
	}
	return channels
}

// receive takes whatever Redis sent.
func (b *Broker) receive(msg any) {
	switch m := msg.(type) {
	case *redis.Subscription:
		channel := strings.TrimPrefix(m.Channel, b.cfg.Prefix)
		switch {
		case m.Channel == b.probe.channel:
			b.probe.listening()
		case m.Kind == "subscribe":
			if b.topics.confirmSubscribed(channel) {
				b.cfg.Handler.HandleResubscribed(channel)
			}
		case m.Kind == "unsubscribe":
			b.topics.confirmUnsubscribed(channel)
		}
	case *redis.Message:
		if m.Channel == b.probe.channel {
			b.probe.returned(m.Payload)
			return
		}
		channel := strings.TrimPrefix(m.Channel, b.cfg.Prefix)
		if join, leave, ok := decodePresence(m.Payload); ok {
			b.cfg.Handler.HandlePresence(channel, join, leave)
			return
		}
		pub, prev, err := decode(channel, m.Payload, b.cfg.MessageLimit, time.Now())
		if err != nil {
			b.dropped.add(b.cfg.Log, channel, len(m.Payload), err)
			return
		}
		if !pub.Foreign {
			b.seen.put(channel, pub.Position())
		}
		b.cfg.Handler.HandlePublication(pub, prev)
	}
}
