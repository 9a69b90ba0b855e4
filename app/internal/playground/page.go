package playground

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/ledger"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

const (
	// channelsKey is where the channels are kept for the life of the tab,
	// filtersKey their filters, and positionsKey where they stand.
	channelsKey  = "fanlight.playground.channels"
	filtersKey   = "fanlight.playground.filters"
	positionsKey = "fanlight.playground.positions"
	// answerTimeout is how long a publish may wait, the time away included.
	answerTimeout = 15 * time.Second
	// glance is how often, at the most, positions and figures are looked at:
	// nobody reads faster, and the page need not render with every message.
	glance = 250 * time.Millisecond
)

// Page is the playground.
type Page struct {
	app.Compo

	link    *live.Link
	ctx     app.Context // outlives that of a button that goes when it is pressed
	palette palette
	desk    Desk
	feed    *feed
	crowd   Crowd
	how     *how.How
	user    string
	holder  string // of the tab's token, whose name outweighs the user's
	guarded bool   // whoever has no token may not do everything
	check   Check
	checks  int                      // counts what was typed
	version protocol.VersionResponse // of the server, once it is known

	figures   ledger.Figures
	positions map[string]protocol.Since
	kept      kept   // of the tab's last load, as far as no channel took it up
	saved     string // what is stored of the positions

	ready    bool // the browser runs us: controls do something
	asking   bool // for who is present
	glancing atomic.Bool
	release  []func()
}

// New returns the page; it lives on the link while it is mounted.
func New(link *live.Link) *Page {
	p := &Page{link: link, palette: palette{}, desk: NewDesk()}
	p.feed = &feed{palette: p.palette, redis: p.redisLine}
	p.crowd = p.crowd.Look(p.desk.Target)
	p.how = how.New(link, p.about)
	return p
}

// Idle reports whether a reload would lose nothing: no text typed, nothing on
// its way, no message that one may still want to read.
func (p *Page) Idle() bool { return p.desk.Idle() && p.feed.state.Total == 0 }

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.ready, p.ctx = true, ctx
	p.feed.sparing = ctx.PreventUpdate
	p.user = live.StoredUser()
	p.saved = browser.Session.Get(positionsKey)
	p.kept = decodeKept(p.saved)
	p.release = []func(){
		p.link.Watch(func(b live.Batch) { p.take(ctx, b) }),
		browser.Hold("pagehide", func() { p.save(p.link.Positions()) }),
	}
	if names, filters := wanted(ctx); len(names) > 0 {
		p.desk, _ = p.desk.Adopt(names, filters)
		p.crowd = p.crowd.Look(p.desk.Target)
	}
	for _, c := range p.desk.Channels {
		p.do(ctx, Subscribe{c.Name, c.Filter})
	}
	p.kept = nil // whatever is listened to later begins with what comes then
	p.look()
	p.pollCrowd(ctx)
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.ready = false
	p.save(p.link.Positions())
	for _, release := range p.release {
		release()
	}
	for _, name := range p.desk.Names() {
		// The link may be closed already, or never had a refused channel.
		_ = p.link.Unsubscribe(name)
	}
}

// OnNav implements [app.Navigator].
func (p *Page) OnNav(ctx app.Context) {
	if app.IsServer {
		return
	}
	if names, filters := wanted(ctx); len(names) > 0 && !slices.Equal(names, p.desk.Names()) {
		p.apply(ctx, func(d Desk) (Desk, []Effect) { return d.Adopt(names, filters) })
		return
	}
	p.remember(ctx, p.desk.remember()) // a link to here named none
}

// wanted returns the channels that the address names, else the tab's last ones,
// and the filters that the tab's last ones had.
func wanted(ctx app.Context) (names []string, filters map[string]string) {
	names = ctx.Page().URL().Query()["channel"]
	// What can't be read was not stored by us, or is nothing.
	if len(names) == 0 {
		_ = json.Unmarshal([]byte(browser.Session.Get(channelsKey)), &names)
	}
	_ = json.Unmarshal([]byte(browser.Session.Get(filtersKey)), &filters)
	return names, filters
}

