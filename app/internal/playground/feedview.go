package playground

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/app/ui/widget"
	"fanlight/shared/protocol"
)

// feed draws a [Feed].
type feed struct {
	app.Compo

	palette palette
	// redis is the line that publishes on a channel through Redis.
	redis func(channel string) string
	// sparing takes back that what follows has the ancestors render: under load
	// this happens sixty times a second, and nothing of theirs changes.
	sparing func()
	state   Feed
	ctx     app.Context
	mounted bool
	placed  uint64 // the turn of the last row that was put on top
	waiting bool   // for the state's next tick
}

// OnMount implements [app.Mounter].
func (f *feed) OnMount(ctx app.Context) { f.ctx, f.mounted = ctx, true }

// OnDismount implements [app.Dismounter].
func (f *feed) OnDismount() { f.mounted = false }

// take takes in messages, from any goroutine once the feed is mounted.
func (f *feed) take(b live.Batch) {
	f.ctx.Dispatch(func(ctx app.Context) {
		f.sparing()
		f.set(ctx, f.state.Take(b, time.Now()))
	})
}

// set goes over to the next state; it must be called on the UI goroutine.
func (f *feed) set(ctx app.Context, next Feed) {
	f.state = next
	ctx.Defer(f.place)
	if wait, yes := f.state.Waits(); yes && !f.waiting {
		f.waiting = true
		ctx.After(wait, func(ctx app.Context) {
			f.sparing()
			f.waiting = false
			f.set(ctx, f.state.Tick(time.Now()))
		})
	}
}

// place puts the rows that got a message since the last time on top.
func (f *feed) place(app.Context) { f.placed = f.state.Place(f.placed, "feed", rowID) }

func rowID(slot int) string { return "row-" + strconv.Itoa(slot) }

// Render implements [app.Composer].
func (f *feed) Render() app.UI {
	pause := "Pause"
	if f.state.Paused {
		pause = "Resume"
	}
	return tag.Section().Class("panel feed").Aria("labelledby", "feed-title").Body(
		app.Div().Class("feed-head").Body(
			tag.H2().ID("feed-title").Text("Messages"),
			tag.Span().ID("feed-count").Class("hint").Text(f.count()),
			app.Div().Class("feed-tools").Body(
				tag.Label().Attr("for", "feed-filter").Class("unseen").Text("Show only messages, tags or channels that contain"),
				tag.Input().ID("feed-filter").Attr("type", "search").Attr("placeholder", "Find").Attr("autocomplete", "off").
					Attr("spellcheck", "false").Attr("disabled", off(f.mounted)).OnInput(f.onFilter),
				tag.Button().ID("feed-pause").Aria("pressed", f.state.Paused).Text(pause).
					Attr("disabled", off(f.mounted)).OnClick(f.onPause),
				tag.Button().ID("feed-clear").Text("Clear").
					Attr("disabled", off(f.mounted)).OnClick(f.onClear),
			),
		),
		app.Div().Class("held").Body(app.If(f.state.Paused, func() app.UI {
			return tag.Button().ID("feed-held").Class("held-button").
				Text(strconv.Itoa(f.state.Held) + " new while paused. Resume").OnClick(f.onPause)
		})),
		tag.Ol().ID("feed").Class("rows").TabIndex(0).Aria("label", "Messages, the newest first").Body(
			app.Range(f.state.Rows).Slice(func(slot int) app.UI {
				m := f.state.Rows[slot].Item
				return &row{Slot: slot, Message: m, Class: f.palette.class(m.Channel)}
			}),
		),
		f.renderEmpty(),
		app.P().ID("feed-log").Class("unseen").Role("log").Aria("live", "polite").Text(f.state.Announcement),
	)
}

// count says how much there is, and how much of it is shown.
func (f *feed) count() string {
	s := f.state
	var text string
	switch {
	case s.Total == 0:
		return ""
	case s.Shown() == s.Total:
		text = strconv.Itoa(s.Total)
	default:
		text = strconv.Itoa(s.Shown()) + " of " + strconv.Itoa(s.Total) + " shown"
	}
	if s.Hurried && !s.Paused {
		text += ", as many as one can draw"
	}
	if s.Dropped > 0 {
		text += ", " + strconv.Itoa(s.Dropped) + " left out: this tab was too slow"
	}
	return text
}

func (f *feed) renderEmpty() app.UI {
	empty := app.Div().ID("feed-empty").Class("empty")
	switch {
	case len(f.state.Rows) > 0:
		return empty.Class("is-hidden")
	case f.state.Total > 0 && f.state.Filter != "":
		return empty.Body(
			app.P().Class("empty-title").Text("Nothing matches"),
			app.P().Text("No message, tag or channel here contains “"+f.state.Filter+"”."),
		)
	default:
		return empty.Body(
			app.P().Class("empty-title").Text("Nothing came yet"),
			app.P().Text("Publish something here, or from a terminal:"),
			widget.Line("empty-redis", "Redis", f.redis(protocol.DefaultChannel)),
			widget.Line("empty-curl", "HTTP", Curl(browser.Origin(), protocol.DefaultChannel, protocol.Text("hi"), nil)),
			app.P().Body(tag.A().Attr("href", "/playground").Attr("target", "_blank").Attr("rel", "noopener").Text("Open a second tab")),
		)
	}
}

func (f *feed) onFilter(ctx app.Context, _ app.Event) {
	f.set(ctx, f.state.Sift(ctx.JSSrc().Get("value").String()))
}

func (f *feed) onPause(app.Context, app.Event) {
	stay(f.ctx, "feed-pause")
	f.set(f.ctx, f.state.Pause())
}

func (f *feed) onClear(ctx app.Context, _ app.Event) { f.set(ctx, f.state.Clear()) }
