package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/ledger"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// flush is the length of a painted frame, rounded: what a server queues within
// it comes as one WebSocket message.
const flush = 16 * time.Millisecond

// Config says where a [Link] leads.
type Config struct {
	// URL is the server's WebSocket address.
	URL string
	// Build names the page; a server that serves another says so.
	Build string
	// User is who is at the tab, as others see it: see [StoredUser].
	User string
	// Token is as in [client.Config]; nil for nobody's.
	Token func(context.Context) (string, error)
}

// Link is the tab's connection. The zero value is ready for [Link.Watch], and
// for [Link.Open]; all methods may be called from any goroutine.
type Link struct {
	mu        sync.Mutex
	cfg       Config
	client    *client.Client // nil unless open
	lives     int            // counts the clients
	ended     bool           // the client will not come back
	suspended bool
	renew     bool // once nothing waits for an answer
	wanted    []want
	inbox     inbox
	ledger    ledger.Ledger
	told      map[string]protocol.Since // of wanted channels, as of the last batch
	pace      *pace
	watchers  map[int]*watcher
	watched   int
	hello     *client.Connected             // that the watchers know; nil while there is no connection
	tap       func(sent bool, frame []byte) // nil unless somebody looks

	delivery sync.Mutex // one flush at a time keeps the order
	closing  sync.WaitGroup
}

// watcher is somebody who is told of batches.
type watcher struct {
	tell func(Batch)
	late bool // it has to be told of the connection that is there
}

// want is a channel that is listened to.
type want struct {
	name, filter string
	rewind       *protocol.Rewind
}

// Open connects, and keeps connected until [Link.Close].
func (l *Link) Open(cfg Config) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		return nil
	}
	l.cfg = cfg
	if l.pace == nil {
		l.pace = newPace(l.flush)
	}
	return l.start()
}

// start needs the mutex. It begins with another client in place of the one that
// there may be; the channels go on where they stood.
func (l *Link) start() error {
	life := l.lives + 1
	c, err := client.New(client.Config{
		URL:     l.cfg.URL,
		Build:   l.cfg.Build,
		User:    l.cfg.User,
		Token:   l.cfg.Token,
		Flush:   flush,
		OnEvent: func(ev client.Event) { l.receive(life, ev) },
	})
	if err != nil {
		return err
	}
	for _, w := range l.wanted {
		from := client.SubscribeOptions{Filter: w.filter, Rewind: w.rewind}
		if since, ok := l.position(w.name); ok {
			from.Since, from.Rewind = &since, nil
		}
		// The names were taken once already.
		err = errors.Join(err, c.SubscribeWith(w.name, from))
	}
	if l.client != nil {
		l.retire(l.client)
	}
	c.Tap(l.tap)
	l.client, l.lives, l.ended, l.renew, l.hello = c, life, false, false, nil
	return err
}

// position needs the mutex. The ledger knows where a channel stands; the
// client may know the id of the publication there besides, which lets the
// server notice a Redis that went back in time.
func (l *Link) position(name string) (protocol.Since, bool) {
	at, ok := l.ledger.Position(name)
	if ok && at.Last == "" && l.client != nil {
		if its, known := l.client.Position(name); known && its.Epoch == at.Epoch && its.Offset == at.Offset {
			return its, true
		}
	}
	return at, ok
}

// Close ends the connection and waits until it has.
func (l *Link) Close() {
	l.mu.Lock()
	if l.client != nil {
		l.retire(l.client)
		l.client, l.hello = nil, nil
	}
	l.wanted, l.suspended = nil, false
	p := l.pace
	l.pace = nil
	l.mu.Unlock()
	l.closing.Wait()
	if p != nil {
		p.stop()
	}
}

// retire closes a client elsewhere, since that waits for its last event, and
// the events wait for the mutex. Nothing of it is heard any more once there is
// another.
func (l *Link) retire(c *client.Client) {
	l.closing.Go(func() {
		// It only ever says that it was closed before.
		_ = c.Close()
	})
}

// Retry connects at once instead of waiting for the next attempt; also after
// the server has told the tab to stay away, which a person may overrule.
func (l *Link) Retry() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.client == nil:
		return client.ErrClosed
	case l.ended:
		return l.start()
	}
	l.client.Reconnect()
	return nil
}

// Suspend ends the connection of a page that one has left, until [Link.Resume].
// A browser may keep such a page, frozen, with its connection: to others it
// would seem to be there. What waits for an answer fails.
func (l *Link) Suspend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		return
	}
	l.retire(l.client)
	l.client, l.suspended, l.hello = nil, true, nil
	l.lives++ // its end is no news
}

// Resume connects again after [Link.Suspend], and goes on where the channels
// stood.
func (l *Link) Resume() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.suspended {
		return nil
	}
	l.suspended = false
	return l.start()
}

