package dashboard

import (
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
	"fanlight/shared/demo"
)

// nothing stands where there is no value.
const nothing = "–"

func (p *Page) renderHead() app.UI {
	board := func(id, path, text string) app.UI {
		link := tag.A().ID("board-"+id).Attr("href", path).Body(
			tag.Span().Text(text), tag.Span().ID("board-"+id+"-note").Class("board-note").Text(" "),
		)
		if p.board == id {
			link = link.Aria("current", "page")
		}
		return link
	}
	return app.Div().Class("dash-head").Body(
		app.H1().Text("Dashboard"),
		tag.Nav().Class("boards").Aria("label", "Boards").Body(
			board("markets", "/dashboard", "Markets"),
			board("sensors", "/dashboard?board=sensors", "Sensors"),
		),
		tag.NoScript().Body(app.P().Class("problem").Text("The boards need JavaScript and WebAssembly.")),
		app.P().ID("dash-problem").Class("problem").Role("alert").Text(p.market.Problem),
	)
}

// off is the value of a disabled attribute: see the playground.
func off(ready bool) any {
	if ready {
		return nil
	}
	return true
}

func (p *Page) renderMarket() app.UI {
	t := p.market.Ticker(p.symbol)
	return app.Div().ID("markets").Class("dash-board market").Body(
		app.P().Class("board-about").Body(
			app.Elem("strong").Text("These prices are simulated."),
			app.Text(" There are no such companies: a random walk in the server publishes them, over the way that everybody's messages take."),
		),
		tag.Section().Class("panel quotes").Aria("labelledby", "quotes-title").Body(
			app.Div().Class("panel-head").Body(
				tag.H2().ID("quotes-title").Text("Prices"),
				tag.Button().ID("watch-all").Class("small").Text("Watch all").
					Attr("disabled", off(p.ready)).OnClick(p.onWatchAll),
			),
			p.renderTable(),
		),
		tag.Section().Class("panel candles").Aria("labelledby", "candles-title").Body(
			app.Div().Class("panel-head").Body(
				tag.H2().ID("candles-title").Text(t.Symbol+", "+t.Name),
				tag.Span().ID("candles-price").Class("candles-price").Text(nothing),
			),
			app.Div().Class("candles-chart").Body(
				chart("candles", "candle-plot", "0 0 600 240", "Candles of "+t.Symbol+", described below", "rise", "fall", "forming"),
				tag.Span().ID("candles-high").Class("axis axis-high").Text(nothing),
				tag.Span().ID("candles-low").Class("axis axis-low").Text(nothing),
				tag.Span().ID("candles-from").Class("axis axis-from").Text(nothing),
				tag.Span().ID("candles-until").Class("axis axis-until").Text(nothing),
			),
			app.P().ID("candles-words").Class("hint").Text("No candles yet."),
		),
		tag.Section().Class("panel arrivals").Aria("labelledby", "arrivals-title").Body(
			tag.H2().ID("arrivals-title").Text("What comes to this tab"),
			app.P().ID("watch-words").Role("status").Text(p.watchWords()),
			app.P().ID("arrivals-words").Text(nothing),
			app.Div().Body(
				app.P().ID("saved-words").Class("saved").Text(" "),
				app.P().ID("missed-words").Class("missed-words").Role("status").Text(" "),
			),
		),
	)
}

func (p *Page) renderTable() app.UI {
	head := func(class, text string) app.UI { return app.Elem("th").Attr("scope", "col").Class(class).Text(text) }
	return app.Elem("table").ID("quotes").Aria("labelledby", "quotes-title").Body(
		app.Elem("thead").Body(app.Elem("tr").Body(
			app.Elem("th").Attr("scope", "col").Class("col-watch").Body(tag.Span().Class("unseen").Text("Watch")),
			head("col-symbol", "Symbol"), head("col-sector", "Sector"), head("col-line", "Last 40 s"),
			head("col-price", "Price"), head("col-change", "Change"),
		)),
		app.Elem("tbody").Body(app.Range(p.market.Tickers).Slice(func(i int) app.UI {
			return p.renderRow(&p.market.Tickers[i])
		})),
	)
}

func (p *Page) renderRow(t *Ticker) app.UI {
	symbol := t.Symbol
	watched, note := strconv.FormatBool(p.watch.has(symbol)), ""
	if !p.watch.Wants(symbol) {
		note = ", whose prices are not asked for"
	}
	return app.Elem("tr").ID("quote-"+symbol).DataSet("asked", strconv.FormatBool(p.watch.Wants(symbol))).
		DataSet("shown", strconv.FormatBool(symbol == p.symbol)).Body(
		app.Elem("td").Class("col-watch").Body(
			tag.Button().ID("watch-"+symbol).Class("star").Aria("pressed", watched).Aria("label", "Watch "+symbol).
				Attr("disabled", off(p.ready)).
				OnClick(func(app.Context, app.Event) { p.rewatch(p.watch.Toggle(symbol)) }, app.EventScope(symbol)),
		),
		app.Elem("th").Attr("scope", "row").Class("col-symbol").Body(
			tag.Button().ID("show-"+symbol).Class("symbol").Aria("pressed", strconv.FormatBool(symbol == p.symbol)).
				Title("Show the candles of "+symbol).Attr("disabled", off(p.ready)).Body(
				tag.Span().Class("symbol-code").Text(symbol), app.Text(" "), tag.Span().Class("symbol-name").Text(t.Name),
				tag.Span().Class("unseen").Text(note),
			).OnClick(func(app.Context, app.Event) { p.show(symbol) }, app.EventScope(symbol)),
		),
		app.Elem("td").Class("col-sector").Text(t.Sector),
		app.Elem("td").Class("col-line").Body(chart("spark-"+symbol, "spark", "0 0 600 100", "No prices yet", "line")),
		app.Elem("td").ID("price-"+symbol).Class("col-price").Text(nothing),
		app.Elem("td").ID("change-"+symbol).Class("col-change").DataSet("trend", "none").Text(nothing),
	)
}

