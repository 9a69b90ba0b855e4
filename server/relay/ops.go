package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/server/internal/audit"
	"fanlight/server/internal/report"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// opsHistory is how many publications the channels of package ops keep: ten
// minutes of one relay's samples, and no more than a rewind may ask for.
const opsHistory = 600

// reserves reports whether channels are the relay's own.
func (o Ops) reserves() bool { return o.Metrics || o.Audit }

// CheckNode returns nil for a name that [Ops.Node] may be.
func CheckNode(name string) error {
	if name == "" || len(name) > 64 {
		return errors.New("a relay's name has 1 to 64 characters")
	}
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '-' && c != '_' {
			return fmt.Errorf("%.100q is no relay's name: it has letters, digits, dots, dashes and underscores", name)
		}
	}
	return nil
}

// opsNamespace is how these channels are kept unless the configuration says.
func opsNamespace(open bool) Namespace {
	var may channel.Op
	if open {
		may = channel.Subscribe | channel.History
	}
	return Namespace{HistorySize: opsHistory, HistoryAge: time.Hour, Anonymous: &may, Default: &may}
}

// teller is what tells of the relay, and what it needs to.
type teller struct {
	audit    *audit.Log       // nil for none
	reporter *report.Reporter // nil for none
	stop     context.CancelFunc
	running  sync.WaitGroup

	published, refused atomic.Uint64
}

// newTeller returns one that says nothing yet: what it says goes through the
// node, which tells it of what is asked for.
func (r *Relay) newTeller(cfg Config) *teller {
	t := &teller{stop: func() {}}
	if cfg.Ops.Audit || cfg.Ops.AuditTo != nil {
		c := audit.Config{Node: cfg.Ops.Node, File: cfg.Ops.AuditTo, Ready: r.flows, Limit: r.limiter.Config().Message, Log: cfg.Log}
		if cfg.Ops.Audit {
			c.Publish = r.tell
		}
		t.audit = audit.New(c)
	}
	if cfg.Ops.Metrics {
		build, high := cfg.Build, r.sessions.HighWater()
		t.reporter = report.New(report.Config{Node: cfg.Ops.Node, Publish: r.tell, Log: cfg.Log, Note: func() ops.Sample {
			s := r.sample(high())
			s.Build = build
			return s
		}})
	}
	return t
}

// start begins to tell.
func (t *teller) start() {
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	if t.audit != nil {
		t.running.Go(func() { t.audit.Run(ctx) })
	}
	if t.reporter != nil {
		t.running.Go(func() { t.reporter.Run(ctx) })
	}
}

// end has the last told, as far as it goes until the context ends.
func (t *teller) end(ctx context.Context) {
	t.stop()
	told := make(chan struct{})
	go func() {
		t.running.Wait()
		close(told)
	}()
	select {
	case <-told:
	case <-ctx.Done(): // the node's end fails what is under way
	}
}

// tell publishes as the relay itself.
func (r *Relay) tell(ctx context.Context, p protocol.Publish) error {
	_, err := r.self.Publish(ctx, p)
	return err
}

// flows reports whether messages flow through Redis.
func (r *Relay) flows() bool {
	_, err := r.node.Ready()
	return err == nil
}

// sample returns what the relay counts.
func (r *Relay) sample(high int) ops.Sample {
	s := ops.Sample{
		Connections: r.sessions.Count(), Published: r.teller.published.Load(), ReceivedBytes: r.transport.Received(),
		Dropped: r.node.Dropped(), Refused: r.teller.refused.Load(), Slow: r.sessions.Slow(),
		OutboxHigh: high, OutboxLimit: r.limiter.Config().Outbox,
	}
	s.Channels, s.Subscriptions = r.node.Count()
	s.Sent, s.SentBytes = r.sessions.Sent()
	if trip, err := r.node.Ready(); err == nil {
		s.Ready, s.Probe = true, trip.Microseconds()
	}
	return s
}

// itself returns the caller that the relay itself is.
func (r *Relay) itself() *Local {
	pattern, err := channel.ParsePattern(ops.Space + ":#")
	if err != nil {
		panic("relay: " + err.Error()) // a constant
	}
	l := r.Local("fanlight relay", channel.Grants{{Pattern: pattern, Ops: channel.Publish}})
	l.from.Relay = true
	return l
}
