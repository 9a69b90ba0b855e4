package chat

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	// browserKey is where the browser keeps its id, and roomKey, with the
	// room's name behind it, where a tab keeps a room over a reload.
	browserKey = "fanlight.chat.browser"
	roomKey    = "fanlight.chat.room."
	// peopleInterval is how often a tab that is seen asks who is there, and
	// peopleTimeout how long that may take.
	peopleInterval = 5 * time.Second
	peopleTimeout  = 4 * time.Second
)

// Page is a room.
type Page struct {
	app.Compo

	link   *live.Link
	ctx    app.Context
	name   string
	list   *list
	how    *how.How
	people People
	typing Typing
	user   string
	holder string // of the tab's token, whose name outweighs the user's
	kept   kept
	draft  string

	ready   bool // the browser runs us: controls do something
	asking  bool // for who is there
	ticking bool // somebody types
	hears   bool // the typing channel is subscribed to
	release []func()
}

// New returns a room's page; it lives on the link while it is mounted.
func New(link *live.Link, name string) *Page {
	p := &Page{link: link, name: name}
	p.how = how.New(link, p.about)
	p.list = &list{link: link, name: name, sparing: func() {}, act: p.act}
	return p
}

// Idle reports whether a reload would lose nothing: all of it is kept.
func (p *Page) Idle() bool { return strings.TrimSpace(p.draft) == "" && len(p.list.outbox.Sends) == 0 }

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.ready, p.ctx = true, ctx
	p.list.sparing = ctx.PreventUpdate
	p.user = live.StoredUser()
	p.list.me = Me{Browser: browserID(), Tab: rand.Text()[:6]}
	// What can't be read was not stored by us.
	_ = json.Unmarshal([]byte(browser.Session.Get(roomKey+p.name)), &p.kept)
	p.draft = p.kept.Draft
	p.list.outbox.Sends = p.kept.Sends
	p.list.outbox.Away = true
	p.list.room = NewRoom(p.kept.Since != nil, !browser.Hidden())
	visit(p.name)
	p.release = []func(){
		p.link.Watch(func(b live.Batch) { p.take(ctx, b) }),
		browser.Hold("pagehide", p.save),
		browser.Hold("visibilitychange", func() {
			ctx.Dispatch(func(app.Context) {
				p.list.set(func() { p.list.room = p.list.room.Show(!browser.Hidden()) })
			})
		}),
	}
	p.subscribe()
	p.listen()
	p.pollPeople(ctx)
	ctx.Defer(func(ctx app.Context) {
		p.list.set(func() {})
		text := app.Window().GetElementByID("chat-text")
		if text.Truthy() {
			text.Set("value", p.draft)
			text.Call("focus", map[string]any{"preventScroll": true})
		}
	})
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.ready = false
	p.save()
	for _, release := range p.release {
		release()
	}
	// The link may be closed already, or never had a refused channel.
	_ = p.link.Unsubscribe(chatChannel(p.name))
	p.unlisten()
}

// subscribe enters the room: where the tab stood, or a little in the past.
func (p *Page) subscribe() {
	name := chatChannel(p.name)
	if p.kept.Since != nil && p.link.SubscribeWith(name, client.SubscribeOptions{Since: p.kept.Since}) == nil {
		return
	}
	if err := p.link.SubscribeWith(name, client.SubscribeOptions{Rewind: &protocol.Rewind{Count: rewind}}); err != nil {
		app.Log(err) // the name is one, and the link is open
	}
}

// listen hears who types, from now on. What was typed while one was away is
// nobody's business, so it is left with the connection.
func (p *Page) listen() {
	if !p.hears {
		p.hears = p.link.Subscribe(typingChannel(p.name), "", nil) == nil
	}
}

func (p *Page) unlisten() {
	if p.hears {
		p.hears = false
		_ = p.link.Unsubscribe(typingChannel(p.name))
	}
}

// save keeps for a reload what that must not lose.
func (p *Page) save() {
	k := kept{Sends: p.list.outbox.Keep(), Draft: p.draft}
	if since, ok := p.link.Positions()[chatChannel(p.name)]; ok {
		k.Since = &since
	} else {
		k.Since = p.kept.Since
	}
	if text, err := json.Marshal(k); err == nil {
		browser.Session.Set(roomKey+p.name, string(text))
	}
}

// browserID tells this browser's messages from others'.
func browserID() string {
	id := browser.Local.Get(browserKey)
	if len(id) != 8 {
		id = strings.ToLower(rand.Text()[:8])
		browser.Local.Set(browserKey, id)
	}
	return id
}

// take sorts a batch: what the list shows, and the rest. It runs on no
// particular goroutine, but one at a time.
func (p *Page) take(ctx app.Context, b live.Batch) {
	listed, rest := live.Batch{Dropped: b.Dropped}, []client.Event(nil)
	name := chatChannel(p.name)
	for _, ev := range b.Events {
		switch channel, in := channelOf(ev); {
		case in && channel == name:
			listed.Events = append(listed.Events, ev)
		default:
			rest = append(rest, ev)
		}
	}
	if len(listed.Events) > 0 || listed.Dropped > 0 {
		p.list.ctx.Dispatch(func(ctx app.Context) {
			ctx.PreventUpdate() // the list sees to itself
			if p.takeListed(listed) {
				p.ctx.Update()
			}
		})
	}
	if len(rest) > 0 {
		ctx.Dispatch(func(ctx app.Context) { p.takeRest(ctx, rest) })
	}
}

