package broker

import "sync"

// topics knows which channels somebody wants to hear, and what Redis has been
// told and has confirmed.
//
// A channel is idle, subscribing, subscribed or unsubscribing. A command is
// sent only from one of the two states at rest, and the next only after
// Redis's confirmation, so that a confirmation can't be taken for that of
// another command: whoever is told "subscribed" hears all that follows.
type topics struct {
	mu    sync.Mutex
	all   map[string]*topic
	dirty chan struct{} // holds a token when there may be something to send
}

type topic struct {
	wanted  bool
	heard   bool // it was subscribed to before, while it was wanted
	state   topicState
	waiters []chan struct{}
}

type topicState int

const (
	idle topicState = iota
	subscribing
	subscribed
	unsubscribing
)

func newTopics() *topics {
	return &topics{all: make(map[string]*topic), dirty: make(chan struct{}, 1)}
}

func (t *topics) wake() {
	select {
	case t.dirty <- struct{}{}:
	default:
	}
}

// want asks for a channel and returns what is closed once Redis sends it.
func (t *topics) want(channel string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp := t.all[channel]
	if tp == nil {
		tp = &topic{}
		t.all[channel] = tp
	}
	tp.wanted = true
	ready := make(chan struct{})
	if tp.state == subscribed {
		close(ready)
		return ready
	}
	tp.waiters = append(tp.waiters, ready)
	if tp.state == idle {
		t.wake()
	}
	return ready
}

// forget says that nobody wants a channel any more.
func (t *topics) forget(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp := t.all[channel]
	if tp == nil {
		return
	}
	tp.wanted, tp.heard, tp.waiters = false, false, nil
	t.settle(channel, tp)
}

// pending returns the channels to subscribe to and to unsubscribe from now,
// and takes their commands for sent.
func (t *topics) pending() (subscribe, unsubscribe []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for channel, tp := range t.all {
		switch {
		case tp.wanted && tp.state == idle:
			tp.state = subscribing
			subscribe = append(subscribe, channel)
		case !tp.wanted && tp.state == subscribed:
			tp.state = unsubscribing
			unsubscribe = append(unsubscribe, channel)
		}
	}
	return subscribe, unsubscribe
}

// confirmSubscribed takes Redis's confirmation, and reports whether it is not
// the first: then the link was down, and publications may have been missed.
func (t *topics) confirmSubscribed(channel string) (again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp := t.all[channel]
	if tp == nil || tp.state != subscribing {
		return false
	}
	tp.state = subscribed
	again, tp.heard = tp.heard, tp.wanted
	for _, ready := range tp.waiters {
		close(ready)
	}
	tp.waiters = nil
	t.settle(channel, tp)
	return again
}

// confirmUnsubscribed takes Redis's confirmation.
func (t *topics) confirmUnsubscribed(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tp := t.all[channel]; tp != nil && tp.state == unsubscribing {
		tp.state = idle
		t.settle(channel, tp)
	}
}

// lost forgets what Redis was told: the link is gone, and the next begins
// with nothing.
func (t *topics) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for channel, tp := range t.all {
		tp.state = idle
		t.settle(channel, tp)
	}
	t.wake()
}

// settle drops a channel at rest that nobody wants, or sees to it that the
// next command is sent.
func (t *topics) settle(channel string, tp *topic) {
	switch {
	case tp.state == idle && !tp.wanted:
		delete(t.all, channel)
	case tp.state == idle, tp.state == subscribed && !tp.wanted:
		t.wake()
	}
}
