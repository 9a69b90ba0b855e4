package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"fanlight/e2e/port"
	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	// go-redis looks for a Redis that is away once a second, and notices only
	// then that its pool was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patience bounds what a test waits for; nothing that works comes near it.
const patience = 15 * time.Second

// messageLimit is small, so that tests need not send much to pass it.
const messageLimit = 1000

// rig is a Redis with a part of it that is the test's own.
type rig struct {
	*testing.T
	url    string
	prefix string
	mini   *miniredis.Miniredis // nil on a real Redis
	direct *redis.Client        // what another program does
}

// onEveryRedis runs a test on miniredis, and on the Redis that the environment
// names. There it touches nothing but keys and channels with a prefix of its own.
func onEveryRedis(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, onMiniredis(t))
	})
	if url := os.Getenv("FANLIGHT_TEST_REDIS_URL"); url != "" {
		t.Run("real", func(t *testing.T) {
			t.Parallel()
			test(t, newRig(t, url, nil))
		})
	}
}

func onMiniredis(t *testing.T) *rig {
	mini := miniredis.NewMiniRedis()
	free, err := port.Free() // so that it can come back there
	if err != nil {
		t.Fatal(err)
	}
	if err := mini.StartAddr(port.Addr(free)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mini.Close)
	mini.ClockTTL(true) // to the millisecond; dear with many keys
	return newRig(t, "redis://"+mini.Addr(), mini)
}

func newRig(t *testing.T, url string, mini *miniredis.Miniredis) *rig {
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, url: url, prefix: fmt.Sprintf("test%x:", rand.Uint64()), mini: mini, direct: redis.NewClient(opt)}
	t.Cleanup(func() {
		if mini == nil {
			r.forget()
		}
		_ = r.direct.Close()
	})
	return r
}

// forget deletes everything that the test's channels left in Redis, as a Redis
// that lost it would.
func (r *rig) forget() {
	r.Helper()
	ctx := context.Background()
	keys := r.direct.Scan(ctx, 0, "fanlight/*{"+r.prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := r.direct.Del(ctx, keys.Val()).Err(); err != nil {
			r.Error(err)
		}
	}
	if err := keys.Err(); err != nil {
		r.Error(err)
	}
}

// peer is a broker with what it heard.
type peer struct {
	*broker.Broker
	*rig

	mu    sync.Mutex
	heard map[string][]protocol.Publication
	more  chan struct{} // closed and replaced when something is heard
}

// broker starts one; change, which may be nil, changes its configuration.
func (r *rig) broker(change func(*broker.Config)) *peer {
	r.Helper()
	p := &peer{rig: r, heard: make(map[string][]protocol.Publication), more: make(chan struct{})}
	cfg := broker.Config{
		URL: r.url, Prefix: r.prefix, Handler: p, Log: slog.New(slog.DiscardHandler),
		MessageLimit: messageLimit,
	}
	if change != nil {
		change(&cfg)
	}
	b, err := broker.New(cfg)
	if err != nil {
		r.Fatal(err)
	}
	p.Broker = b
	r.Cleanup(func() { _ = b.Close() })
	return p
}

// HandlePublication implements broker.Handler.
func (p *peer) HandlePublication(pub protocol.Publication, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard[pub.Channel] = append(p.heard[pub.Channel], pub)
	close(p.more)
	p.more = make(chan struct{})
}

// HandleResubscribed implements broker.Handler.
func (p *peer) HandleResubscribed(string) {}

// HandlePresence implements broker.Handler.
func (p *peer) HandlePresence(string, *protocol.Member, *protocol.Member) {}

// position returns where a channel stands.
func (p *peer) position(channel string) (protocol.Position, error) {
	all, err := p.Positions(context.Background(), []string{channel})
	if err != nil {
		return protocol.Position{}, err
	}
	return all[0], nil
}

// hears waits until what was heard on a channel satisfies a condition, and
// returns it.
func (p *peer) hears(channel, what string, enough func([]protocol.Publication) bool) []protocol.Publication {
	p.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		heard, more := slices.Clone(p.heard[channel]), p.more
		p.mu.Unlock()
		if enough(heard) {
			return heard
		}
		select {
		case <-more:
		case <-deadline:
			p.Fatalf("%s was not heard on %s; heard were %d", what, channel, len(heard))
		}
	}
}

// hearsN waits for n publications.
func (p *peer) hearsN(channel string, n int) []protocol.Publication {
	p.Helper()
	return p.hears(channel, fmt.Sprint(n, " publications"), func(heard []protocol.Publication) bool { return len(heard) >= n })
}

// listen subscribes and waits for Redis.
func (p *peer) listen(channels ...string) {
	p.Helper()
	for _, c := range channels {
		receive(p.T, "a confirmed subscription", p.Subscribe(c))
	}
}

// publish publishes and waits for the result.
func (p *peer) publish(channel, data, key string) protocol.Published {
	p.Helper()
	published, err := p.try(channel, data, key)
	if err != nil {
		p.Fatal(err)
	}
	return published
}

// try is publish for a test that expects an error, perhaps.
func (p *peer) try(channel, data, key string) (protocol.Published, error) {
	p.Helper()
	return p.trySend(broker.Message{Channel: channel, Data: json.RawMessage(data), Key: key})
}

// send is publish for all that a message may have.
func (p *peer) send(m broker.Message) protocol.Published {
	p.Helper()
	published, err := p.trySend(m)
	if err != nil {
		p.Fatal(err)
	}
	return published
}

func (p *peer) trySend(m broker.Message) (protocol.Published, error) {
	p.Helper()
	type outcome struct {
		published protocol.Published
		err       error
	}
	done := make(chan outcome, 1)
	p.Publish(context.Background(), m, func(published protocol.Published, err error) {
		done <- outcome{published, err}
	})
	o := receive(p.T, "a publish's result", done)
	return o.published, o.err
}

// foreign publishes as another program does.
func (r *rig) foreign(channel string, payload any) {
	r.Helper()
	if err := r.direct.Publish(context.Background(), r.prefix+channel, payload).Err(); err != nil {
		r.Fatal(err)
	}
}

// stream returns a channel's stream.
func (r *rig) stream(channel string) []redis.XMessage {
	r.Helper()
	entries, err := r.direct.XRange(context.Background(), "fanlight/stream/{"+r.prefix+channel+"}", "-", "+").Result()
	if err != nil {
		r.Fatal(err)
	}
	return entries
}

// ready waits until messages flow.
func (p *peer) ready() {
	p.Helper()
	eventually(p.T, "a green Ready", func() bool { _, err := p.Ready(); return err == nil })
}

// receive waits for a channel.
func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal(what + " did not come")
		panic("unreachable")
	}
}

// eventually waits until a condition holds, without an event to wait for.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be: " + what)
		}
	}
}

// consecutive checks that publications have one epoch and the offsets that
// follow on each other from first.
func consecutive(t *testing.T, pubs []protocol.Publication, first uint64) {
	t.Helper()
	for i, p := range pubs {
		if p.Offset != first+uint64(i) || p.Epoch != pubs[0].Epoch || p.Epoch == "" || strings.ToLower(p.Epoch) != p.Epoch {
			t.Fatalf("publication %d is at %s:%d, not at %s:%d", i, p.Epoch, p.Offset, pubs[0].Epoch, first+uint64(i))
		}
	}
}

// onlyData returns the data of publications.
func onlyData(pubs []protocol.Publication) (data []string) {
	for _, p := range pubs {
		data = append(data, string(p.Data))
	}
	return data
}
