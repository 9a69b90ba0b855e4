package dashboard

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

func (p *Page) renderFleet() app.UI {
	var sites []app.UI
	for from := 0; from < len(p.fleet.Gauges); {
		until := from
		for until < len(p.fleet.Gauges) && p.fleet.Gauges[until].Site == p.fleet.Gauges[from].Site {
			until++
		}
		sites = append(sites, renderSite(p.fleet.Gauges[from:until]))
		from = until
	}
	key := func(class, text string) app.UI {
		return tag.Li().Body(tag.Span().Class("key key-"+class).Aria("hidden", true), tag.Span().Text(text))
	}
	return app.Div().ID("sensors").Class("dash-board fleet").Body(
		app.P().Class("board-about").Body(
			app.Elem("strong").Text("This fleet is simulated."),
			app.Text(" Each sensor publishes once a second on a channel of its own, and now and then goes astray or falls silent on purpose."),
		),
		app.Div().Class("fleet-side").Body(
			tag.Section().Class("panel").Aria("labelledby", "fleet-title").Body(
				tag.H2().ID("fleet-title").Text("The fleet"),
				app.P().ID("fleet-words").Text(nothing),
				tag.Ul().Class("keys").Aria("label", "What the charts show").Body(
					key("band", "the range that is in order"),
					key("missed", "this tab missed readings"),
					key("unsent", "the sensor sent none"),
					key("anew", "the history began anew"),
				),
			),
			tag.Section().Class("panel").Aria("labelledby", "alerts-title").Body(
				tag.H2().ID("alerts-title").Text("Out of range"),
				p.list,
			),
			app.P().ID("fleet-live").Class("unseen").Role("status").Text(" "),
		),
		app.Div().Class("sites").Body(sites...),
	)
}

func renderSite(gauges []Gauge) app.UI {
	id := "site-" + gauges[0].Site
	return tag.Section().Class("site").Aria("labelledby", id).Body(
		tag.H2().ID(id).Text(gauges[0].Site),
		tag.Ul().Class("gauges").Body(app.Range(gauges).Slice(func(i int) app.UI { return renderGauge(&gauges[i]) })),
	)
}

func gaugeID(g *Gauge) string { return g.Site + "-" + g.ID }

func renderGauge(g *Gauge) app.UI {
	id := gaugeID(g)
	return tag.Li().ID("gauge-"+id).Class("panel gauge").DataSet("state", stateWord[Unheard]).Body(
		tag.Span().Class("gauge-name").Text(g.ID),
		tag.Span().Class("gauge-kind").Text(g.Kind),
		tag.Span().ID("state-"+id).Class("gauge-state").Text(stateWord[Unheard]),
		tag.Span().Class("gauge-value").Body(
			tag.Span().ID("value-"+id).Text(nothing), tag.Span().Class("gauge-unit").Text(" "+g.Unit),
		),
		chart("trace-"+id, "trace", "0 0 600 100", "No readings yet", "band", "missed", "unsent", "anew", "line"),
		tag.Span().Class("gauge-range").Text(span(g.Low, g.High)+" "+g.Unit),
		tag.Span().ID("holes-"+id).Class("gauge-holes").Text(" "),
	)
}

var stateWord = [...]string{
	Unheard: "waiting", InOrder: "in order", OutOfRange: "out of range", Silent: "silent", Unknown: "not connected", Closed: "closed to you",
}

// drawGauge draws what has changed of a sensor.
func (p *Page) drawGauge(g *Gauge) {
	id := gaugeID(g)
	if !p.turned(id, g.Turn) {
		return
	}
	p.pens.draw("state-"+id, "", stateWord[g.State])
	p.pens.draw("gauge-"+id, "data-state", stateWord[g.State])
	p.pens.draw("holes-"+id, "", holeWords(g))
	if !g.some {
		return
	}
	t := g.Trace()
	p.pens.draw("value-"+id, "", figure(g.last.Value))
	p.pens.draw("trace-"+id+"-band", "d", t.Band)
	p.pens.draw("trace-"+id+"-line", "d", t.Line)
	p.pens.draw("trace-"+id+"-missed", "d", t.Missed)
	p.pens.draw("trace-"+id+"-unsent", "d", t.Unsent)
	p.pens.draw("trace-"+id+"-anew", "d", t.Anew)
}

