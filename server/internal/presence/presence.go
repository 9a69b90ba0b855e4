package presence

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

// Config says where presence is kept, and for how long.
type Config struct {
	// Redis is a client of a single Redis, a Sentinel or a cluster. Its owner
	// closes it, after [Presence.Close]. Required.
	Redis redis.UniversalClient
	// Prefix stands before every channel name in Redis.
	Prefix string
	// TTL is how long a member stays without being refreshed, and so how long
	// those of a killed relay stay; default 30 seconds. Relays refresh three
	// times as often.
	TTL time.Duration
	// Grace is how long one who left may take to come back unnoticed; default
	// 5 seconds. Negative means no grace.
	Grace time.Duration
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

const (
	// timeout bounds a command that Redis does not answer, and Close.
	timeout = 3 * time.Second
	// maxLeaving bounds the leaves that Redis has not been told yet. Past it, a
	// leave is forgotten, and its member expires instead. What else waits is
	// bounded by the relay's subscriptions.
	maxLeaving = 1 << 16
)

// Presence tells Redis who is on this relay's channels, and asks it who is on
// all relays'. Its methods may be called concurrently.
type Presence struct {
	cfg        Config
	interval   time.Duration // between two refreshes of a channel
	began      time.Time
	maxLeaving int
	wake       chan struct{} // holds a token when the loop should look again

	ctx    context.Context // ends when there is no more time to close
	cancel context.CancelFunc
	done   chan struct{} // closed when the loop has ended

	mu      sync.Mutex
	rooms   map[string]*room
	due     schedule
	leaving int // entries that are not present any more
	closing bool
	link    link
}

// New starts presence. It does not wait for Redis.
func New(cfg Config) *Presence {
	cfg.TTL = cmp.Or(cfg.TTL, 30*time.Second)
	cfg.Grace = max(cmp.Or(cfg.Grace, 5*time.Second), 0)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Presence{
		cfg: cfg, interval: cfg.TTL / 3, began: time.Now(), maxLeaving: maxLeaving,
		wake: make(chan struct{}, 1), done: make(chan struct{}), rooms: make(map[string]*room),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	go p.loop()
	return p
}

// now is the time since the start. Nothing here asks what o'clock it is: that
// is for Redis to say.
func (p *Presence) now() time.Duration { return time.Since(p.began) }

// Enter says that a connection of this relay's is on a channel, until
// [Presence.Leave]. Since 0 means now. With announce, its user's join and leave
// are published to the channel's subscribers, itself among them. Entering
// again replaces the member. Enter does not block, and can't fail: while Redis
// is away, it is told later.
func (p *Presence) Enter(channel string, m protocol.Member, announce bool) {
	if m.Since == 0 {
		m.Since = time.Now().UnixMicro()
	}
	fact := newFact(m, announce)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return
	}
	r := p.rooms[channel]
	if r == nil {
		r = newRoom(channel)
		p.rooms[channel] = r
	}
	e := r.entries[m.Client]
	switch {
	case e == nil:
		e = &entry{client: m.Client}
		r.entries[m.Client] = e
		if len(r.entries) == 1 {
			r.refreshAt = p.now() + p.interval
		}
	case !e.present:
		p.leaving--
	}
	e.fact, e.present = fact, true
	p.changed(r, e)
}

// Leave says that a connection is not on a channel any more. With ended, the
// connection itself is over: one without a user's name then leaves at once, as
// nobody can return under its id. Else it has the grace to return. Leaving
// without having entered is harmless. Leave does not block.
func (p *Presence) Leave(channel, client string, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[channel]
	if r == nil {
		return
	}
	e := r.entries[client]
	if e == nil || !e.present {
		return
	}
	if !e.tried || p.leaving >= p.maxLeaving {
		delete(r.entries, client)
		p.settle(r)
		return
	}
	p.leave(r, e, ended)
}

// leave turns an entry into one that leaves.
func (p *Presence) leave(r *room, e *entry, ended bool) {
	e.present, e.atOnce = false, p.cfg.Grace == 0 || ended && !e.fact.named
	p.leaving++
	p.changed(r, e)
}

// changed sees to it that Redis is told about an entry.
func (p *Presence) changed(r *room, e *entry) {
	r.mark(e)
	p.settle(r)
	p.look()
}

func (p *Presence) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close makes all members of this relay leave, those with a name with the
// grace to come back elsewhere, and ends. It tries for at most three seconds,
// and only once if Redis is away: what it could not tell, expires. Enter is
// without effect from then on.
func (p *Presence) Close() {
	p.mu.Lock()
	if !p.closing {
		p.closing = true
		p.link.away, p.link.blocked = false, 0 // so that there is a try
		for _, r := range p.rooms {
			for _, e := range r.entries {
				switch {
				case !e.present:
				case !e.tried:
					delete(r.entries, e.client)
				default:
					p.leave(r, e, true)
				}
			}
		}
		p.look()
	}
	p.mu.Unlock()
	defer p.cancel()
	select {
	case <-p.done:
	case <-time.After(timeout):
		p.cancel()
		<-p.done
	}
}

// fact is what Redis is told about a member.
type fact struct {
	identity string
	named    bool
	since    int64  // microseconds since the Unix epoch
	value    string // of the member's field: see presence.lua
}

func newFact(m protocol.Member, announce bool) fact {
	f := fact{identity: "c" + m.Client, named: m.User != "", since: m.Since}
	if f.named {
		f.identity = "u" + m.User
	}
	// Strings and a number can always be marshalled, on one line.
	text, _ := json.Marshal(m)
	flag := "0"
	if announce {
		flag = "1"
	}
	f.value = flag + string(text) + "\n" + f.identity
	return f
}
