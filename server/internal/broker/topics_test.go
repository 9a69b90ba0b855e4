package broker

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// model is a Redis with one connection, as far as one channel is concerned,
// and somebody who remembers what was promised.
type model struct {
	*topics
	sent    []string // commands that Redis has not confirmed
	hears   bool     // Redis sends us the channel's messages
	waiters []<-chan struct{}
}

const modelChannel = "c"

// step does one thing that can happen, and reports what it must not lead to.
func (m *model) step(action byte) string {
	before := m.released()
	switch action {
	case 'w':
		m.waiters = append(m.waiters, m.want(modelChannel))
	case 'f':
		m.forget(modelChannel)
		m.waiters = nil // nobody looks at them any more
		before = 0
	case 's': // the link's goroutine, woken by this channel or by another
		m.wake()
		m.send()
	case 'c': // Redis carries out and confirms the oldest command
		if len(m.sent) == 0 {
			return ""
		}
		command := m.sent[0]
		m.sent = m.sent[1:]
		m.hears = command == "subscribe"
		if m.hears {
			m.confirmSubscribed(modelChannel)
		} else {
			m.confirmUnsubscribed(modelChannel)
		}
	case 'l':
		m.sent, m.hears = nil, false
		m.lost()
	}
	switch {
	case len(m.sent) > 1:
		return "two commands for one channel are out: " + strings.Join(m.sent, ", ")
	case m.released() > before && (!m.hears || len(m.sent) > 0):
		return "somebody is told that the channel is heard, and it is not"
	}
	return ""
}

// send does what tellRedis does.
func (m *model) send() {
	select {
	case <-m.dirty:
	default:
		return
	}
	subscribe, unsubscribe := m.pending()
	for range subscribe {
		m.sent = append(m.sent, "subscribe")
	}
	for range unsubscribe {
		m.sent = append(m.sent, "unsubscribe")
	}
}

// settle lets everything happen that is due, and reports what did not.
func (m *model) settle(wanted bool) string {
	for range 10 {
		m.send()
		if p := m.step('c'); p != "" {
			return p
		}
	}
	switch {
	case len(m.sent) > 0:
		return "it never comes to rest"
	case m.hears != wanted:
		return "Redis was told otherwise than the last one wanted"
	case m.released() != len(m.waiters):
		return "somebody waits for ever"
	case !wanted && len(m.all) > 0:
		return "a channel that nobody wants is remembered"
	}
	return ""
}

func (m *model) released() (n int) {
	for _, w := range m.waiters {
		select {
		case <-w:
			n++
		default:
		}
	}
	return n
}

// Every sequence of what callers, Redis and the network can do: never are two
// commands out, so no confirmation can be taken for another's; nobody is told
// of a subscription that is not there; and it always comes to rest as the last
// caller wanted.
func TestTopicsInEveryOrderOfEvents(t *testing.T) {
	const actions, depth = "wfscl", 7
	sequence := make([]byte, 0, depth)
	var explore func()
	explore = func() {
		m := &model{topics: newTopics()}
		for i, action := range sequence {
			if problem := m.step(action); problem != "" {
				t.Fatalf("%s: %s", sequence[:i+1], problem)
			}
		}
		last := bytes.LastIndexAny(sequence, "wf")
		wanted := last >= 0 && sequence[last] == 'w'
		if problem := m.settle(wanted); problem != "" {
			t.Fatalf("%s, then rest: %s", sequence, problem)
		}
		if len(sequence) == depth {
			return
		}
		for _, action := range []byte(actions) {
			sequence = append(sequence, action)
			explore()
			sequence = sequence[:len(sequence)-1]
		}
	}
	explore()
}

func TestTopicsSendOneCommandForManyChannels(t *testing.T) {
	topics := newTopics()
	for _, c := range []string{"a", "b", "c"} {
		topics.want(c)
	}
	subscribe, unsubscribe := topics.pending()
	slices.Sort(subscribe)
	if !slices.Equal(subscribe, []string{"a", "b", "c"}) || len(unsubscribe) > 0 {
		t.Errorf("subscribe to %v, unsubscribe from %v", subscribe, unsubscribe)
	}
	topics.confirmSubscribed("b")
	topics.forget("b")
	topics.confirmSubscribed("unheard of")
	topics.confirmUnsubscribed("unheard of")
	topics.forget("unheard of")
	if subscribe, unsubscribe = topics.pending(); len(subscribe) > 0 || !slices.Equal(unsubscribe, []string{"b"}) {
		t.Errorf("subscribe to %v, unsubscribe from %v", subscribe, unsubscribe)
	}
}