// channelOf returns the channel of what belongs into a list.
func channelOf(ev client.Event) (name string, in bool) {
	switch ev := ev.(type) {
	case client.Received:
		return ev.Channel, true
	case client.Gap:
		return ev.Channel, true
	case client.Reset:
		return ev.Channel, true
	case client.Recovered:
		return ev.Channel, true
	case client.Subscribed:
		return ev.Channel, true
	case client.Refused:
		return ev.Channel, true
	}
	return "", false
}

// takeListed reports whether anything changed besides the list.
func (p *Page) takeListed(b live.Batch) bool {
	l := p.list
	typed, problem := len(p.typing.typists), l.room.Problem
	l.set(func() {
		for _, ev := range b.Events {
			switch ev := ev.(type) {
			case client.Received:
				var m demo.ChatMessage
				if json.Unmarshal(ev.Data, &m) == nil && m.ID != "" {
					l.outbox = l.outbox.Came(m.ID)
					p.typing = p.typing.Quiet(m.ID)
				}
			case client.Reset:
				l.outbox = l.outbox.Reset(ev.Was)
			}
		}
		l.room = l.room.Take(b, l.me, time.Now())
		l.outbox = l.outbox.Passed(l.room.Position())
	})
	return len(p.typing.typists) != typed || l.room.Problem != problem
}

func (p *Page) takeRest(ctx app.Context, events []client.Event) {
	l := p.list
	for _, ev := range events {
		switch ev := ev.(type) {
		case client.Connected:
			p.hold(ev.Hello)
			p.listen()
			p.again(ctx, ev.Hello.Limits)
			p.people = p.people.Apply(ev)
			p.askPeople(ctx)
		case client.Disconnected:
			p.unlisten()
			l.set(func() { l.outbox.Away = true })
		case client.Limited:
			l.set(func() { l.outbox.Limited = true })
		case client.Joined:
			if ev.Channel == chatChannel(p.name) {
				p.people = p.people.Apply(ev)
			}
		case client.Left:
			if ev.Channel == chatChannel(p.name) {
				p.people = p.people.Apply(ev)
			}
		case client.Received:
			if ev.Channel == typingChannel(p.name) {
				p.hear(ctx, ev)
			}
		}
	}
}

// again sends again what was not answered.
func (p *Page) again(ctx app.Context, limits protocol.Limits) {
	var messages []demo.ChatMessage
	p.list.set(func() { p.list.outbox, messages = p.list.outbox.Connected(limits, time.Now()) })
	for _, m := range messages {
		p.publish(ctx, m)
	}
}

func (p *Page) publish(ctx app.Context, m demo.ChatMessage) {
	l := p.list
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		done, err := p.link.PublishWith(wait, chatChannel(p.name), m, client.PublishOptions{Key: m.ID})
		ctx.Dispatch(func(app.Context) {
			l.set(func() {
				l.outbox = l.outbox.Answer(m.ID, done, err).Passed(l.room.Position())
			})
		})
	})
}

// act is what the buttons of something do that one sent. They go with it, and of
// a context of theirs nothing is heard any more, so it is the page's.
func (p *Page) act(id string, again bool) {
	l := p.list
	var m *demo.ChatMessage
	l.set(func() {
		if again {
			l.outbox, m = l.outbox.Again(id)
		} else {
			l.outbox = l.outbox.Discard(id)
		}
	})
	if m != nil {
		p.publish(p.ctx, *m)
	}
}

// hear takes in that somebody types.
func (p *Page) hear(ctx app.Context, ev client.Received) {
	var t demo.ChatTyping
	if ev.Recovered || json.Unmarshal(ev.Data, &t) != nil {
		return
	}
	p.typing = p.typing.Hear(t, p.list.me, time.Now())
	if p.typing.Any() && !p.ticking {
		p.tick(ctx)
	}
}

func (p *Page) tick(ctx app.Context) {
	p.typing = p.typing.Tick(time.Now())
	if p.ticking = p.typing.Any() && p.ready; p.ticking {
		ctx.After(time.Second, p.tick)
	}
}

// pollPeople asks again and again who is there, while the page is mounted.
func (p *Page) pollPeople(ctx app.Context) {
	if !p.ready {
		return
	}
	if !browser.Hidden() {
		p.askPeople(ctx)
	}
	ctx.After(peopleInterval, p.pollPeople)
}

func (p *Page) askPeople(ctx app.Context) {
	if p.asking {
		return
	}
	p.asking = true
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, peopleTimeout)
		defer cancel()
		who, err := p.link.Presence(wait, chatChannel(p.name))
		ctx.Dispatch(func(ctx app.Context) {
			p.asking = false
			p.people = p.people.Answer(who, err)
			var refused *protocol.Error
			if p.list.outbox.Away && (err == nil || errors.As(err, &refused)) {
				// The tab was connected when one came here, and nobody says so again.
				p.again(ctx, protocol.DefaultLimits)
			}
		})
	})
}
