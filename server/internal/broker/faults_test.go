package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

var errUnavailable = &protocol.Error{Code: protocol.CodeUnavailable}

// often makes a test of the probe quick.
func often(c *broker.Config) { c.ProbeInterval = 50 * time.Millisecond }

func TestTheLinkComesBackWithRedis(t *testing.T) {
	t.Parallel()
	r := onMiniredis(t)
	p := r.broker(often)
	p.listen("c", "d")
	p.ready()
	for round := range 3 {
		r.mini.Close()
		eventually(t, "a red Ready", func() bool { _, err := p.Ready(); return errors.Is(err, errUnavailable) })
		began := time.Now()
		if _, err := p.try("c", "1", ""); !errors.Is(err, errUnavailable) {
			t.Errorf("publishing to a Redis that is away: %v", err)
		}
		if _, err := p.position("c"); !errors.Is(err, errUnavailable) {
			t.Errorf("the position in a Redis that is away: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v to say so", took)
		}
		late := p.Subscribe("late")
		select {
		case <-late:
			t.Error("a subscription was confirmed by nobody")
		default:
		}
		if err := r.mini.Restart(); err != nil {
			t.Fatal(err)
		}
		p.ready()
		receive(t, "the confirmation of what was asked for meanwhile", late)
		for _, c := range []string{"c", "d", "late"} {
			// Again and again, since with probes as quick as these a machine that
			// stands still for a moment costs a link, and here nobody fills its hole.
			ours := make(map[string]bool)
			eventually(t, "what was published after Redis came back is heard", func() bool {
				if published, err := p.try(c, fmt.Sprint(round), ""); err == nil {
					ours[published.ID] = true
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				return slices.ContainsFunc(p.heard[c], func(pub protocol.Publication) bool { return ours[pub.ID] })
			})
		}
		p.Unsubscribe("late")
	}
}

func TestARelayMayStartBeforeItsRedis(t *testing.T) {
	t.Parallel()
	r := onMiniredis(t)
	r.mini.Close()
	p := r.broker(often)
	early := p.Subscribe("c")
	if _, err := p.try("c", "1", ""); !errors.Is(err, errUnavailable) {
		t.Errorf("publishing to a Redis that was never there: %v", err)
	}
	if _, err := p.Ready(); !errors.Is(err, errUnavailable) {
		t.Errorf("Ready: %v", err)
	}
	if err := r.mini.Restart(); err != nil {
		t.Fatal(err)
	}
	receive(t, "a confirmed subscription", early)
	p.ready()
}

// A link can be up and dead: no error, and nothing comes.
func TestALinkThatOnlySeemsToWorkIsReplaced(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		proxy := newProxy(r)
		p := r.broker(func(c *broker.Config) { often(c); c.URL = proxy.url })
		p.listen("c")
		p.ready()
		links := proxy.accepted.Load()
		proxy.stall()
		eventually(t, "another link", func() bool { return proxy.accepted.Load() > links })
		p.ready()
		// Behind the proxy's back, since a stalled connection of the pool may
		// still be tried.
		eventually(t, "a message through the new link", func() bool {
			r.foreign("c", "hello")
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.heard["c"]) > 0
		})
	})
}

func TestARedisThatDoesNotAnswerIsGivenUpInTime(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		proxy := newProxy(r)
		p := r.broker(func(c *broker.Config) { often(c); c.URL = proxy.url })
		p.publish("c", "1", "")
		proxy.stallAll.Store(true)
		proxy.stall()
		began := time.Now()
		if _, err := p.try("c", "2", ""); !errors.Is(err, errUnavailable) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		// No link that is made now works, so it stays red.
		eventually(t, "a red Ready", func() bool { _, err := p.Ready(); return errors.Is(err, errUnavailable) })
		proxy.stallAll.Store(false)
		eventually(t, "a publish that works", func() bool { _, err := p.try("c", "3", ""); return err == nil })
		p.ready()
	})
}