// take sorts a batch: what the list shows to the feed, the rest to the desk and
// the crowd. It runs on no particular goroutine, but one at a time.
func (p *Page) take(ctx app.Context, b live.Batch) {
	listed, rest := live.Batch{Dropped: b.Dropped}, []client.Event(nil)
	for _, ev := range b.Events {
		switch ev.(type) {
		case client.Received, client.Gap, client.Reset:
			listed.Events = append(listed.Events, ev)
		case client.Recovered, client.Moved:
			// Each message says so itself, and the positions know.
		default:
			rest = append(rest, ev)
		}
	}
	if len(rest) > 0 {
		ctx.Dispatch(func(ctx app.Context) { p.takeRest(ctx, rest) })
	}
	if len(listed.Events) > 0 || listed.Dropped > 0 {
		p.feed.take(listed)
	}
	p.glanceLater(ctx)
}

func (p *Page) takeRest(ctx app.Context, events []client.Event) {
	for _, ev := range events {
		p.desk, _ = p.desk.Apply(ev)
		p.crowd, _ = p.crowd.Apply(ev)
		switch ev := ev.(type) {
		case client.Connected:
			p.hold(ev.Hello)
			p.learn(ctx)
			p.apply(ctx, Desk.AskAgain)
			p.askCrowd(ctx) // who one is may be another, and what one may know
		case client.Subscribed:
			if ev.Channel == p.crowd.Channel {
				p.askCrowd(ctx)
			}
		}
	}
}

// glanceLater has the positions and figures looked at soon; it may be called
// from any goroutine.
func (p *Page) glanceLater(ctx app.Context) {
	if p.glancing.CompareAndSwap(false, true) {
		ctx.After(glance, func(app.Context) {
			p.glancing.Store(false)
			p.look()
		})
	}
}

func (p *Page) look() {
	p.figures = p.link.Figures()
	p.positions = p.link.Positions()
	if p.ready {
		p.save(p.positions)
	}
}

// save keeps the positions for the next load.
func (p *Page) save(positions kept) {
	if text := positions.encode(); text != p.saved {
		p.saved = text
		browser.Session.Set(positionsKey, text)
	}
}

// apply changes the desk and does what that asks for.
func (p *Page) apply(ctx app.Context, change func(Desk) (Desk, []Effect)) {
	var effects []Effect
	p.desk, effects = change(p.desk)
	for _, e := range effects {
		p.do(ctx, e)
	}
	p.lookAround(ctx)
}

func (p *Page) do(ctx app.Context, e Effect) {
	switch e := e.(type) {
	case Subscribe:
		since := p.kept.take(e.Channel)
		err := p.link.Subscribe(e.Channel, e.Filter, since)
		if err != nil && since != nil {
			err = p.link.Subscribe(e.Channel, e.Filter, nil) // what was kept is no position
		}
		if err != nil {
			p.desk, _ = p.desk.Apply(client.Refused{Channel: e.Channel, Err: err})
		}
	case Unsubscribe:
		// A refused channel is not the link's any more: nothing to undo.
		_ = p.link.Unsubscribe(e.Channel)
	case Publish:
		p.publish(ctx, e)
	case Remember:
		p.remember(ctx, e)
	}
}

func (p *Page) publish(ctx app.Context, e Publish) {
	start := time.Now()
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		done, err := p.link.Publish(wait, e.Channel, e.Data, e.Tags)
		took := time.Since(start)
		ctx.Dispatch(func(app.Context) {
			p.desk = p.desk.Sent(e.ID, done, took, err)
			p.look()
		})
	})
}

// remember keeps the channels for a reload, and in the address for sharing. The
// default channel alone needs no mention.
func (p *Page) remember(ctx app.Context, what Remember) {
	channels := what.Channels
	names, err := json.Marshal(channels)
	filters, err2 := json.Marshal(what.Filters)
	if err != nil || err2 != nil {
		return // strings can always be marshalled
	}
	browser.Session.Set(channelsKey, string(names))
	browser.Session.Set(filtersKey, string(filters))
	address := ctx.Page().URL()
	address.RawQuery = ""
	if !slices.Equal(channels, []string{protocol.DefaultChannel}) {
		address.RawQuery = url.Values{"channel": channels}.Encode()
	}
	ctx.Page().ReplaceURL(address)
}
