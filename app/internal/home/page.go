package home

import (
	"context"
	_ "embed"
	"encoding/json"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

const (
	channel = protocol.DefaultChannel
	// interval is how often a tab that is seen asks who is there.
	interval = 5 * time.Second
	// patience is how long an answer may take.
	patience = 10 * time.Second
)

//go:embed page.go
var source string

// Entry is a page to go to.
type Entry struct{ Path, Name, About string }

// Page is the front door.
type Page struct {
	app.Compo

	link    *live.Link
	entries []Entry
	how     *how.How
	flow    Flow
	ready   bool // the browser runs us
	listens bool // to the channel, or it is closed to this tab
	away    bool
	trouble string // why the last message was not sent
	said    string // to ears, of the last one that was
	refused string // why the channel is closed to this tab
	version protocol.VersionResponse
	there   protocol.Presence // on the channel
	known   bool              // who is there
	release func()
}

// New returns the page, with the entries to other pages.
func New(link *live.Link, entries []Entry) *Page {
	p := &Page{link: link, entries: entries, away: true}
	p.how = how.New(link, p.about)
	return p
}

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.ready = true
	p.release = p.link.Watch(func(b live.Batch) {
		ctx.Dispatch(func(ctx app.Context) { p.take(ctx, b) })
	})
	if err := p.link.Subscribe(channel, "", nil); err != nil {
		p.refused, p.listens = err.Error(), true
	}
	p.poll(ctx)
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.ready = false
	p.release()
	// The link may be closed already.
	_ = p.link.Unsubscribe(channel)
}

// take takes in a batch: all that came within a painted frame.
func (p *Page) take(ctx app.Context, b live.Batch) {
	p.flow = p.flow.Take(b, time.Now())
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Connected:
			p.away = false
			p.learn(ctx)
		case client.Disconnected:
			p.away, p.known = true, false
		case client.Subscribed:
			p.refused, p.listens = "", true
			p.count(ctx)
		case client.Refused:
			p.refused, p.listens = ev.Err.Error(), true
		}
	}
}

// onSend publishes a greeting.
func (p *Page) onSend(ctx app.Context, _ app.Event) {
	p.flow, p.trouble = p.flow.Send(), ""
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, err := p.link.Publish(wait, channel, "hello from the front door", nil)
		ctx.Dispatch(func(app.Context) {
			p.flow = p.flow.Sent(err, time.Now())
			if err != nil {
				p.trouble = "Not sent: " + err.Error() + "."
				return
			}
			p.said = "Sent through Redis, number " + number(p.flow.Out) + " of this tab."
		})
	})
}

// learn asks the server what it is.
func (p *Page) learn(ctx app.Context) {
	browser.Fetch("GET", "/version", func(status int, text string) {
		var v protocol.VersionResponse
		if status == 200 && json.Unmarshal([]byte(text), &v) == nil {
			ctx.Dispatch(func(app.Context) { p.version = v })
		}
	})
}

// poll counts who is there, again and again while the page is mounted.
func (p *Page) poll(ctx app.Context) {
	if !p.ready {
		return
	}
	if !p.away && !browser.Hidden() {
		p.count(ctx)
	}
	ctx.After(interval, p.poll)
}

// count asks who is on the channel. Not every server tells everybody.
func (p *Page) count(ctx app.Context) {
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, interval)
		defer cancel()
		there, err := p.link.Presence(wait, channel)
		ctx.Dispatch(func(app.Context) { p.there, p.known = there, err == nil })
	})
}

// about is what the page says about how it works.
func (p *Page) about() how.About {
	const file = "app/internal/home/page.go"
	return how.About{
		Channels: []how.Channel{{Name: channel, Use: "the greetings, and whatever else is published there"}},
		Sources: []how.Source{
			{Title: "Listen, as long as the page is there", File: file, Text: how.Func(source, "(p *Page) OnMount")},
			{Title: "Publish, and wait for the answer elsewhere", File: file, Text: how.Func(source, "(p *Page) onSend")},
		},
	}
}
