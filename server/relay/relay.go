package relay

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"fanlight/server/internal/api"
	"fanlight/server/internal/auth"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/metrics"
	"fanlight/server/internal/node"
	"fanlight/server/internal/presence"
	"fanlight/server/internal/session"
	"fanlight/server/internal/transport"
)

// Relay is a running relay: an http.Handler. Its methods may be called
// concurrently.
type Relay struct {
	http.Handler
	redis     *embedded.Redis // nil when Redis is somewhere else
	private   bool            // that one takes nobody else
	node      *node.Node
	self      *Local // the relay itself
	sessions  *session.Manager
	transport *transport.Handlers
	limiter   *limit.Limiter
	doors     *doors
	metrics   *metrics.Counters // nil without a registry
	teller    *teller
}

// New starts a relay. It does not wait for Redis: GET /readyz tells when
// messages flow. The error is about the Config.
func New(cfg Config) (_ *Relay, err error) {
	cfg = cfg.withDefaults()
	if err := CheckNode(cfg.Ops.Node); err != nil {
		return nil, err
	}
	guard, err := api.NewGuard(api.GuardConfig{Loopback: cfg.Loopback, Host: cfg.Host, Origins: cfg.Origins})
	if err != nil {
		return nil, err
	}
	r := &Relay{sessions: &session.Manager{}, private: cfg.guarded()}
	limits := cfg.limits()
	observe := limits.Observe
	limits.Observe = func(name limit.Name) {
		r.metrics.Refused(string(name))
		r.teller.refused.Add(1)
		if observe != nil {
			observe(name)
		}
	}
	r.limiter = limit.New(limits)
	limits = r.limiter.Config() // with its defaults
	r.doors = newDoors(r.limiter)
	r.teller = r.newTeller(cfg)
	url := cfg.RedisURL
	if url == "" {
		start := embedded.Start
		if r.private { // who reached it could do what no token allows
			start = embedded.StartPrivate
		}
		if r.redis, err = start(cfg.EmbeddedAddr, cfg.Log); err != nil {
			return nil, err
		}
		url = r.redis.URL()
	}
	r.node, err = node.New(node.Config{
		Broker: broker.Config{
			URL: url, Prefix: cfg.Prefix, Policies: cfg.policies(), Log: cfg.Log,
			MessageLimit: limits.Message, ProbeInterval: cfg.ProbeInterval,
		},
		Auth: auth.Config{
			Secret: cfg.JWTSecret, JWKS: cfg.JWKS, Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience,
			Demo: cfg.Loopback, Namespaces: cfg.access(),
		},
		Limits: limits.Protocol(), Limiter: r.limiter, Published: r.published, Audit: r.teller.audit, Reserved: cfg.Ops.reserves(),
		CheckInterval: cfg.CheckInterval, Present: cfg.present(),
		Presence: presence.Config{TTL: cfg.PresenceTTL, Grace: cfg.PresenceGrace, Log: cfg.Log},
	})
	if err != nil {
		if r.redis != nil {
			r.redis.Close()
		}
		return nil, err
	}
	r.self = r.itself()
	r.transport = transport.New(transport.Config{
		Node: r.node, Sessions: r.sessions, Limits: limits.Protocol(), Limiter: r.limiter, Outbox: limits.Outbox,
		PingInterval: cfg.PingInterval, ConnectTimeout: limits.ConnectTimeout, Build: cfg.Build,
	})
	if err := r.count(cfg.Metrics); err != nil {
		return nil, errors.Join(err, r.Close(context.Background()))
	}
	a := &api.API{
		Node: r.node, Limiter: r.limiter, Embedded: r.redis != nil, Build: cfg.Build,
		Stream: r.transport.EventStream, WebSocket: r.transport.WebSocket, Fallback: cfg.Pages,
	}
	if cfg.Loopback {
		a.RedisAddr = r.EmbeddedAddr()
	}
	r.teller.start()
	r.Handler = r.doors.wrap(guard.Wrap(a.Handler()))
	return r, nil
}

// EmbeddedAddr returns where the embedded Redis listens, or "" when there is
// none that takes other programs.
func (r *Relay) EmbeddedAddr() string {
	if r.redis == nil || r.private {
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
// it returns the context's error if some were left. Then it tells the last of
// them, and closes the link to Redis, and the embedded Redis.
func (r *Relay) Close(ctx context.Context) error {
	r.metrics.Close()
	err := r.sessions.Close(ctx)
	r.teller.end(ctx)
	err = errors.Join(err, r.node.Close())
	r.teller.running.Wait()
	if r.redis != nil {
		r.redis.Close()
	}
	return err
}

// published counts what became of a publish.
func (r *Relay) published(outcome string) {
	r.metrics.Published(outcome)
	if outcome == node.Taken {
		r.teller.published.Add(1)
	}
}

// count registers what the relay counts.
func (r *Relay) count(registry prometheus.Registerer) (err error) {
	if registry == nil {
		return nil
	}
	limits := make([]string, len(limit.Names))
	for i, name := range limit.Names {
		limits[i] = string(name)
	}
	r.metrics, err = metrics.New(registry, metrics.Source{
		Connections: r.sessions.Count, Requests: r.doors.count, Channels: r.node.Count, Sent: r.sessions.Sent,
		Received: r.transport.Received, Dropped: r.node.Dropped, Probe: r.node.Ready, HighWater: r.sessions.HighWater(),
		Slow: r.sessions.Slow, PublishTrip: r.teller.reporter.Trip, AuditLost: r.teller.audit.Lost,
	}, limits, node.Outcomes())
	return err
}
