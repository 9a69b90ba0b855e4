package relay

import (
	"cmp"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fanlight/server/internal/api"
	"fanlight/server/internal/auth"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
)

// Config says what a relay is. The zero value is a relay on an embedded Redis
// with a free port, for pages of its own site, serving none.
type Config struct {
	// RedisURL is redis://… or rediss://…; empty starts an embedded Redis.
	RedisURL string
	// EmbeddedAddr is where the embedded Redis listens; default 127.0.0.1 and
	// a free port. A port that is taken falls back to a free one. With JWTSecret
	// or JWKS it takes nobody but the relay.
	EmbeddedAddr string
	// Prefix stands before every channel name in Redis; default none. No braces.
	Prefix string
	// Loopback says that the relay is served on a loopback address alone. It
	// then takes pages of any port of this machine, and no request for another
	// host.
	Loopback bool
	// Pages serves every path that is not the relay's; default none.
	Pages http.Handler
	// Build names the pages, for clients to notice that theirs is old.
	Build string
	// Origins are those of the pages that may call, besides the relay's own:
	// scheme, host and port, https://example.com. Requests for names that are none
	// of theirs, nor Host or a loopback one, are refused; without any, an address
	// will do.
	Origins []string
	// Host is the host that the relay listens on, when it is only one.
	Host string
	// Limits is what one may take; those of namespaces are in Namespaces.
	Limits Limits
	// PingInterval is how often a silent connection gives a sign of life;
	// default 25 s. One that is silent for two and a half of them is ended.
	PingInterval time.Duration
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
	// Ops is what the relay tells of itself on channels of its own; the zero value
	// tells nothing.
	Ops Ops
	// Metrics is where what is counted is registered, one relay for each;
	// default nowhere.
	Metrics prometheus.Registerer
	// Log receives what an operator should know; default none.
	Log *slog.Logger
}

// Ops is what a relay tells of itself: see package fanlight/shared/ops. With
// Metrics or Audit nobody else can publish on these channels, whatever is granted;
// and without a namespace "ops" in the Config, whoever comes may listen to them
// where everything is open, and whoever is granted it elsewhere. They are then
// kept for 600 publications.
type Ops struct {
	// Node names the relay: 1 to 64 letters, digits, dots, dashes and underscores.
	// Default "relay-" and four random characters.
	Node string
	// Metrics publishes each second what the relay counts, on ops:metrics.
	Metrics bool
	// Audit publishes on ops:audit who asks for what, when, from where; without
	// what is said.
	Audit bool
	// AuditTo receives the same as lines of JSON, several in one write; default
	// nobody. What it does not take is lost, and counted.
	AuditTo io.Writer
}

// Limits is how much a relay allows. For each number, 0 stands for the default
// and a negative one for no limit.
type Limits = limit.Config

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
	// default what the namespace "" says, and nothing without that.
	Default *channel.Op
	// Message is the most bytes of one publication, besides that of all;
	// PublishRate is how many a connection may make in a second on all of the
	// namespace's channels. Default no limit.
	Message     int
	PublishRate int
}

// guarded reports whether tokens count.
func (c Config) guarded() bool { return c.JWTSecret != "" || c.JWKS != "" }

func (c Config) limits() limit.Config {
	limits := c.Limits
	limits.Namespaces = make(map[string]limit.Namespace, len(c.Namespaces))
	for name, ns := range c.Namespaces {
		limits.Namespaces[name] = limit.Namespace{Message: ns.Message, PublishRate: ns.PublishRate}
	}
	return limits
}

func (c Config) access() map[string]auth.Access {
	access := make(map[string]auth.Access, len(c.Namespaces))
	for name, ns := range c.Namespaces {
		a := auth.Access{}
		if ns.Default != nil {
			a.Default, a.DefaultSet = *ns.Default, true
		}
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

func (c Config) withDefaults() Config {
	c.EmbeddedAddr = cmp.Or(c.EmbeddedAddr, "127.0.0.1:0")
	if c.Pages == nil {
		c.Pages = http.HandlerFunc(api.NotFound)
	}
	c.PingInterval = cmp.Or(c.PingInterval, 25*time.Second)
	c.CheckInterval = cmp.Or(c.CheckInterval, 2*time.Second)
	c.ProbeInterval = cmp.Or(c.ProbeInterval, time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Ops.Node = cmp.Or(c.Ops.Node, "relay-"+strings.ToLower(rand.Text()[:4]))
	if _, said := c.Namespaces[ops.Space]; !said && c.Ops.reserves() {
		c.Namespaces = maps.Clone(c.Namespaces)
		if c.Namespaces == nil {
			c.Namespaces = make(map[string]Namespace)
		}
		c.Namespaces[ops.Space] = opsNamespace(c.JWTSecret == "" && c.JWKS == "")
	}
	return c
}
