package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"fanlight/server/internal/audit"
	"fanlight/server/internal/auth"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/filter"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/presence"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Config is what a node is made of. All of it is required.
type Config struct {
	Broker broker.Config // without its Handler
	// Auth is without its Redis, Prefix and Log, which are the broker's.
	Auth   auth.Config
	Limits protocol.Limits
	// Limiter bounds how many channels are listened to, and how long a page of
	// history is; nil has the defaults.
	Limiter *limit.Limiter
	// Published is told what became of each publish but the relay's own: one of
	// [Outcomes]. It must not block; default nobody.
	Published func(outcome string)
	// Audit is told who asked for what; nil is nobody.
	Audit *audit.Log
	// Reserved keeps everybody but callers with Relay from publishing on the
	// channels of package ops.
	Reserved bool
	// Presence is without its Redis and Prefix, which are the broker's.
	Presence presence.Config
	// Present says for which namespaces presence is kept, and announced.
	Present map[string]Present
	// CheckInterval is how often the node compares where its channels stand
	// with where Redis says they do. A last message that was lost is noticed
	// after two of them at the most.
	CheckInterval time.Duration
}

// Present says what is done about presence in a namespace. That of "" is for
// channels without one, and for namespaces that are not named.
type Present struct {
	Kept      bool // who is there can be asked
	Announced bool // who comes and goes is told; not without Kept
}

// Node joins a broker and a hub. All its methods may be called concurrently.
type Node struct {
	broker  *broker.Broker
	hub     *hub.Hub
	limits  protocol.Limits
	limiter *limit.Limiter
	// published is never nil.
	published func(outcome string)
	filters   *filter.Cache
	audit     *audit.Log
	reserved  bool

	authority *auth.Authority

	presence *presence.Presence
	present  map[string]Present

	ctx    context.Context // ends when the node is closed
	cancel context.CancelFunc
	fills  sync.WaitGroup // goroutines that fill holes, and the one that checks

	// interest makes one step of what the hub knows of a channel and what the
	// broker is asked for: else a last one who leaves could silence a first one
	// who comes.
	interest sync.Mutex
}

// New starts a node. The error is about the Config of the broker or of Auth.
func New(cfg Config) (*Node, error) {
	n := &Node{
		limits: cfg.Limits, limiter: cfg.Limiter, present: cfg.Present, filters: filter.NewCache(keptFilters), published: cfg.Published,
		audit: cfg.Audit, reserved: cfg.Reserved,
	}
	if n.published == nil {
		n.published = func(string) {}
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.hub = hub.New(hub.Config{Fill: n.fill})
	cfg.Broker.Handler = n.hub
	var err error
	if n.broker, err = broker.New(cfg.Broker); err != nil {
		n.cancel()
		return nil, err
	}
	cfg.Auth.Redis, cfg.Auth.Prefix, cfg.Auth.Log = n.broker.Redis(), cfg.Broker.Prefix, cfg.Broker.Log
	if n.authority, err = auth.New(cfg.Auth); err != nil {
		n.cancel()
		return nil, errors.Join(err, n.broker.Close())
	}
	cfg.Presence.Redis, cfg.Presence.Prefix = n.broker.Redis(), cfg.Broker.Prefix
	n.presence = presence.New(cfg.Presence)
	n.fills.Go(func() { n.checkLoop(cfg.CheckInterval) })
	return n, nil
}

// Close ends the node and its broker, and waits for their goroutines.
func (n *Node) Close() error {
	n.presence.Close() // while there is a Redis to tell
	n.authority.Close()
	n.cancel()
	err := n.broker.Close() // before the fills: it is what asks for them
	n.fills.Wait()
	return err
}

// Limits returns what the node allows.
func (n *Node) Limits() protocol.Limits { return n.limits }

// Count returns the number of channels that somebody listens to here, and of
// subscriptions.
func (n *Node) Count() (channels, subscriptions int) { return n.hub.Count() }

// Ready returns how long a message takes through Redis and back, or an error
// while none gets through.
func (n *Node) Ready() (time.Duration, error) { return n.broker.Ready() }

// Dropped returns how many messages of other programs could not be delivered.
func (n *Node) Dropped() uint64 { return n.broker.Dropped() }

// CheckChannel returns nil for a name that a channel may have, else an error
// with CodeChannelInvalid.
func CheckChannel(name string) error {
	if err := channel.Validate(name); err != nil {
		e := &protocol.Error{Code: protocol.CodeChannelInvalid, Message: err.Error(), Field: "channel"}
		if len(name) > channel.MaxLen {
			e.Limit = channel.MaxLen
		}
		return e
	}
	return nil
}