// Subscribe asks for a channel's publications, or for those that a filter lets
// through, from where the tab left off, or from now on if since is nil; the
// watchers are told the outcome. The error is local, as the client's.
func (l *Link) Subscribe(name, filter string, since *protocol.Since) error {
	return l.SubscribeWith(name, client.SubscribeOptions{Since: since, Filter: filter})
}

// SubscribeWith is [Link.Subscribe], which may begin in the past.
func (l *Link) SubscribeWith(name string, from client.SubscribeOptions) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		return client.ErrClosed
	}
	if err := l.client.SubscribeWith(name, from); err != nil {
		return err
	}
	if from.Since != nil {
		l.ledger.Begin(name, *from.Since)
		if l.told == nil {
			l.told = make(map[string]protocol.Since)
		}
		l.told[name] = *from.Since
	}
	l.wanted = append(l.wanted, want{name, from.Filter, from.Rewind})
	return nil
}

// Unsubscribe ends a subscription.
func (l *Link) Unsubscribe(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(name)
	if l.client == nil {
		return client.ErrClosed
	}
	return l.client.Unsubscribe(name)
}

// forget needs the mutex.
func (l *Link) forget(name string) {
	l.wanted = slices.DeleteFunc(l.wanted, func(w want) bool { return w.name == name })
	l.ledger.End(name)
	delete(l.told, name)
}

// SetUser changes who is at the tab. That takes another connection, on which
// all channels go on where they stood; it is made once nothing that was
// published waits for its answer any more. The browser keeps the name.
func (l *Link) SetUser(user string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	user = CleanUser(user)
	browser.Local.Set(userKey, user)
	if user == l.cfg.User {
		return nil
	}
	l.cfg.User, l.renew = user, true
	return l.restart()
}

// SetToken changes where the tab's token comes from, that is, who is at it. It
// goes as with [Link.SetUser], and connects also when the server had told the
// one before to stay away.
func (l *Link) SetToken(token func(context.Context) (string, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg.Token, l.renew = token, true
	return l.restart()
}

// restart needs the mutex.
func (l *Link) restart() error {
	if !l.renew || l.client == nil || l.ledger.Waiting() > 0 {
		return nil
	}
	return l.start()
}

// Figures returns what the tab's ledger says.
func (l *Link) Figures() ledger.Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ledger.Figures
}

// Positions returns where each channel stands after what the watchers have been
// told, for a later [Link.Subscribe].
func (l *Link) Positions() map[string]protocol.Since {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.told)
}

// Watch has f told of each batch, on no particular goroutine but one at a time,
// until stop is called. A batch that is on its way then may still arrive. Who
// comes when the tab is connected is told so first.
func (l *Link) Watch(f func(Batch)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers == nil {
		l.watchers = make(map[int]*watcher)
	}
	id := l.watched
	l.watched++
	l.watchers[id] = &watcher{tell: f, late: l.hello != nil}
	if l.hello != nil && l.pace != nil && len(l.inbox.events) == 0 {
		l.pace.ask()
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, id)
	}
}

// Tap is [client.Client.Tap], on this connection and those that follow; there is
// one tap at a time.
func (l *Link) Tap(f func(sent bool, frame []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = f
	if l.client != nil {
		l.client.Tap(f)
	}
}

// receive is the OnEvent of the client that was the life-th.
func (l *Link) receive(life int, ev client.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pace == nil || life != l.lives {
		return
	}
	l.ledger.Apply(ev)
	switch ev := ev.(type) {
	case client.Refused:
		l.forget(ev.Channel)
	case client.Disconnected:
		l.ended = ev.Final
	}
	if l.inbox.add(ev) {
		l.pace.ask()
	}
}

// flush hands the inbox on. The pace calls it.
func (l *Link) flush() {
	l.delivery.Lock()
	defer l.delivery.Unlock()
	l.mu.Lock()
	b := l.inbox.take()
	told := make(map[string]protocol.Since, len(l.wanted))
	for _, w := range l.wanted {
		if at, ok := l.position(w.name); ok {
			told[w.name] = at
		}
	}
	l.told = told
	tell := l.tellers(b)
	l.mu.Unlock()
	for _, f := range tell {
		f()
	}
}

// tellers needs the mutex. It returns what tells each watcher of a batch, in
// the order in which they came.
func (l *Link) tellers(b Batch) (tell []func()) {
	hello := l.hello
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Connected:
			l.hello = &ev
		case client.Disconnected:
			l.hello = nil
		}
	}
	for id := range l.watched {
		w, ok := l.watchers[id]
		if !ok {
			continue
		}
		its := b
		if w.late && hello != nil {
			its.Events = append([]client.Event{*hello}, b.Events...)
		}
		w.late = false
		if len(its.Events) > 0 {
			tell = append(tell, func() { w.tell(its) })
		}
	}
	return tell
}
