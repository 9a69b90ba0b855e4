package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Config says what a session is made of. All but Flush and whose it is are
// required.
type Config struct {
	Node     *node.Node
	Link     Link
	Encoding hub.Encoding
	// Outbox is the most bytes that may wait to be written.
	Outbox int
	// Limits bound what the session may take, and are closed with it; nil bounds
	// nothing.
	Limits *limit.Conn
	// From is the address at the other end, and Way how it came in.
	From netip.Addr
	Way  string
	// Flush is the time within which items are gathered; 0 sends at once.
	Flush time.Duration
}

// maxInFlight is how many publishes of one session may wait for Redis; the
// next one waits until one of them is answered.
const maxInFlight = 64

// Session is one connection. Its methods may be called concurrently.
type Session struct {
	id       string
	node     *node.Node
	encoding hub.Encoding
	limits   *limit.Conn
	out      outbox
	ctx      context.Context // ends with the session
	cancel   context.CancelFunc
	inFlight chan struct{}
	recovery chan struct{}  // holds a token while there is one: see recovery.go
	answers  sync.WaitGroup // subscribes that are still out

	mu      sync.Mutex
	caller  node.Caller
	unwatch func() // ends the watch over the identity
	left    bool
	subs    []subscription // few: a scan beats a map, and is smaller
}

type subscription struct {
	*node.Subscription
	cancel context.CancelFunc // ends the wait for its start
}

func newSession(cfg Config) *Session {
	s := &Session{
		id: rand.Text()[:16], node: cfg.Node, encoding: cfg.Encoding, limits: cfg.Limits,
		inFlight: make(chan struct{}, maxInFlight),
		recovery: make(chan struct{}, 1),
		unwatch:  func() {},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.caller = node.Caller{Limits: cfg.Limits, From: cfg.From, Way: cfg.Way}
	s.out = outbox{link: cfg.Link, limit: cfg.Outbox, flush: cfg.Flush, leave: s.leave, closed: s.limits.Close, done: make(chan struct{})}
	return s
}

// ID returns what the server calls this connection.
func (s *Session) ID() string { return s.id }

// Context ends with the session.
func (s *Session) Context() context.Context { return s.ctx }

// Encoding returns the form in which it wants publications.
func (s *Session) Encoding() hub.Encoding { return s.encoding }

// SetFlush changes the flush interval from the next write on.
func (s *Session) SetFlush(d time.Duration) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.out.flush = d
}

// Deliver queues a publication; Send queues anything else. Neither blocks.
// When the outbox is full, the session ends.
func (s *Session) Deliver(encoded []byte) { s.Send(encoded) }

// Send queues an item: see Deliver.
func (s *Session) Send(item []byte) { s.queue(item, live) }

func (s *Session) queue(item []byte, k kind) {
	if !s.out.add(item, k) {
		s.limits.Refused(limit.Outbox)
		first := s.out.end(&protocol.Error{
			Code: protocol.CodeSlowConsumer, Limit: s.out.limit,
			Message: "messages come faster than they are read",
		}, true)
		if first {
			s.out.tally.slow.Add(1)
		}
	}
}

// End ends the session. What is queued is still sent; then the connection is
// closed with the reason, or without a word if it is nil. It does not wait;
// only the first call counts.
func (s *Session) End(why *protocol.Error) { s.out.end(why, why == nil) }

// Done is closed when the connection is closed and nothing of the session
// runs any more, but for a Read of the transport's.
func (s *Session) Done() <-chan struct{} { return s.out.done }

// Subscribe adds a channel; done is called once, later, unless an error is
// returned: with where the subscription begins, before its first publication
// is queued, or with why there is none. It must not block.
// The channel counts as subscribed to from here on, whatever Redis takes its
// time for: subscribes and unsubscribes of one goroutine take effect in order.
//
// One that recovers waits until the recovery before it is over.
func (s *Session) Subscribe(req protocol.Subscribe, done func(protocol.Subscribed, error)) error {
	over, err := s.beginRecovery(&req)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	sub, err := s.reserve(req, cancel)
	if err != nil {
		cancel()
		over()
		return err
	}
	go func() {
		defer s.answers.Done()
		defer over()
		defer cancel()
		err := s.node.Start(ctx, sub, func(answer protocol.Subscribed) { done(answer, nil) })
		if err == nil {
			return
		}
		s.node.Unsubscribe(sub, false)
		if !s.release(sub) { // somebody else has: that is why
			err = notSubscribed(req.Channel)
		}
		done(protocol.Subscribed{}, err)
	}()
	return nil
}

// reserve takes the channel's place, so that nobody subscribes to it twice,
// and registers an answer that the session has to wait for.
func (s *Session) reserve(req protocol.Subscribe, cancel context.CancelFunc) (*node.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mayReserve(&req); err != nil {
		s.node.Refused(s.caller, ops.OpSubscribe, req.Channel, err)
		return nil, err
	}
	sub, err := s.node.Subscribe(s.caller, req, protocol.Member{Client: s.id, User: s.caller.User}, s)
	if err != nil {
		return nil, err
	}
	s.subs = append(s.subs, subscription{sub, cancel})
	s.answers.Add(1)
	return sub, nil
}

