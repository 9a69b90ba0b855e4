package chat

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/shared/protocol"
)

const (
	// near is how close to an end of the list one has to be, in pixels, for
	// what is behind it to be shown.
	near = 120
	// historyTimeout is how long older messages may take, the token included.
	historyTimeout = 10 * time.Second
)

// list draws a [Room] and what one sends to it.
type list struct {
	app.Compo

	link   *live.Link
	name   string
	me     Me
	room   Room
	outbox Outbox
	// sparing takes back that a dispatch of the list's has its ancestors render.
	sparing func()
	// act does what a button of something that one sent asks for.
	act func(id string, again bool)

	ctx      app.Context
	mounted  bool
	waiting  bool // for the next announcement
	slots    slots
	measured bool
	anchor   string // the key of a line that is to stay where it is
	distance int    // from there to the top of what is seen
}

// OnMount implements [app.Mounter].
func (l *list) OnMount(ctx app.Context) { l.ctx, l.mounted = ctx, true }

// OnDismount implements [app.Dismounter].
func (l *list) OnDismount() { l.mounted = false }

// set changes the state; it must be called on the UI goroutine. What one looks
// at stays where it is, or, at the end, moves along.
func (l *list) set(change func()) {
	if !l.mounted {
		return
	}
	held := browser.Focused()
	l.measure()
	change()
	l.slots.fill(l.room.Lines(l.outbox.Sends))
	l.retitle()
	l.ctx.Dispatch(func(ctx app.Context) {
		l.sparing()
		ctx.Defer(l.place)
		ctx.Defer(func(app.Context) { held.Keep(refuge(held.ID)) })
	})
	if l.room.Unsaid() && !l.waiting {
		l.waiting = true
		l.ctx.After(quiet, func(ctx app.Context) {
			ctx.PreventUpdate()
			l.waiting = false
			l.set(func() { l.room = l.room.Tick(time.Now()) })
		})
	}
}

// refuge is where one goes whose button is gone: among the messages, or to where
// one writes.
func refuge(button string) string {
	if button == "chat-end" || button == "chat-older" {
		return "chat-log"
	}
	return "chat-text"
}

// retitle looks at the document, whose title the shell sets too when one comes.
func (l *list) retitle() {
	document := app.Window().Get("document")
	if title := Title(l.name, l.room.Unread); document.Get("title").String() != title {
		document.Set("title", title)
	}
}

// measure notes what one looks at.
func (l *list) measure() {
	if l.measured || l.room.Follows() {
		return
	}
	top := l.element().Get("scrollTop").Int()
	for _, slot := range l.slots.order {
		row := rowElement(slot)
		if !row.Truthy() {
			continue
		}
		if at := row.Get("offsetTop").Int(); at+row.Get("offsetHeight").Int() > top {
			l.measured, l.anchor, l.distance = true, l.slots.lines[slot].Key, at-top
			return
		}
	}
}

// place puts the rows in order, and has one look at what one looked at.
func (l *list) place(ctx app.Context) {
	if !l.mounted {
		return
	}
	box := l.element()
	rows := app.Window().GetElementByID("chat-rows")
	for _, m := range l.slots.moves() {
		next := any(nil)
		if m.before >= 0 {
			next = rowElement(m.before)
		}
		rows.Call("insertBefore", rowElement(m.slot), next)
	}
	switch slot, found := l.slots.find(l.anchor); {
	case l.room.Follows():
		box.Set("scrollTop", box.Get("scrollHeight").Int())
	case l.measured && found:
		box.Set("scrollTop", rowElement(slot).Get("offsetTop").Int()-l.distance)
	}
	l.measured = false
	if l.room.Entry == Inside && box.Get("scrollTop").Int() < near {
		l.reach(ctx)
	}
}

// reach shows what is above, or asks for it.
func (l *list) reach(ctx app.Context) {
	if next, moved := l.room.Up(); moved {
		if !l.room.Follows() {
			l.set(func() { l.room = next })
		}
		return
	}
	if l.room.Older == More {
		l.ask(ctx)
	}
}

