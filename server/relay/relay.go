package relay

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"fanlight/server/internal/api"
	"fanlight/server/internal/auth"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/node"
	"fanlight/server/internal/presence"
	"fanlight/server/internal/session"
	"fanlight/server/internal/transport"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Config says what a relay is. The zero value is a relay on an embedded Redis
// with a free port, for pages of its own site, serving none.
type Config struct {
	// RedisURL is redis://… or rediss://…; empty starts an embedded Redis.
	RedisURL string
	// EmbeddedAddr is where the embedded Redis listens; default 127.0.0.1 and
	// a free port. A port that is taken falls back to a free one.
	EmbeddedAddr string
	// Prefix stands before every channel name in Redis; default none.
	Prefix string
	// Loopback says that the relay is served on a loopback address alone. It
	// then takes pages of any port of this machine, and no request for another
	// host.
	Loopback bool
	// Pages serves every path that is not the relay's; default none.
	Pages http.Handler
	// Build names the pages, for clients to notice that theirs is old.
	Build string
	// Limits defaults to [protocol.DefaultLimits], field by field.
	Limits protocol.Limits
	// Outbox is the most bytes that may wait to be written to one connection,
	// before it is ended as a slow consumer; default 1 MiB.
	Outbox int
	// PingInterval is how often a silent connection gives a sign of life;
	// default 25 s. One that is silent for two and a half of them is ended.
	PingInterval time.Duration
	// ConnectTimeout is how long a fanlight.v1 client may take for its first
	// frame; default 5 s.
	ConnectTimeout time.Duration
	// ProbeInterval is the time between two proofs that messages flow; default
	// one second.
	ProbeInterval time.Duration
	// CheckInterval is the time between two looks at whether the channels here
	// stand where Redis says they do; default 2 s.
	CheckInterval time.Duration
	// Namespaces are how channels are kept, by what stands before their first
	// ':'. That of "" is for channels without one, and the default of all.
	Namespaces map[string]Namespace
	// PresenceTTL is how long the connections of a relay that was killed stay
	// present; default 30 s.
	PresenceTTL time.Duration
	// PresenceGrace is how long a user who left may take to come back
	// unnoticed; default 5 s, negative for none.
	PresenceGrace time.Duration
	// JWTSecret verifies tokens that are signed with it (HS256), and JWKS those
	// signed with the keys that it names, an https URL or a file (RS256, PS256,
	// ES256, EdDSA). With neither, everything is open. The secret has 32 bytes
	// at least.
	JWTSecret, JWKS string
	// JWTIssuer and JWTAudience are what a token's iss and aud must be; default
	// anything.
	JWTIssuer, JWTAudience string
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Namespace is how the channels of a namespace are kept.
type Namespace struct {
	// HistorySize is how many publications a channel keeps; default 1000.
	HistorySize int
	// HistoryAge is how long it keeps them; default one hour.
	HistoryAge time.Duration
	// Presence keeps who is on a channel, to be asked for; default not.
	Presence bool
	// JoinLeave tells fanlight.v1 subscribers who comes and who goes, where
	// there is Presence; default not. On a channel of n that is n messages for
	// each.
	JoinLeave bool
	// Anonymous is what somebody without a token may do; default everything on
	// a relay without JWTSecret and JWKS, and nothing on any other.
	Anonymous *channel.Op
	// Default is what anybody with a valid token may do without a grant;
	// default nothing.
	Default channel.Op
}

func (c Config) access() map[string]auth.Access {
	access := make(map[string]auth.Access, len(c.Namespaces))
	for name, ns := range c.Namespaces {
		a := auth.Access{Default: ns.Default, DefaultSet: ns.Default != 0}
		if ns.Anonymous != nil {
			a.Anonymous, a.AnonymousSet = *ns.Anonymous, true
		}
		access[name] = a
	}
	return access
}

func (c Config) present() map[string]node.Present {
	present := make(map[string]node.Present, len(c.Namespaces))
	for name, ns := range c.Namespaces {
		present[name] = node.Present{Kept: ns.Presence, Announced: ns.JoinLeave}
	}
	return present
}

func (c Config) policies() map[string]broker.Policy {
	policies := make(map[string]broker.Policy, len(c.Namespaces))
	for name, ns := range c.Namespaces {
		policies[name] = broker.Policy{HistorySize: ns.HistorySize, HistoryAge: ns.HistoryAge}
	}
	return policies
}

// Relay is a running relay: an http.Handler. Its methods may be called
// concurrently.
type Relay struct {
	http.Handler
	redis    *embedded.Redis // nil when Redis is somewhere else
	node     *node.Node
	sessions *session.Manager
}

// New starts a relay. It does not wait for Redis: GET /readyz tells when
// messages flow. The error is about the Config.
func New(cfg Config) (_ *Relay, err error) {
	cfg = cfg.withDefaults()
	r := &Relay{sessions: &session.Manager{}}
	url := cfg.RedisURL
	if url == "" {
		if r.redis, err = embedded.Start(cfg.EmbeddedAddr, cfg.Log); err != nil {
			return nil, err
		}
		url = r.redis.URL()
	}
	r.node, err = node.New(node.Config{
		Broker: broker.Config{
			URL: url, Prefix: cfg.Prefix, Policies: cfg.policies(), Log: cfg.Log,
			MessageLimit: cfg.Limits.Message, ProbeInterval: cfg.ProbeInterval,
		},
		Auth: auth.Config{
			Secret: cfg.JWTSecret, JWKS: cfg.JWKS, Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience,
			Demo: cfg.Loopback, Namespaces: cfg.access(),
		},
		Limits: cfg.Limits, CheckInterval: cfg.CheckInterval, Present: cfg.present(),
		Presence: presence.Config{TTL: cfg.PresenceTTL, Grace: cfg.PresenceGrace, Log: cfg.Log},
	})
	if err != nil {
		if r.redis != nil {
			r.redis.Close()
		}
		return nil, err
	}
	t := transport.New(transport.Config{
		Node: r.node, Sessions: r.sessions, Limits: cfg.Limits, Outbox: cfg.Outbox,
		PingInterval: cfg.PingInterval, ConnectTimeout: cfg.ConnectTimeout, Build: cfg.Build,
	})
	a := &api.API{
		Node: r.node, Embedded: r.redis != nil, Build: cfg.Build,
		Stream: t.EventStream, WebSocket: t.WebSocket, Fallback: cfg.Pages,
	}
	if cfg.Loopback {
		a.RedisAddr = r.EmbeddedAddr()
	}
	r.Handler = api.Guard{Loopback: cfg.Loopback}.Wrap(a.Handler())
	return r, nil
}

// EmbeddedAddr returns where the embedded Redis listens, or "" when there is
// none.
func (r *Relay) EmbeddedAddr() string {
	if r.redis == nil {
		return ""
	}
	return r.redis.Addr()
}

// Open reports whether whoever has no token may do everything.
func (r *Relay) Open() bool { return r.node.Authority().Open() }

// Revoke refuses, from now on and on every relay of this Redis, the tokens that
// a subject was given so far, and the one token of an id; either may be "".
// What is connected with them ends within a second.
func (r *Relay) Revoke(ctx context.Context, subject, tokenID string) error {
	return r.node.Authority().Revoke(ctx, subject, tokenID)
}

// Drain ends every connection with a code that makes clients come back, and
// refuses new ones. It does not wait. For http.Server.RegisterOnShutdown: the
// server's Shutdown knows nothing of connections that became WebSockets.
func (r *Relay) Drain() { r.sessions.Drain() }

// Close drains the relay and waits for its connections until the context ends;
// it returns the context's error if some were left. Then it closes the link to
// Redis, and the embedded Redis.
func (r *Relay) Close(ctx context.Context) error {
	err := r.sessions.Close(ctx)
	err = errors.Join(err, r.node.Close())
	if r.redis != nil {
		r.redis.Close()
	}
	return err
}

func (c Config) withDefaults() Config {
	c.EmbeddedAddr = cmp.Or(c.EmbeddedAddr, "127.0.0.1:0")
	if c.Pages == nil {
		c.Pages = http.HandlerFunc(api.NotFound)
	}
	c.Limits.Message = cmp.Or(c.Limits.Message, protocol.DefaultLimits.Message)
	c.Limits.Frame = cmp.Or(c.Limits.Frame, protocol.DefaultLimits.Frame)
	c.Limits.Subscriptions = cmp.Or(c.Limits.Subscriptions, protocol.DefaultLimits.Subscriptions)
	c.Outbox = cmp.Or(c.Outbox, 1<<20)
	c.PingInterval = cmp.Or(c.PingInterval, 25*time.Second)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 5*time.Second)
	c.CheckInterval = cmp.Or(c.CheckInterval, 2*time.Second)
	c.ProbeInterval = cmp.Or(c.ProbeInterval, time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
