package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Handler is told what happens on the channels that the broker listens to. Its
// methods are called from one goroutine, the one that reads from Redis, and
// must not block.
type Handler interface {
	// HandlePublication takes a publication; prev is the id of the one before it
	// on its channel.
	HandlePublication(pub protocol.Publication, prev string)
	// HandleResubscribed says that publications of a channel may have been
	// missed, because the link to Redis was down.
	HandleResubscribed(channel string)
	// HandlePresence takes somebody's coming or going: one of join and leave is
	// set.
	HandlePresence(channel string, join, leave *protocol.Member)
}

// Policy is how a namespace's channels are kept.
type Policy struct {
	// HistorySize is how many publications a channel keeps; default 1000.
	HistorySize int
	// HistoryAge is how long it keeps them; default one hour.
	HistoryAge time.Duration
}

func (p Policy) withDefaults(d Policy) Policy {
	return Policy{HistorySize: cmp.Or(p.HistorySize, d.HistorySize), HistoryAge: cmp.Or(p.HistoryAge, d.HistoryAge)}
}

// Config says where Redis is and how channels are kept there.
type Config struct {
	// URL is redis://… or rediss://…, as go-redis parses it. Required.
	URL string
	// Prefix stands before every channel name in Redis. It has no braces.
	Prefix string
	// Handler receives the publications. Required.
	Handler Handler
	// Log receives what an operator should know. Required.
	Log *slog.Logger
	// MessageLimit is the most bytes that a foreign message may have; larger
	// ones are dropped. Required.
	MessageLimit int
	// Policies are the namespaces' policies by their names. That of "" is for
	// channels without a namespace, and the default of all others.
	Policies map[string]Policy
	// ProbeInterval is the time between two probes; default one second.
	ProbeInterval time.Duration
}

const (
	// metaAge keeps a channel's epoch and offset well past its history, so that
	// whoever returns late is told that there is a gap, and how large.
	metaAge = 7 * 24 * time.Hour
	// keyAge is how long an idempotency key protects.
	keyAge = 5 * time.Minute
	// timeout bounds a command that Redis does not answer.
	timeout = 3 * time.Second
)

// Broker talks to one Redis. All its methods may be called concurrently.
type Broker struct {
	cfg    Config
	rdb    *redis.Client
	topics *topics
	probe  *probe

	queue      chan *request
	publishers sync.RWMutex // read-locked while somebody may queue a request or start a read

	reads   reads
	reading chan struct{} // holds a token for each history that is being read
	seen    seen
	dropped drops
	failed  failures

	ctx    context.Context // ends when the broker is closed
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New starts a broker. It does not wait for Redis: what needs it fails with
// [protocol.CodeUnavailable] until it is there. The error is about the Config.
func New(cfg Config) (*Broker, error) {
	opt, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, badURL(err)
	}
	if strings.ContainsAny(cfg.Prefix, "{}") {
		return nil, errors.New("a prefix has no braces: they say where a cluster keeps a key")
	}
	if cfg.ProbeInterval == 0 {
		cfg.ProbeInterval = time.Second
	}
	opt.MaxRetries = -1 // see the package comment
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = timeout, timeout, timeout
	opt.ContextTimeoutEnabled = true
	opt.DisableIdentity = true
	opt.Protocol = 2
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	ctx, cancel := context.WithCancel(context.Background())
	b := &Broker{
		cfg: cfg, rdb: redis.NewClient(opt), queue: make(chan *request, queueLen), reading: make(chan struct{}, readers),
		topics: newTopics(), probe: newProbe(), ctx: ctx, cancel: cancel,
	}
	b.done.Go(b.publishLoop)
	b.done.Go(b.linkLoop)
	return b, nil
}

// badURL says what is wrong with a URL without repeating it, since it may hold
// a password and the error goes to the log.
func badURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		err = parse.Err
	}
	return errors.New("redis URL: " + strings.TrimPrefix(err.Error(), "redis: "))
}

// Close ends the broker and waits for its goroutines. Publishes that wait fail.
func (b *Broker) Close() error {
	b.cancel()
	b.done.Wait()
	return b.rdb.Close()
}

// Redis returns the client, for what else is kept there. It is closed with the
// broker.
func (b *Broker) Redis() redis.UniversalClient { return b.rdb }

func (b *Broker) metaKey(channel string) string {
	return "fanlight/meta/{" + b.cfg.Prefix + channel + "}"
}

func (b *Broker) streamKey(channel string) string {
	return "fanlight/stream/{" + b.cfg.Prefix + channel + "}"
}

func (b *Broker) resultKey(channel, key string) string {
	return "fanlight/key/{" + b.cfg.Prefix + channel + "}/" + key
}

// policy returns how a channel is kept.
func (b *Broker) policy(name string) Policy {
	common := b.cfg.Policies[""].withDefaults(Policy{HistorySize: 1000, HistoryAge: time.Hour})
	return b.cfg.Policies[channel.Namespace(name)].withDefaults(common)
}

// unavailable returns what a client is told of a failure. Its text is for the
// log alone: it holds addresses, and what else Redis and the network may say.
func (b *Broker) unavailable(err error) *protocol.Error {
	switch {
	case errors.Is(err, errClosed):
		return &protocol.Error{Code: protocol.CodeUnavailable, Message: errClosed.Error()}
	case errors.Is(err, context.Canceled): // whoever asked is gone
	default:
		b.failed.add(b.cfg.Log, err)
	}
	return &protocol.Error{Code: protocol.CodeUnavailable, Message: "Redis does not answer"}
}

// newID returns 26 letters and digits that nobody else will come upon.
func newID() string { return rand.Text() }

// newEpoch returns eight letters and digits: short, since every publication
// bears them, and enough to tell the few lives of one channel apart.
func newEpoch() string { return strings.ToLower(rand.Text()[:8]) }