// ask asks for older messages.
func (l *list) ask(ctx app.Context) {
	next, before, ok := l.room.Ask()
	if !ok {
		if next.Older != l.room.Older {
			l.set(func() { l.room = next })
		}
		return
	}
	l.set(func() { l.room = next })
	path := "/history?channel=" + chatChannel(l.name) + "&reverse=1&limit=" + strconv.Itoa(page)
	if before.Offset <= next.Position().Offset {
		// Behind the end there is no position; then it is read from there.
		path += "&since=" + before.Epoch + ":" + strconv.FormatUint(before.Offset, 10)
	}
	answer := func(status int, text string) {
		var h protocol.HistoryResponse
		if status == 200 && json.Unmarshal([]byte(text), &h) != nil {
			status = 0
		}
		l.ctx.Dispatch(func(app.Context) {
			l.set(func() { l.room = l.room.Answer(before, status, h, l.me) })
		})
	}
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, historyTimeout)
		defer cancel()
		token, err := l.link.Token(wait)
		if err != nil {
			answer(0, "")
			return
		}
		browser.FetchAs(token, "GET", path, answer)
	})
}

func (l *list) onScroll(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	box := l.element()
	top, height := box.Get("scrollTop").Int(), box.Get("scrollHeight").Int()
	bottom := height - top - box.Get("clientHeight").Int()
	if follows := bottom < near/2; follows != l.room.Follows() {
		l.set(func() { l.room = l.room.Follow(follows) })
	}
	switch {
	case top < near && !l.room.Follows():
		l.reach(ctx)
	case bottom < near:
		if next, moved := l.room.Down(); moved {
			l.set(func() { l.room = next })
		}
	}
}

// onEnd scrolls at once: an event of a scroll that is under way would find one
// far from the end, and have one leave it again.
func (l *list) onEnd(app.Context, app.Event) {
	box := l.element()
	box.Set("scrollTop", box.Get("scrollHeight").Int())
	l.set(func() { l.room = l.room.End() })
}

func (l *list) element() app.Value { return app.Window().GetElementByID("chat-log") }

func rowElement(slot int) app.Value { return app.Window().GetElementByID(slotID(slot)) }

func slotID(slot int) string { return "chat-row-" + strconv.Itoa(slot) }

// Render implements [app.Composer].
func (l *list) Render() app.UI {
	return app.Div().Class("chat-list").Body(
		app.Div().ID("chat-log").Class("chat-log").TabIndex(0).Role("region").Aria("label", "Messages, the newest last").
			OnScroll(l.onScroll).Body(
			app.Div().ID("chat-above").Class("chat-above").DataSet("older", int(l.room.Older)).Body(
				tag.Span().Text(l.room.Above()),
				app.If(l.room.Older == Failing || l.room.Older == More, func() app.UI {
					return tag.Button().ID("chat-older").Class("small").Text("Show older messages").
						OnClick(func(ctx app.Context, _ app.Event) { l.ask(ctx) })
				}),
			),
			tag.Ol().ID("chat-rows").Class("chat-rows").Body(
				app.Range(l.slots.lines).Slice(func(slot int) app.UI {
					line := l.slots.lines[slot]
					r := &row{Slot: slot, Item: line.Item, Under: line.Under, New: line.Key == "new", List: l}
					if line.Send != nil {
						r.Send, r.Sends = *line.Send, true
						r.Waits = l.outbox.Away || l.outbox.Limited
					}
					return r
				}),
			),
			app.Div().Class("chat-empty").Body(app.If(l.room.Empty() && len(l.outbox.Sends) == 0, func() app.UI {
				return app.P().ID("chat-empty").Text("Nobody has said anything here yet. Be the first.")
			})),
		),
		app.Div().Class("chat-end").Body(app.If(l.mounted && !l.room.Follows(), func() app.UI {
			text := "To the newest"
			if l.room.Unread > 0 {
				text = plural(l.room.Unread, "new message") + " below"
			}
			return tag.Button().ID("chat-end").Text(text).OnClick(l.onEnd)
		})),
		app.P().ID("chat-live").Class("unseen").Role("log").Aria("live", "polite").Text(l.room.Announcement),
	)
}
