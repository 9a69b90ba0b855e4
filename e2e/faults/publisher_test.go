package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"fanlight/e2e/checker"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// publisher publishes through a client of its own, and writes down what it was
// told. Each message begins with a name that no other has.
type publisher struct {
	scene  *scene
	who    string
	client *client.Client
	pad    string

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	sent int
}

// publisher connects to a relay, or to whatever else has a URL.
func (s *scene) publisher(url string) *publisher {
	s.t.Helper()
	p := &publisher{scene: s, who: fmt.Sprintf("p%d", len(s.publishers)+1)}
	var err error
	p.client, err = client.New(client.Config{URL: url + "/ws", BackoffBase: 20 * time.Millisecond, BackoffCap: 200 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	s.publishers = append(s.publishers, p)
	return p
}

// next gives a message its name.
func (p *publisher) next() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	return fmt.Sprintf("%s-%d", p.who, p.sent)
}

// publish sends one message to a channel and waits for the answer.
func (p *publisher) publish(channel string) { p.send(channel, p.next()) }

func (p *publisher) send(channel, name string) {
	s := p.scene
	s.quiet.RLock()
	defer s.quiet.RUnlock()
	s.log.Add(checker.Event{Kind: checker.Invoke, Who: p.who, Channel: channel, Data: name})
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	done, err := p.client.Publish(ctx, channel, name+p.pad)
	e := checker.Event{Who: p.who, Channel: channel, Data: name}
	var refusal *protocol.Error
	switch {
	case err == nil:
		e.Kind, e.Epoch, e.Offset, e.ID, e.Duplicate = checker.Ack, done.Epoch, done.Offset, done.ID, done.Duplicate
	case errors.As(err, &refusal):
		e.Kind, e.Text = checker.Refuse, err.Error()
	default:
		e.Kind, e.Text = checker.Unknown, err.Error()
	}
	s.log.Add(e)
}

// publishN sends n messages, one after the other.
func (p *publisher) publishN(channel string, n int) {
	for range n {
		p.publish(channel)
	}
}

// burst sends n messages at once and waits for all.
func (p *publisher) burst(channel string, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { p.publish(channel) })
	}
	all.Wait()
}

// keepOn publishes in the background, a message each time every has passed,
// until the publisher is stopped.
func (p *publisher) keepOn(channel string, every time.Duration) {
	p.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-p.ctx.Done():
				return
			case <-tick.C:
				p.publish(channel)
			}
		}
	})
}

// stop waits for the answers that are out. Stopping twice is harmless.
func (p *publisher) stop() {
	p.cancel()
	p.done.Wait()
	_ = p.client.Close()
}

// nameOf returns the name in a message's data: the first word, if it is a text.
func nameOf(data []byte) string {
	text, isText := bytes.CutPrefix(data, []byte(`"`))
	if !isText {
		return string(data)
	}
	if end := bytes.IndexAny(text, ` "`); end >= 0 {
		text = text[:end]
	}
	return string(text)
}

// padded makes messages of about so many bytes.
func (p *publisher) padded(bytes int) *publisher {
	p.pad = " " + strings.Repeat("x", bytes)
	return p
}