// mayReserve returns nil if there is a place for the channel. The lock is held.
func (s *Session) mayReserve(req *protocol.Subscribe) error {
	if err := node.CheckSubscribe(req); err != nil {
		return err
	}
	most := s.node.Limits().Subscriptions
	switch {
	case s.left:
		return closing()
	case s.find(req.Channel) >= 0:
		return &protocol.Error{Code: protocol.CodeAlreadySubscribed, Field: "channel", Message: "already subscribed to " + req.Channel}
	case len(s.subs) >= most:
		s.limits.Refused(limit.Subscriptions)
		return &protocol.Error{
			Code: protocol.CodeTooManySubscriptions, Field: "channel", Limit: most,
			Message: fmt.Sprintf("a connection has at most %d subscriptions", most),
		}
	}
	return nil
}

// release gives the subscription's place up, and reports whether it had one.
func (s *Session) release(sub *node.Subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.subs, func(c subscription) bool { return c.Subscription == sub })
	if i < 0 {
		return false
	}
	s.subs = slices.Delete(s.subs, i, i+1)
	return true
}

// Unsubscribe removes a channel: after it returned, nothing more is queued of
// it. A Subscribe that is still under way then fails with CodeNotSubscribed.
func (s *Session) Unsubscribe(channel string) error {
	s.mu.Lock()
	i := s.find(channel)
	if i < 0 {
		from := s.caller
		s.mu.Unlock()
		err := notSubscribed(channel)
		s.node.Refused(from, ops.OpUnsubscribe, channel, err)
		return err
	}
	c := s.subs[i]
	s.subs = slices.Delete(s.subs, i, i+1)
	s.mu.Unlock()
	s.node.Unsubscribe(c.Subscription, false)
	c.cancel()
	return nil
}

// Publish hands a message on; done is called once, later, unless an error is
// returned. Messages from one goroutine keep their order. While too many are
// unanswered it waits.
func (s *Session) Publish(p protocol.Publish, done func(protocol.Published, error)) error {
	if err := s.acquire(); err != nil {
		return err
	}
	err := s.node.Publish(s.ctx, s.Caller(), p, func(published protocol.Published, err error) {
		<-s.inFlight
		done(published, err)
	})
	if err != nil {
		<-s.inFlight
	}
	return err
}

// Presence asks who is on a channel; done is called once, later, unless an
// error is returned. While too many answers are out it waits.
func (s *Session) Presence(channel string, done func(protocol.Presence, error)) error {
	if err := s.acquire(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		<-s.inFlight
		return closing()
	}
	from := s.caller
	s.answers.Go(func() {
		present, err := s.node.Presence(s.ctx, from, channel)
		<-s.inFlight
		done(present, err)
	})
	return nil
}

// acquire takes a place among the answers that are out, or waits for one.
func (s *Session) acquire() error {
	select {
	case s.inFlight <- struct{}{}:
	case <-s.ctx.Done():
		return closing()
	}
	if s.ctx.Err() != nil {
		<-s.inFlight
		return closing()
	}
	return nil
}

// Moved calls yield for each subscription to which nothing was delivered since
// the last call, with where its channel stands.
func (s *Session) Moved(yield func(protocol.Moved)) {
	s.yield((*node.Subscription).Quiet, yield)
}

// Skipped calls yield for each subscription of which a filter held something
// back since its subscriber was last told where the channel stands.
func (s *Session) Skipped(yield func(protocol.Moved)) {
	s.yield((*node.Subscription).Skipped, yield)
}

func (s *Session) yield(at func(*node.Subscription) (protocol.Since, bool), yield func(protocol.Moved)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		if at, ok := at(sub.Subscription); ok {
			yield(protocol.Moved{
				Channel: sub.Channel(), Last: at.Last,
				Position: protocol.Position{Epoch: at.Epoch, Offset: at.Offset},
			})
		}
	}
}

// leave ends the subscriptions, and waits for those that are being made.
func (s *Session) leave() {
	s.cancel()
	s.mu.Lock()
	s.left = true
	subs, unwatch := s.subs, s.unwatch
	s.subs = nil
	s.mu.Unlock()
	unwatch()
	for _, c := range subs {
		s.node.Unsubscribe(c.Subscription, true)
	}
	s.answers.Wait()
}

// find returns the index of a channel, or -1. The lock is held.
func (s *Session) find(channel string) int {
	return slices.IndexFunc(s.subs, func(c subscription) bool { return c.Channel() == channel })
}

func notSubscribed(channel string) error {
	return &protocol.Error{Code: protocol.CodeNotSubscribed, Field: "channel", Message: "not subscribed to " + channel}
}

func closing() *protocol.Error {
	return &protocol.Error{Code: protocol.CodeShutdown, Message: "the connection is closing"}
}
