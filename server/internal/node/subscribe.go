package node

import (
	"context"
	"strconv"
	"sync"
	"time"

	"fanlight/server/internal/broker"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/recovery"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// subscribeTimeout bounds the wait for Redis's confirmation.
const subscribeTimeout = 5 * time.Second

// Subscription is one subscriber on one channel.
type Subscription struct {
	request   protocol.Subscribe
	from      Caller
	who       protocol.Member
	demanded  []string     // filters that the grants demand
	aware     bool         // hears who comes and goes
	filters   []hub.Filter // these, and the request's own
	hub       *hub.Subscription
	confirmed <-chan struct{}

	mu      sync.Mutex
	started bool // and that is audited, so its end will be
	left    bool
}

// Channel returns the channel's name.
func (s *Subscription) Channel() string { return s.request.Channel }

// Subscribe asks for a channel, and does not wait. The member is present there
// once it has started. Nothing is delivered before
// [Node.Start]; whatever becomes of it, [Node.Unsubscribe] has to end it.
func (n *Node) Subscribe(from Caller, req protocol.Subscribe, who protocol.Member, sub hub.Subscriber) (*Subscription, error) {
	s, err := n.subscribe(from, req, who, sub)
	if err != nil {
		n.Refused(from, ops.OpSubscribe, req.Channel, err)
	}
	return s, err
}

func (n *Node) subscribe(from Caller, req protocol.Subscribe, who protocol.Member, sub hub.Subscriber) (*Subscription, error) {
	demanded, filters, err := n.maySubscribe(from, &req)
	if err != nil {
		return nil, err
	}
	n.interest.Lock()
	defer n.interest.Unlock()
	if listening, listens := n.hub.Channels(req.Channel); !listens {
		if err := n.limiter.Channels(listening); err != nil {
			return nil, err
		}
	}
	joined := n.hub.Join(req.Channel, sub, filters...)
	aware := n.mayKnowWho(from.Who, req.Channel)
	if !aware {
		joined.HidePresence()
	}
	return &Subscription{
		request: req, from: from, who: who, demanded: demanded, aware: aware, filters: filters, hub: joined,
		confirmed: n.broker.Subscribe(req.Channel),
	}, nil
}

// maySubscribe checks a request, and returns the filters that the caller's
// grants demand, and all that apply.
func (n *Node) maySubscribe(from Caller, req *protocol.Subscribe) (demanded []string, filters []hub.Filter, err error) {
	if err := CheckSubscribe(req); err != nil {
		return nil, nil, err
	}
	if demanded, err = n.authorize(from, channel.Subscribe, req.Channel); err != nil {
		return nil, nil, err
	}
	if r := req.Rewind; r != nil && r.Count > 0 {
		if err := n.checkPage(from, "rewind.count", r.Count); err != nil {
			return nil, nil, err
		}
	}
	filters, err = n.filtersOf(req.Filter, req.Channel, demanded)
	return demanded, filters, err
}

// CheckSubscribe returns nil for a request that makes sense, else a
// [*protocol.Error] that names the field.
func CheckSubscribe(req *protocol.Subscribe) error {
	if err := CheckChannel(req.Channel); err != nil {
		return err
	}
	bad := func(field, message string, limit int) error {
		return &protocol.Error{Code: protocol.CodeBadRequest, Field: field, Message: message, Limit: limit}
	}
	s, r := req.Since, req.Rewind
	switch {
	case s != nil && r != nil:
		return bad("rewind", "give since or rewind, not both", 0)
	case s != nil && s.Epoch == "" && s.Offset > 0:
		return bad("since.epoch", "an offset needs its epoch", 0)
	case s != nil && (len(s.Epoch) > maxID || len(s.Last) > maxID):
		return bad("since", "no position of ours is that long", maxID)
	case r != nil && (r.Count < 0 || r.Count > protocol.MaxRewind):
		return bad("rewind.count", "a rewind has 1 to "+strconv.Itoa(protocol.MaxRewind)+" publications", protocol.MaxRewind)
	case r != nil && (r.Age < 0 || r.Age > maxAge):
		return bad("rewind.age", "a rewind goes back a year at the most", maxAge)
	case r != nil && (r.Count > 0) == (r.Age > 0):
		return bad("rewind", "give count or age, one of them", 0)
	}
	return nil
}

const (
	// maxID is more than any epoch or id of ours is long.
	maxID = 64
	// maxAge is a year, in milliseconds.
	maxAge = 365 * 24 * 3600 * 1000
)

// Quiet returns where a subscription's channel stands, if nothing was
// delivered to it since it was last asked.
func (s *Subscription) Quiet() (protocol.Since, bool) { return s.hub.Quiet() }

// Skipped returns where a subscription's channel stands, if a filter held
// anything back since that was last told.
func (s *Subscription) Skipped() (protocol.Since, bool) { return s.hub.Skipped() }

// Start waits for Redis and lets the deliveries begin. When it returns nil,
// started was called with where the subscription begins, and the publications
// after that are delivered, in order and without hole, until
// [Node.Unsubscribe]: first those of the history that the request wants, then
// the live ones. started must not block.
//
// The order of the steps is what makes it exact: gather what arrives; have
// Redis confirm; read the history; deliver it; let go of what came after its
// end. A message published before the confirmation is in the history that is
// read after it, and a message after the confirmation is gathered.
//
// The error is a [*protocol.Error]; CodeUnavailable when Redis does not answer
// in time, and of no meaning when the subscription was ended meanwhile.
func (n *Node) Start(ctx context.Context, s *Subscription, started func(protocol.Subscribed)) error {
	err := n.start(ctx, s, started)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		why := err
		if s.left || ctx.Err() != nil { // it is not Redis that failed
			why = &protocol.Error{Code: protocol.CodeNotSubscribed, Field: "channel", Message: "ended before it had begun"}
		}
		n.note(s.from, ops.OpSubscribe, s.Channel(), protocol.Position{}, why)
		return err
	}
	s.started = true
	n.note(s.from, ops.OpSubscribe, s.Channel(), protocol.Position{}, nil)
	if s.left { // since then
		n.note(s.from, ops.OpUnsubscribe, s.Channel(), protocol.Position{}, nil)
	}
	return nil
}