// show shows a symbol's candles.
func (p *Page) show(symbol string) {
	p.symbol = symbol
	browser.Session.Set(symbolKey, symbol)
	delete(p.drawn, "candles")
	p.ctx.Defer(func(app.Context) { p.drawAll() })
}

// onWatchAll is there when there is nothing to do, too: a button that is disabled
// under the finger of somebody at the keyboard takes the focus along.
func (p *Page) onWatchAll(app.Context, app.Event) {
	if len(p.watch) > 0 {
		p.rewatch(nil)
	}
}

func (p *Page) watchWords() string {
	if len(p.watch) == 0 {
		return "All " + strconv.Itoa(len(p.market.Tickers)) + " symbols: there is no filter. Choose some with their star, and the server sends no others."
	}
	return "Only " + strings.Join(p.watch, ", ") + ": the server filters by tag."
}

// drawTicker draws a row, and the candles if they are the symbol's.
func (p *Page) drawTicker(t *Ticker) {
	if p.turned(t.Symbol, t.Turn) {
		last, change, ok := t.Price()
		if !ok {
			return
		}
		trend := "flat"
		switch {
		case change > 0:
			trend = "up"
		case change < 0:
			trend = "down"
		}
		p.pens.draw("price-"+t.Symbol, "", price(last))
		p.pens.draw("change-"+t.Symbol, "", percent(change))
		p.pens.draw("change-"+t.Symbol, "data-trend", trend)
		p.pens.draw("spark-"+t.Symbol+"-line", "d", t.Sparkline())
	}
	if t.Symbol == p.symbol && p.turned("candles", t.Turn) {
		p.drawCandles(t)
	}
}

func (p *Page) drawCandles(t *Ticker) {
	c := t.Chart()
	p.pens.draw("candles-rise", "d", c.Rise)
	p.pens.draw("candles-fall", "d", c.Fall)
	p.pens.draw("candles-forming", "d", c.Forming)
	high, low, from, until, last := nothing, nothing, nothing, nothing, nothing
	if c.Count > 0 {
		high, low, from, until = price(c.High), price(c.Low), clock(c.From), clock(c.Until)
	}
	if now, _, ok := t.Price(); ok {
		last = price(now)
	}
	p.pens.draw("candles-high", "", high)
	p.pens.draw("candles-low", "", low)
	p.pens.draw("candles-from", "", from)
	p.pens.draw("candles-until", "", until)
	p.pens.draw("candles-price", "", last)
}

func (p *Page) drawMarketWords() {
	a, m := &p.market.Arrivals, p.market
	came, saved := count(a.Received, "quote", "quotes")+" came, "+bytes(a.Bytes)+" of data.", " "
	if p.dropped > 0 {
		came += " The tab was too slow for " + count(uint64(p.dropped), "message", "messages") + ", of quotes and readings." // #nosec G115 -- it counts
	}
	if len(p.watch) > 0 {
		saved = count(a.Skipped, "other", "others") + " stayed on the server: about " + bytes(a.Saved()) +
			" saved, if they were like those that came."
	}
	p.pens.draw("arrivals-words", "", came)
	p.pens.draw("saved-words", "", saved)
	p.pens.draw("saved-words", "data-skipped", number(a.Skipped))
	missed := " "
	if m.Missed > 0 {
		missed = "This tab missed " + count(m.Missed, "quote", "quotes") + ": the server does not keep them any more. "
	}
	if m.Resets > 0 {
		missed += "The history began anew " + count(uint64(m.Resets), "time", "times") + ": what was lost then nobody can count. " // #nosec G115 -- it counts
	}
	p.pens.draw("missed-words", "", missed)
	if p.board == "markets" && p.seconds%3 == 1 {
		for i := range m.Tickers {
			p.describe(&m.Tickers[i])
		}
	}
	p.pens.draw("candles-words", "", candleWords(m.Ticker(p.symbol)))
}

// describe puts a sparkline into words.
func (p *Page) describe(t *Ticker) {
	last, change, ok := t.Price()
	if !ok {
		return
	}
	p.pens.draw("spark-"+t.Symbol, "aria-label", t.Symbol+" at "+price(last)+", "+percent(change)+" in "+
		strconv.Itoa(t.quotes.len())+" prices")
}

func candleWords(t *Ticker) string {
	c := t.Chart()
	if c.Count == 0 {
		return "No candles yet."
	}
	end := "."
	if c.Forming != "" {
		end = ", of which the last is still forming."
	}
	return "Between " + price(c.Low) + " and " + price(c.High) + " since " + clock(c.From) + ", in " +
		count(uint64(c.Count), "candle", "candles") + " of " + strconv.Itoa(demo.CandleLength/1000) + " seconds" + end // #nosec G115 -- it counts
}