// holeWords says what is not there.
func holeWords(g *Gauge) string {
	text := ""
	add := func(words string) {
		if text != "" {
			text += ", "
		}
		text += words
	}
	if g.Missed > 0 {
		add(number(g.Missed) + " missed")
	}
	if g.Unsent > 0 {
		add(number(g.Unsent) + " not sent")
	}
	if g.Resets > 0 {
		add("began anew")
	}
	if text == "" {
		return " " // a text node that is empty is none
	}
	return text
}

func (p *Page) drawFleetWords() {
	f := p.fleet
	out := f.Count(OutOfRange)
	words, note := "", " "
	for _, s := range []State{InOrder, OutOfRange, Silent, Unheard, Unknown, Closed} {
		if n := f.Count(s); n > 0 {
			if words != "" {
				words += ", "
			}
			words += number(uint64(n)) + " " + stateWord[s] // #nosec G115 -- it counts
		}
	}
	if out > 0 {
		note = number(uint64(out)) + " out of range" // #nosec G115 -- it counts
	}
	p.pens.draw("fleet-words", "", words)
	p.pens.draw("board-sensors-note", "", note)
	if f.Alerts.Announcement != "" {
		p.pens.draw("fleet-live", "", f.Alerts.Announcement)
	}
	if p.board != "sensors" || p.seconds%3 != 1 {
		return
	}
	for i := range f.Gauges {
		g := &f.Gauges[i]
		if g.some {
			words := g.Site + " " + g.ID + ": " + measure(g.last.Value, g.Unit) + ", " + stateWord[g.State]
			if holes := holeWords(g); holes != " " {
				words += ", " + holes
			}
			p.pens.draw("trace-"+gaugeID(g), "aria-label", words)
		}
	}
}

// alertList draws what was out of range. It renders without its ancestors.
type alertList struct {
	app.Compo

	fleet *Fleet
	// sparing takes back that a dispatch of the list's has its ancestors render.
	sparing func()
	ctx     app.Context
	mounted bool
	drawn   int // the turn
}

// OnMount implements [app.Mounter].
func (l *alertList) OnMount(ctx app.Context) { l.ctx, l.mounted = ctx, true }

// OnDismount implements [app.Dismounter].
func (l *alertList) OnDismount() { l.mounted = false }

// draw renders the list if it has changed.
func (l *alertList) draw() {
	if !l.mounted || l.drawn == l.fleet.Alerts.Turn {
		return
	}
	l.drawn = l.fleet.Alerts.Turn
	l.ctx.Dispatch(func(app.Context) { l.sparing() })
}

// Render implements [app.Composer].
func (l *alertList) Render() app.UI {
	all := l.fleet.Alerts.List()
	return app.Div().Class("alerts").Body(
		tag.Ol().ID("alerts").TabIndex(0).Aria("label", "Alerts, the newest first").Body(
			app.Range(all).Slice(func(i int) app.UI {
				a := all[i]
				g := &l.fleet.Gauges[a.Gauge]
				state, words := "over", "until "+clock(a.Until)
				switch {
				case a.Until == 0 && g.State == OutOfRange:
					state, words = "lasts", "still"
				case a.Until == 0:
					state, words = "lasts", "when last heard"
				}
				return tag.Li().DataSet("state", state).DataSet("gauge", gaugeID(g)).Body(
					tag.Span().Class("alert-name").Text(g.Site+" "+g.ID),
					tag.Span().Class("alert-peak").Text(measure(a.Peak, g.Unit)),
					tag.Span().Class("alert-when").Text(clock(a.From)+", "+words),
				)
			}),
		),
		app.Div().Body(app.If(len(all) == 0, func() app.UI {
			return app.P().ID("alerts-none").Class("hint").Text("Nothing so far.")
		})),
	)
}
