package referee

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"fanlight/shared/channel"
	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

// Relay is what a referee needs of one.
type Relay interface {
	// Publish publishes and waits for the outcome.
	Publish(ctx context.Context, p protocol.Publish) (protocol.Published, error)
	// Last returns the last publications of a channel, newest first.
	Last(ctx context.Context, channel string, count int) (*protocol.HistoryResponse, error)
	// Subscribe calls each in order until the context ends, and recovers by itself.
	Subscribe(ctx context.Context, req protocol.Subscribe, each func(protocol.Message)) error
}

// Config says how a referee works. Relay is required.
type Config struct {
	Relay Relay
	// Idle is after how long without a command, or being opened, a game is
	// forgotten, until it is opened again; default 30 minutes.
	Idle time.Duration
	// Most is how many games are looked after at a time; one more makes the one
	// forgotten that was idle for the longest. Default 200.
	Most int
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Grants are what a referee has to be allowed: to read what players ask for,
// and to publish what becomes of it.
func Grants() channel.Grants {
	return channel.Grants{
		{Pattern: pattern("game:*"), Ops: channel.Publish | channel.History},
		{Pattern: pattern("move:*"), Ops: channel.Subscribe},
	}
}

func pattern(text string) channel.Pattern {
	p, err := channel.ParsePattern(text)
	if err != nil {
		panic("referee: " + err.Error()) // a constant
	}
	return p
}

// Referee knows the games that are looked after.
type Referee struct {
	cfg  Config
	done sync.WaitGroup

	mu     sync.Mutex
	tables map[string]*table
}

// Run looks after games until the context ends, and has then ended all that it
// began. The error is the relay's, when it refuses what [Grants] says.
func Run(ctx context.Context, cfg Config) error {
	cfg.Idle, cfg.Most = cmp.Or(cfg.Idle, 30*time.Minute), cmp.Or(cfg.Most, 200)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Referee{cfg: cfg, tables: make(map[string]*table)}
	ctx, cancel := context.WithCancel(ctx)
	defer r.done.Wait()
	defer cancel()
	begin := protocol.Subscribe{Channel: four.OpenChannel, Rewind: &protocol.Rewind{Age: cfg.Idle.Milliseconds()}}
	return cfg.Relay.Subscribe(ctx, begin, func(m protocol.Message) {
		var open four.Open
		if p := m.Publication; p != nil && !p.Foreign && json.Unmarshal(p.Data, &open) == nil && four.ValidGame(open.Game) {
			r.open(ctx, open.Game)
		}
	})
}

// open looks after a game, if that is not done already; if it is, it goes on: who
// opens a game is about to play.
func (r *Referee) open(ctx context.Context, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tables[id]; t != nil && t.ctx.Err() == nil && t.idle.Stop() {
		t.touched = time.Now()
		t.idle.Reset(r.cfg.Idle)
		return
	}
	if len(r.tables) >= r.cfg.Most {
		var idlest *table
		for _, t := range r.tables {
			if idlest == nil || t.touched.Before(idlest.touched) {
				idlest = t
			}
		}
		idlest.cancel()
		delete(r.tables, idlest.id)
	}
	t := &table{referee: r, id: id, touched: time.Now()}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.idle = time.AfterFunc(r.cfg.Idle, t.cancel)
	r.tables[id] = t
	r.done.Go(func() {
		defer t.cancel()
		defer t.idle.Stop()
		t.run()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.tables[id] == t {
			delete(r.tables, id)
		}
	})
}

// touch notes that somebody plays.
func (r *Referee) touch(t *table) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.touched = time.Now()
}
