package client

import (
	"context"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

// Client keeps one connection to a server. Its methods may be called from
// several goroutines at once.
type Client struct {
	cfg  Config // resolved
	dial dialer

	ctx    context.Context // done when Close is called
	cancel context.CancelFunc
	done   chan struct{} // closed when the last goroutine has ended

	retry chan struct{} // ends the wait before the next attempt
	kick  chan struct{} // there is an event to tell though nothing is read

	telling sync.Mutex // one event at a time

	tap atomic.Pointer[func(sent bool, frame []byte)] // nil unless somebody looks

	mu      sync.Mutex
	ended   error // what methods answer once the client has come to its end
	session *session
	limits  protocol.Limits
	subs    map[string]*subscription
	order   []*subscription // the same, in the order in which they were first wanted
	queue   queue
}

// New starts a client; it connects in the background. The error names the
// field of the config that is at fault.
func New(cfg Config) (*Client, error) { return start(cfg, dial) }

func start(cfg Config, dial dialer) (*Client, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:    cfg,
		dial:   dial,
		done:   make(chan struct{}),
		retry:  make(chan struct{}, 1),
		kick:   make(chan struct{}, 1),
		limits: protocol.DefaultLimits,
		subs:   map[string]*subscription{},
		queue:  queue{bound: cfg.Queue},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// Subscribe asks for a channel's publications from now on; after a reconnect,
// from where it was. Events tell the outcome: [Subscribed] or [Refused].
//
// The error is local: an [*protocol.Error] for a name outside the grammar
// (channel_invalid) or a channel that is wanted already (already_subscribed),
// or one that matches [ErrClosed].
func (c *Client) Subscribe(channel string) error {
	return c.SubscribeWith(channel, SubscribeOptions{})
}

// SubscribeOptions say where a subscription begins, by Since or Rewind and not
// both (neither means now), and what of the channel it is about.
type SubscribeOptions struct {
	// Since is where the application left off, as [Client.Position] told it:
	// what came after that is recovered.
	Since *protocol.Since
	// Rewind begins in the past. Its limits are the server's.
	Rewind *protocol.Rewind
	// Filter lets through only publications whose tags it is true of, as in
	// [protocol.Subscribe]. It holds until the channel is left.
	Filter string
}

// SubscribeWith is [Client.Subscribe], beginning elsewhere than now, or with a
// filter. Once the server has taken the subscription, Since and Rewind have had
// their use: after a reconnect the client goes on from where it stands.
//
// The error may also be bad_request or filter_invalid, for options that can't
// be. What only the server can judge leads to [Refused].
func (c *Client) SubscribeWith(channel string, from SubscribeOptions) error {
	if err := checkChannel(channel); err != nil {
		return err
	}
	if err := from.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return c.ended
	}
	s := c.subs[channel]
	switch {
	case s == nil:
		s = &subscription{channel: channel}
		c.subs[channel] = s
		c.order = append(c.order, s)
	case s.wanted:
		return &protocol.Error{Code: protocol.CodeAlreadySubscribed, Message: "this client has the channel already", Field: "channel"}
	}
	s.wanted, s.position, s.rewind, s.mended = true, nil, nil, false
	s.filter = from.Filter
	if from.Since != nil {
		s.position = new(*from.Since)
	}
	if from.Rewind != nil {
		s.rewind = new(*from.Rewind)
	}
	c.pursue(s)
	return nil
}

func (o *SubscribeOptions) check() error {
	const most = 128 // bytes; ours have some thirty. It must not fill a frame.
	if len(o.Filter) > protocol.MaxFilter || !utf8.ValidString(o.Filter) {
		return &protocol.Error{
			Code: protocol.CodeFilterInvalid, Field: "filter", Limit: protocol.MaxFilter,
			Message: "the filter is too long, or no UTF-8",
		}
	}
	switch s := o.Since; {
	case s == nil:
		return nil
	case o.Rewind != nil:
		return &protocol.Error{Code: protocol.CodeBadRequest, Message: "give since or rewind, not both", Field: "rewind"}
	case len(s.Epoch)+len(s.Last) > most || s.Epoch == "" && s.Offset > 0:
		return &protocol.Error{Code: protocol.CodeBadRequest, Message: "that is no position", Field: "since"}
	default:
		return nil
	}
}

// Position returns where the client stands in a channel: at the last
// publication that OnEvent was told of or is being told of, or where the
// server or [SubscribeOptions.Since] has it begin. Keep it, and a later
// [Client.SubscribeWith] goes on from there. It reports false for a channel that
// is not subscribed to, or has not begun.
func (c *Client) Position(channel string) (protocol.Since, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[channel]
	if s == nil || !s.wanted || s.position == nil {
		return protocol.Since{}, false
	}
	return *s.position, true
}

// Unsubscribe ends a subscription; [Unsubscribed] follows, and nothing of the
// channel after that.
//
// The error is local: an [*protocol.Error] (not_subscribed), or one that
// matches [ErrClosed].
func (c *Client) Unsubscribe(channel string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return c.ended
	}
	s := c.subs[channel]
	if s == nil || !s.wanted {
		return &protocol.Error{Code: protocol.CodeNotSubscribed, Message: "this client does not have the channel", Field: "channel"}
	}
	s.wanted = false
	s.owed++
	c.pursue(s)
	return nil
}