// The reply of a publish is lost with its connection. Whether it happened
// nobody can say; with a key it is safe to ask again.
func TestAPublishWhoseReplyWasLostIsNotRepeatedByItself(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		proxy := newProxy(r)
		p := r.broker(func(c *broker.Config) { c.URL = proxy.url; c.ProbeInterval = time.Hour })
		p.ready() // no probe's reply will be taken for the publish's
		for _, key := range []string{"", "k"} {
			p.publish("c", `"before"`, "") // nor will a new connection's greeting
			proxy.cutReply.Store(true)
			if _, err := p.try("c", `"lost"`, key); !errors.Is(err, errUnavailable) {
				t.Fatalf("error %v", err)
			}
		}
		eventually(t, "all four messages, once each", func() bool { return len(r.stream("c")) == 4 })
		again := p.publish("c", `"lost"`, "k")
		if !again.Duplicate || len(r.stream("c")) != 4 {
			t.Errorf("%+v, and %d in the stream", again, len(r.stream("c")))
		}
	})
}

func TestCloseAnswersEveryPublishAndEndsInTime(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		proxy := newProxy(r)
		p := r.broker(func(c *broker.Config) { c.URL = proxy.url })
		p.listen("c")
		p.publish("c", "1", "")
		proxy.stallAll.Store(true)
		proxy.stall() // so that the queue fills, and publishers wait for a place
		const publishers, each = 4, 500
		var answered atomic.Int64
		var all sync.WaitGroup
		var started sync.WaitGroup
		started.Add(publishers)
		for range publishers {
			all.Go(func() {
				for n := range each {
					p.Publish(context.Background(), broker.Message{Channel: "c", Data: json.RawMessage("2")}, func(_ protocol.Published, err error) {
						if !errors.Is(err, errUnavailable) {
							t.Errorf("error %v", err)
						}
						answered.Add(1)
					})
					if n == 0 {
						started.Done()
					}
				}
			})
		}
		started.Wait()
		began := time.Now()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("closing took %v", took)
		}
		all.Wait()
		if n := answered.Load(); n != publishers*each {
			t.Errorf("%d of %d were answered", n, publishers*each)
		}
	})
}

func TestAKeyOfAnotherTypeFailsItsChannelAlone(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		meta := "fanlight/meta/{" + r.prefix + "c}"
		if err := r.direct.Set(context.Background(), meta, "somebody else's", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.try("c", "1", ""); !errors.Is(err, errUnavailable) {
			t.Errorf("publishing over somebody else's key: %v", err)
		}
		if _, err := p.position("c"); !errors.Is(err, errUnavailable) {
			t.Errorf("the position in somebody else's key: %v", err)
		}
		if got := p.publish("d", "1", ""); got.Offset != 1 {
			t.Errorf("another channel: %+v", got)
		}
	})
}

// proxy stands between a broker and its Redis, and can be told to misbehave.
type proxy struct {
	url      string
	accepted atomic.Int64
	stallAll atomic.Bool // stall new connections too
	cutReply atomic.Bool // cut a connection instead of forwarding what Redis says next

	mu    sync.Mutex
	conns map[*proxied]struct{}
	done  sync.WaitGroup
}

type proxied struct {
	client, redis net.Conn
	stalled       atomic.Bool
}

func newProxy(r *rig) *proxy {
	u, err := url.Parse(r.url)
	if err != nil {
		r.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	p := &proxy{conns: make(map[*proxied]struct{})}
	redis := u.Host
	u.Host = listener.Addr().String()
	p.url = u.String()
	p.done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", redis)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.accepted.Add(1)
			c := &proxied{client: client, redis: server}
			c.stalled.Store(p.stallAll.Load())
			p.mu.Lock()
			p.conns[c] = struct{}{}
			p.mu.Unlock()
			p.done.Go(func() { p.copy(c, server, client, false) })
			p.done.Go(func() { p.copy(c, client, server, true) })
		}
	})
	r.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for c := range p.conns {
			_, _ = c.client.Close(), c.redis.Close()
		}
		p.mu.Unlock()
		p.done.Wait()
	})
	return p
}

// stall keeps the connections that there are, and forwards nothing on them.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.stalled.Store(true)
	}
}

func (p *proxy) copy(c *proxied, dst, src net.Conn, replies bool) {
	defer func() {
		_, _ = c.client.Close(), c.redis.Close()
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if err != nil || replies && p.cutReply.CompareAndSwap(true, false) {
			return
		}
		if c.stalled.Load() {
			_, _ = io.Copy(io.Discard, src) // until one side gives up
			return
		}
		if _, err := dst.Write(buf[:n]); err != nil {
			return
		}
	}
}
