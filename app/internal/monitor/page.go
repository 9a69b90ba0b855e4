package monitor

import (
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/shared/client"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

const (
	// interval is the time between two looks at the clock, at which the charts
	// move on.
	interval = 500 * time.Millisecond
	// logRewind is how many reports of the log one begins with.
	logRewind = 50
	// notifyKey is where the browser keeps that somebody wants to be notified.
	notifyKey = "fanlight.monitor.notify"
	// drift is how much the servers' clock may fall behind this tab's from one
	// batch to the next, in milliseconds: a batch may have waited.
	drift = 20
)

// Page is the monitor.
type Page struct {
	app.Compo

	link    *live.Link
	state   State
	offset  int64 // of the servers' clock to this tab's, in milliseconds
	known   bool  // the offset
	linked  bool
	refused string // the server's reason not to tell its figures
	short   bool   // the charts show the last minute alone
	ready   bool   // the browser runs us
	kept    Alerts // as the browser has them
	release []func()

	banner *banner
	table  *table
	legend *legend
	charts []*chart
	watch  *watch
	log    *logView
	how    *how.How
}

// New returns the page; it lives on the link while it is mounted.
func New(link *live.Link) *Page {
	p := &Page{link: link, banner: &banner{}, table: &table{}, legend: &legend{}, log: &logView{}}
	p.watch = &watch{change: p.change, wish: p.wish, alerts: Alerts{Rules: DefaultRules()}}
	for _, c := range charts {
		p.charts = append(p.charts, &chart{Chart: c})
	}
	p.how = how.New(link, p.about)
	p.sparing(func() {})
	return p
}

// sparing tells the leaves how to spare the page.
func (p *Page) sparing(spare func()) {
	for _, l := range []*leaf{&p.banner.leaf, &p.table.leaf, &p.legend.leaf, &p.watch.leaf, &p.log.leaf} {
		l.spare = spare
	}
	for _, c := range p.charts {
		c.spare = spare
	}
}

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.ready = true
	p.sparing(ctx.PreventUpdate)
	p.state = State{Outage: NewOutage(p.now()), Alerts: Restore(browser.Local.Get(alertsKey))}
	p.kept = p.state.Alerts
	p.watch.permit, p.watch.notify = browser.Notifications(), browser.Local.Get(notifyKey) == "yes"
	network := func() { ctx.Dispatch(func(app.Context) { p.connect() }) }
	p.release = []func(){
		p.link.Watch(func(b live.Batch) {
			all, serverNow := Read(b)
			ctx.Dispatch(func(ctx app.Context) {
				ctx.PreventUpdate() // the leaves see to themselves
				p.take(b, all, serverNow)
			})
		}),
		browser.Hold("online", network),
		browser.Hold("offline", network),
		browser.Hold("pagehide", p.store),
		browser.Hold("storage", func() {
			ctx.Dispatch(func(ctx app.Context) {
				ctx.PreventUpdate()
				p.meet()
			})
		}),
	}
	p.linked = true // until one hears otherwise
	p.subscribe(ops.MetricsChannel)
	p.subscribe(ops.AuditChannel)
	ctx.Defer(func(ctx app.Context) {
		p.watch.redraw(nil)
		p.log.redraw(nil)
		ctx.Dispatch(p.tick)
	})
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.ready = false
	p.store()
	for _, release := range p.release {
		release()
	}
	// The link may be closed already, or never had a refused channel.
	_ = p.link.Unsubscribe(ops.MetricsChannel)
	_ = p.link.Unsubscribe(ops.AuditChannel)
}

// subscribe listens to a channel of the relays', from a little ago on.
func (p *Page) subscribe(name string) {
	rewind := protocol.Rewind{Age: window}
	if name == ops.AuditChannel {
		rewind = protocol.Rewind{Count: logRewind}
	}
	if err := p.link.SubscribeWith(name, client.SubscribeOptions{Rewind: &rewind}); err != nil {
		app.Log(err) // the name is one, and the link is open
	}
}

// now is the servers' time, as well as it is known here.
func (p *Page) now() int64 { return time.Now().UnixMilli() + p.offset }

// learn corrects the clock. A batch that waited makes the servers seem behind, so
// what puts them ahead is believed at once, and the contrary slowly.
func (p *Page) learn(serverNow int64) {
	if serverNow == 0 {
		return
	}
	offset := serverNow - time.Now().UnixMilli()
	if p.known {
		offset = max(offset, p.offset-drift)
	}
	p.offset, p.known = offset, true
}

// take takes in a batch: all that came within a painted frame.
func (p *Page) take(b live.Batch, all []News, serverNow int64) {
	audit := live.Batch{Dropped: b.Dropped}
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Connected:
			p.linked = true
			p.again()
		case client.Disconnected:
			p.linked = false
		case client.Subscribed:
			p.refuse(ev.Channel, "")
		case client.Refused:
			p.refuse(ev.Channel, ev.Err.Error())
		case client.Received:
			if ev.Channel == ops.AuditChannel {
				audit.Events = append(audit.Events, ev)
			}
		case client.Gap:
			if ev.Channel == ops.AuditChannel {
				audit.Events = append(audit.Events, ev)
			}
		}
	}
	p.learn(serverNow)
	p.state = p.state.Take(all, p.now())
	p.connect()
	if len(audit.Events) > 0 || audit.Dropped > 0 {
		p.log.take(audit)
	}
	p.show(false)
}

// tick looks at the clock, again and again while the page is mounted.
func (p *Page) tick(ctx app.Context) {
	ctx.PreventUpdate()
	if !p.ready {
		return
	}
	next, ask := p.state.Tick(p.now())
	if p.state = next; ask && p.refused == "" {
		p.ask(ctx)
	}
	p.show(true)
	ctx.After(interval, p.tick)
}

// ask asks the relay of this tab whether messages flow.
func (p *Page) ask(ctx app.Context) {
	browser.Fetch("GET", "/readyz", func(status int, text string) {
		ctx.Dispatch(func(ctx app.Context) {
			ctx.PreventUpdate()
			p.state.Outage = p.state.Outage.Answer(status, text, p.now())
			p.show(false)
		})
	})
}

func (p *Page) connect() {
	p.state.Outage = p.state.Outage.Connect(p.linked, browser.Online(), p.now())
}

// refuse notes why the server does not let this tab listen to a channel, or ""
// when it does.
func (p *Page) refuse(channel, reason string) {
	switch {
	case channel == ops.MetricsChannel:
		p.refused = reason
	case channel == ops.AuditChannel && p.log.refused != reason:
		p.log.refused = reason
		p.log.redraw(nil)
	}
}

// again listens once more to what was refused: the tab may be somebody else now.
func (p *Page) again() {
	if p.refused != "" {
		p.subscribe(ops.MetricsChannel)
	}
	if p.log.refused != "" {
		p.subscribe(ops.AuditChannel)
	}
}

// show hands the state to the leaves. The charts move with the clock alone.
func (p *Page) show(move bool) {
	now := p.now()
	p.banner.show(p.state, p.refused, now)
	p.table.show(p.state.Fleet, now)
	p.legend.show(p.state.Fleet)
	p.notify(p.state.Alerts.Raised - p.watch.alerts.Raised)
	p.watch.show(p.state.Alerts, now)
	p.keep()
	if !move || browser.Hidden() {
		return
	}
	away, span := p.state.Away(), p.state.Fleet.Span(now)
	if p.short {
		span = min(span, 60*second)
	}
	for _, c := range p.charts {
		c.draw(p.state, away, now-span, now)
	}
}