func (n *Node) start(ctx context.Context, s *Subscription, started func(protocol.Subscribed)) error {
	ctx, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	select {
	case <-s.confirmed:
	case <-ctx.Done():
		return &protocol.Error{Code: protocol.CodeUnavailable, Message: "Redis did not confirm the subscription"}
	}
	history, verdict, past, err := n.past(ctx, &s.request, s.filters)
	if err != nil {
		return err
	}
	answer := protocol.Subscribed{
		Channel: s.request.Channel, Position: history.Position, Last: history.Last,
		Recovered: past.Len(), Gap: verdict.Gap, Reset: verdict.Reset, Filtered: len(s.filters) > 0,
	}
	began := func() {
		n.enter(s) // first: whoever has the answer may ask who is there
		started(answer)
	}
	if !s.hub.Start(history.Since(), past, began) {
		return &protocol.Error{Code: protocol.CodeUnavailable, Message: "too many messages arrived while subscribing"}
	}
	return nil
}

// past reads what a subscription begins with, and applies its filters; they
// matter to how far a count goes back.
func (n *Node) past(ctx context.Context, req *protocol.Subscribe, filters []hub.Filter) (h *recovery.History, v recovery.Verdict, past *hub.Past, err error) {
	switch {
	case req.Since != nil:
		if h, v, err = n.since(ctx, req.Channel, *req.Since); err != nil {
			return nil, v, nil, err
		}
		return h, v, hub.PastOf(h).Select(filters), nil
	case req.Rewind != nil && req.Rewind.Count > 0:
		if h, past, err = n.page(ctx, req.Channel, broker.Query{Reverse: true, Limit: req.Rewind.Count}, filters); err != nil {
			return nil, v, nil, err
		}
		return h, v, past.Reversed(), nil
	case req.Rewind != nil:
		if h, err = n.broker.History(ctx, req.Channel, broker.Query{Age: time.Duration(req.Rewind.Age) * time.Millisecond}); err != nil {
			return nil, v, nil, err
		}
		return h, v, hub.PastOf(h).Select(filters), nil
	default:
		h, err = n.broker.History(ctx, req.Channel, broker.Query{Reverse: true, Limit: 1})
		return h, v, nil, err
	}
}

// since reads what follows a position, and judges it.
func (n *Node) since(ctx context.Context, name string, since protocol.Since) (*recovery.History, recovery.Verdict, error) {
	h, err := n.broker.History(ctx, name, broker.Query{After: since.Offset})
	if err != nil {
		return nil, recovery.Verdict{}, err
	}
	if !h.Belongs(since) && since.Offset > 0 {
		whole, err := n.broker.History(ctx, name, broker.Query{}) // all of it, then
		if err != nil {
			return nil, recovery.Verdict{}, err
		}
		judged := *whole // it is shared
		judged.At = h.At
		h = &judged
	}
	return h, recovery.Judge(since, h), nil
}

// Unsubscribe ends a subscription; ended says that its whole connection is at
// its end. After it returned, nothing more is delivered, and a Start that is
// under way fails. Calling it twice is harmless.
func (n *Node) Unsubscribe(s *Subscription, ended bool) {
	n.interest.Lock()
	if n.hub.Leave(s.hub) {
		n.broker.Unsubscribe(s.request.Channel)
	}
	n.interest.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started && !s.left {
		n.note(s.from, ops.OpUnsubscribe, s.Channel(), protocol.Position{}, nil)
	}
	s.left = true
	n.presence.Leave(s.request.Channel, s.who.Client, ended)
}