// Publish sends data (marshalled by encoding/json; a json.RawMessage goes as it
// is, save for line breaks between its values) and waits until the server has
// stored it. While there is no connection it waits for one; the context bounds
// the wait.
//
// The result is nil error and the position in the channel's history, or:
//
//   - an [*protocol.Error], from here (a bad channel name, data that is not
//     JSON, or too large) or from the server: it was not published. The codes
//     unavailable and rate_limited are never returned: then the client tries
//     again, after as long as the server asks for.
//   - [ErrQueueFull]: it was not published.
//   - the context's error, or one that matches [ErrClosed]: it may or may not
//     have been published, now or shortly.
//
// Publishes go out in the order of the calls, also again after a reconnect. One
// that the server did not take at the time can be overtaken by those that were
// under way with it.
func (c *Client) Publish(ctx context.Context, channel string, data any) (protocol.Published, error) {
	return c.PublishWith(ctx, channel, data, PublishOptions{})
}

// PublishOptions say more about a publication.
type PublishOptions struct {
	// Tags are what filters look at: see [protocol.Tags]. An int will do for a
	// number.
	Tags protocol.Tags
	// Key is the idempotency key, for an application that keeps its messages
	// and may send one again after it was started anew: within five minutes,
	// the same key on the same channel is stored once. At most [protocol.MaxKey]
	// bytes of printable ASCII, without quotes and backslashes. Without one, the
	// client makes one that nobody else has.
	Key string
}

// PublishWith is [Client.Publish] with options. Its error may also be
// tags_invalid, or bad_request for a key that can't be.
func (c *Client) PublishWith(ctx context.Context, channel string, data any, with PublishOptions) (protocol.Published, error) {
	if err := checkChannel(channel); err != nil {
		return protocol.Published{}, err
	}
	raw, err := encode(data)
	if err != nil {
		return protocol.Published{}, err
	}
	tags, err := encodeTags(with.Tags)
	if err != nil {
		return protocol.Published{}, err
	}
	key, err := checkKey(with.Key)
	if err != nil {
		return protocol.Published{}, err
	}
	p := &call{channel: channel, data: raw, tags: tags, key: key, done: make(chan struct{})}
	if err := c.call(ctx, p); err != nil {
		return protocol.Published{}, err
	}
	return *p.answer.Published, nil
}

// Presence asks who is on a channel, subscribed to or not. It waits, and fails,
// as [Client.Publish] does.
func (c *Client) Presence(ctx context.Context, channel string) (protocol.Presence, error) {
	if err := checkChannel(channel); err != nil {
		return protocol.Presence{}, err
	}
	p := &call{channel: channel, done: make(chan struct{})}
	if err := c.call(ctx, p); err != nil {
		return protocol.Presence{}, err
	}
	return *p.answer.Presence, nil
}

// call waits until the call has its answer or the context ends.
func (c *Client) call(ctx context.Context, p *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.enqueue(p); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if c.forget(p) {
		return ctx.Err()
	}
	<-p.done // the answer came at the same time
	return p.err
}

func (c *Client) enqueue(p *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return c.ended
	case len(p.data) > c.limits.Message:
		return &protocol.Error{
			Code: protocol.CodeTooLarge, Message: "the data is larger than the server takes",
			Field: "data", Limit: c.limits.Message,
		}
	case c.queue.full():
		return ErrQueueFull
	}
	c.queue.push(p)
	if c.session != nil {
		c.session.wakeWriter()
	}
	return nil
}

// forget gives a call up, and reports false when it has its answer already.
func (c *Client) forget(p *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.sent && c.session != nil {
		delete(c.session.asked, p.id)
	}
	return c.queue.remove(p)
}

// Reconnect ends the wait before the next attempt to connect, if there is one:
// for a button that says "try now".
func (c *Client) Reconnect() { poke(c.retry) }

// nudge is for when the world may have changed: try at once, or see whether
// the link still works.
func (c *Client) nudge() {
	c.Reconnect()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil && c.session.ready {
		c.session.pulse.urgent = true
		c.session.wakeWriter()
	}
}

// Close ends the connection and waits until OnEvent will not be called again,
// for which a dead link needs up to a second. The last event is a final
// [Disconnected]. Calls that wait get [ErrClosed]. Its error is always nil;
// more calls do nothing but wait.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.cancel()
	<-c.done
	return nil
}

// end makes every later call answer err, and those that wait.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = err
		c.queue.fail(err)
	}
}

// pursue sees to it that a subscription's next step is taken.
func (c *Client) pursue(s *subscription) {
	if c.session != nil && c.session.ready {
		c.session.list(s)
		return
	}
	poke(c.kick)
}

// poke puts a token into a channel that holds one.
func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
