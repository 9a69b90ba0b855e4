package dashboard

import (
	"slices"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/shared/client"
)

// watchKey and symbolKey are where a tab keeps what it watches, and whose
// candles it shows.
const (
	watchKey  = "fanlight.dashboard.watch"
	symbolKey = "fanlight.dashboard.symbol"
)

// Page is the dashboard.
type Page struct {
	app.Compo

	link   *live.Link
	ctx    app.Context
	how    *how.How
	market *Market
	fleet  *Fleet
	list   *alertList
	watch  Watch
	symbol string // whose candles are shown
	board  string // which board is: "markets" or "sensors"
	// dropped counts what this tab was too slow for.
	dropped int
	// refused are the channels that whoever is at the tab may not listen to.
	refused []string

	pens    pens
	drawn   map[string]int // the turns
	ready   bool           // the browser runs us
	seconds int            // since the page was opened
	release []func()
}

// New returns the page; it lives on the link while it is mounted.
func New(link *live.Link) *Page {
	p := &Page{
		link: link, market: NewMarket(), fleet: NewFleet(), board: "markets",
		pens: pens{}, drawn: map[string]int{},
	}
	p.symbol = p.market.Tickers[0].Symbol
	p.list = &alertList{fleet: p.fleet, sparing: func() {}}
	p.how = how.New(link, p.about)
	return p
}

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.ready, p.ctx = true, ctx
	p.list.sparing = ctx.PreventUpdate
	p.board = boardOf(ctx)
	p.watch = ParseWatch(browser.Session.Get(watchKey), p.market.Trades)
	if kept := browser.Session.Get(symbolKey); p.market.Trades(kept) {
		p.symbol = kept
	}
	p.release = []func(){
		p.link.Watch(func(b live.Batch) {
			ctx.Dispatch(func(ctx app.Context) {
				ctx.PreventUpdate() // what changes is drawn by pens
				p.take(b)
			})
		}),
		browser.Hold("visibilitychange", func() {
			ctx.Dispatch(func(ctx app.Context) {
				ctx.PreventUpdate()
				p.draw()
			})
		}),
	}
	p.listen(p.channels()...)
	ctx.After(time.Second, p.tick)
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.ready = false
	for _, release := range p.release {
		release()
	}
	for _, name := range p.channels() {
		// The link may be closed already, or never had a refused channel.
		_ = p.link.Unsubscribe(name)
	}
}

// OnNav implements [app.Navigator].
func (p *Page) OnNav(ctx app.Context) {
	if app.IsClient {
		p.board = boardOf(ctx)
		ctx.Defer(func(app.Context) { p.drawAll() })
	}
}

// boardOf returns the board that the address names.
func boardOf(ctx app.Context) string {
	if ctx.Page().URL().Query().Get("board") == "sensors" {
		return "sensors"
	}
	return "markets"
}

// take takes in a batch: all that came within a painted frame.
func (p *Page) take(b live.Batch) {
	now, problem := time.Now(), p.market.Problem
	p.dropped += b.Dropped
	for _, ev := range b.Events {
		p.market.Apply(ev)
		p.fleet.Apply(ev, now)
		switch ev := ev.(type) {
		case client.Refused:
			if slices.Contains(p.channels(), ev.Channel) {
				p.refused = append(p.refused, ev.Channel)
			}
		case client.Connected: // perhaps as somebody else
			p.listen(p.refused...)
			p.refused = nil
		}
	}
	if p.market.Problem != problem {
		p.ctx.Update()
	}
	p.draw()
}

// tick is what happens once a second, while the page is mounted.
func (p *Page) tick(ctx app.Context) {
	ctx.PreventUpdate()
	if !p.ready {
		return
	}
	p.seconds++
	p.fleet.Tick(time.Now())
	p.draw()
	p.drawWords()
	ctx.After(time.Second, p.tick)
}

// draw draws what has changed, if anybody sees it.
func (p *Page) draw() {
	switch {
	case browser.Hidden():
	case p.board == "sensors":
		for i := range p.fleet.Gauges {
			p.drawGauge(&p.fleet.Gauges[i])
		}
		p.list.draw()
	default:
		for i := range p.market.Tickers {
			p.drawTicker(&p.market.Tickers[i])
		}
	}
}

// drawAll draws also what is otherwise drawn once a second.
func (p *Page) drawAll() {
	p.draw()
	p.drawWords()
}

// drawWords draws what nobody reads sixty times a second.
func (p *Page) drawWords() {
	if browser.Hidden() {
		return
	}
	p.drawMarketWords()
	p.drawFleetWords()
}

// turned reports whether something is at another turn than when it was drawn.
func (p *Page) turned(id string, turn int) bool {
	if p.drawn[id] == turn {
		return false
	}
	p.drawn[id] = turn
	return true
}

// Render implements [app.Composer].
func (p *Page) Render() app.UI {
	return app.Div().Class("dashboard").DataSet("board", p.board).Body(
		p.renderHead(),
		p.renderMarket(),
		p.renderFleet(),
		p.how,
	)
}
