package faults

import (
	"time"

	"fanlight/e2e/checker"
	"fanlight/shared/client"
)

// subscriber is whoever listens to a channel: a wire, or our client.
type subscriber interface {
	// leave ends it, and waits.
	leave()
}

// join starts a subscriber and waits until the server took it. Every other one
// is a wire, the rest are clients.
func (s *scene) join(who, url, channel string) {
	s.t.Helper()
	if s.joined++; s.joined%2 == 0 {
		s.wire(who, url, channel)
		return
	}
	s.client(who, url, channel)
}

// app is a subscriber that uses our client, as any program would.
type app struct {
	scene   *scene
	who     string
	channel string
	client  *client.Client
}

func (s *scene) client(who, url, channel string) *app {
	s.t.Helper()
	return s.clientFrom(who, url, channel, client.SubscribeOptions{})
}

func (s *scene) clientFrom(who, url, channel string, from client.SubscribeOptions) *app {
	s.t.Helper()
	s.channels[channel] = true
	a := &app{scene: s, who: who, channel: channel}
	var err error
	a.client, err = client.New(client.Config{
		URL: url + "/ws", OnEvent: a.happened,
		BackoffBase: 20 * time.Millisecond, BackoffCap: 500 * time.Millisecond,
		DialTimeout: min(s.plan.Ping, patience/3), PingInterval: s.plan.Ping / 2, PongTimeout: s.plan.Ping / 2,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.subscribers = append(s.subscribers, a)
	if since := from.Since; since != nil {
		a.log(checker.Event{Kind: checker.Resume, Epoch: since.Epoch, Offset: since.Offset, ID: since.Last})
	}
	now := s.log.Last()
	if err := a.client.SubscribeWith(channel, from); err != nil {
		s.t.Fatal(err)
	}
	s.await(who+" is subscribed", func(e checker.Event) bool { return e.N > now && e.Kind == checker.Subscribe && e.Who == who })
	return a
}

func (a *app) leave() { _ = a.client.Close() }

func (a *app) log(e checker.Event) {
	e.Who = a.who
	if e.Kind != checker.Disconnect {
		e.Channel = a.channel
	}
	a.scene.log.Add(e)
}

func (a *app) happened(event client.Event) {
	switch e := event.(type) {
	case client.Disconnected:
		if !e.Final {
			a.log(checker.Event{Kind: checker.Disconnect, Text: e.Err.Error()})
		} else if _, told := client.CloseCode(e.Err); told {
			a.scene.t.Errorf("%s is told to stay away: %v", a.who, e.Err)
		}
	case client.Refused:
		a.scene.t.Errorf("%s is refused: %v", a.who, e.Err)
	case client.Subscribed:
		a.log(checker.Event{Kind: checker.Subscribe, Epoch: e.Position.Epoch, Offset: e.Position.Offset, Count: uint64(e.Recovered)})
	case client.Reset:
		a.log(checker.Event{Kind: checker.Reset, Epoch: e.Epoch, Was: &e.Was})
	case client.Gap:
		a.log(checker.Event{Kind: checker.Gap, Epoch: e.Epoch, From: e.From, To: e.To, Count: e.Count})
	case client.Received:
		a.log(checker.Event{
			Kind: checker.Receive, Data: nameOf(e.Data), Foreign: e.Foreign,
			Epoch: e.Epoch, Offset: e.Offset, ID: e.ID, Recovered: e.Recovered,
		})
	case client.Recovered:
		a.log(checker.Event{Kind: checker.Recovered, Count: uint64(e.Count)})
	case client.Moved:
		a.log(checker.Event{Kind: checker.Moved, Epoch: e.Position.Epoch, Offset: e.Position.Offset})
	}
}
