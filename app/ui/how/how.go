package how

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
)

// pace is how often frames are drawn at most.
const pace = 100 * time.Millisecond

// About is what a page says about itself. Its texts are shown as they are.
type About struct {
	Channels []Channel
	Sources  []Source
}

// Channel is one that the page uses.
type Channel struct{ Name, Use string }

// Source is a piece of the program: see [Func].
type Source struct {
	// Title says what it does, in a few words.
	Title string
	// File is where it stands, from the repository's top.
	File string
	Text string
}

// How is the widget: a button, and what it opens. It is a component to put into
// a page's tree; make one with [New] and keep it.
type How struct {
	app.Compo

	link   *live.Link
	about  func() About
	open   bool
	paused bool
	frames *frames
	shown  []frame
	due    atomic.Bool // a drawing is on its way
}

// New returns the widget of a page. About is asked whenever it is drawn.
func New(link *live.Link, about func() About) *How {
	return &How{link: link, about: about, frames: &frames{}}
}

// OnDismount implements [app.Dismounter].
func (h *How) OnDismount() {
	if h.open {
		h.link.Tap(nil)
	}
}

func (h *How) onToggle(ctx app.Context, _ app.Event) {
	h.open = !h.open
	if !h.open {
		h.link.Tap(nil)
		return
	}
	h.link.Tap(func(sent bool, raw []byte) {
		h.frames.add(sent, raw, time.Now())
		if h.due.CompareAndSwap(false, true) {
			ctx.After(pace, func(app.Context) {
				h.due.Store(false)
				if !h.paused {
					h.shown = h.frames.last()
				}
			})
		}
	})
}

func (h *How) onPause(app.Context, app.Event) {
	h.paused = !h.paused
	h.shown = h.frames.last()
}

// Render implements [app.Composer].
func (h *How) Render() app.UI {
	return tag.Section().Class("how").Aria("labelledby", "how-open").Body(
		tag.Button().ID("how-open").Class("how-open").Aria("expanded", strconv.FormatBool(h.open)).Aria("controls", "how-body").
			Text("How it works").OnClick(h.onToggle),
		app.Div().ID("how-body").Body(app.If(h.open, h.renderBody)),
	)
}

func (h *How) renderBody() app.UI {
	about := h.about()
	pause := "Pause"
	if h.paused {
		pause = "Go on"
	}
	return app.Div().Class("how-body").Body(
		app.Div().Class("panel").Body(
			tag.H2().Text("Channels"),
			tag.Ul().ID("how-channels").Class("how-channels").Body(
				app.Range(about.Channels).Slice(func(i int) app.UI {
					c := about.Channels[i]
					return tag.Li().Body(app.Code().Text(c.Name), tag.Span().Text(c.Use))
				}),
			),
		),
		app.Div().Class("panel how-wire").Body(
			app.Div().Class("how-head").Body(
				tag.H2().ID("how-frames-title").Text("Frames as they pass"),
				tag.Button().ID("how-pause").Class("small").Aria("pressed", strconv.FormatBool(h.paused)).Text(pause).OnClick(h.onPause),
			),
			app.P().Class("hint").Text("The raw text of this tab's WebSocket, in the subprotocol fanlight.v1, the newest first."),
			tag.Ol().ID("how-frames").Class("how-frames").TabIndex(0).Aria("labelledby", "how-frames-title").Body(
				app.Range(h.shown).Slice(func(i int) app.UI { return renderFrame(&h.shown[i]) }),
			),
		),
		app.Div().Class("panel how-code").Body(
			tag.H2().Text("The Go that does it"),
			app.P().Class("hint").Text("Out of the very files that this page was compiled from."),
			app.Range(about.Sources).Slice(func(i int) app.UI {
				s := about.Sources[i]
				return app.Elem("figure").Body(
					app.Elem("figcaption").Body(tag.Span().Text(s.Title), app.Code().Text(s.File)),
					app.Elem("pre").TabIndex(0).Aria("label", s.Title).Body(app.Code().Text(s.Text)),
				)
			}),
		),
	)
}

func renderFrame(f *frame) app.UI {
	way := "in"
	if f.sent {
		way = "out"
	}
	return tag.Li().Class("is-"+way).DataSet("way", way).DataSet("number", f.number).Body(
		tag.Span().Class("how-way").Body(
			tag.Span().Text(f.words()),
			tag.Span().Text(f.at.Format("15:04:05.000")),
		),
		app.Code().Text(f.text),
	)
}
