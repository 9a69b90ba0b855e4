package chat

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

// row draws one line. It renders when its slot gets another.
type row struct {
	app.Compo

	Slot int
	// Item is what came, Send what one sends if Sends says so, and New where
	// the unread ones begin. Without any of them the slot is empty.
	Item  *Item
	Sends bool
	Send  Send
	New   bool
	Under bool
	// Waits says that there is nobody to send it to at the time.
	Waits bool
	List  *list
}

// Render implements [app.Composer].
func (r *row) Render() app.UI {
	item := tag.Li().ID(slotID(r.Slot))
	switch {
	case r.New:
		return item.Class("chat-new").DataSet("kind", "new").Text("New")
	case r.Sends:
		return r.renderSend(item)
	case r.Item == nil:
		return item.Class("is-hidden").DataSet("kind", "none")
	case r.Item.Kind != Said:
		kind := [...]string{"", "lost", "anew", "left-out"}[r.Item.Kind]
		return item.Class("chat-mark is-"+kind).DataSet("kind", kind).Text(r.Item.Text)
	}
	it := r.Item
	class, state := "chat-row "+hue(it.From), "came"
	if it.Mine {
		class, state = class+" is-mine", "acknowledged"
	}
	if r.Under {
		class += " is-under"
	}
	more := ""
	if it.Cut {
		more = "… and more"
	}
	when := it.Time.Format("15:04")
	if time.Since(it.Time) > 20*time.Hour {
		when = it.Time.Format("2 Jan 15:04")
	}
	from := nameOf(it.From)
	if it.ID == "" && it.From == "" {
		from = "Another program"
	}
	return item.Class(class).DataSet("kind", "said").DataSet("state", state).DataSet("offset", strconv.FormatUint(it.Offset, 10)).Body(
		tag.Span().Class("chat-from").Text(from),
		tag.Span().Class("chat-badge").Text(badge(it)),
		tag.Time().Class("chat-time").Attr("datetime", it.Time.UTC().Format(time.RFC3339)).
			Title(it.Time.Format("2 Jan 2006 15:04:05")+position(it)).Text(when),
		app.Div().Class("chat-text").Body(renderParts(it.Parts)...),
		tag.Span().Class("chat-note").Text(more),
		tag.Span().Class("chat-acts"),
	)
}

func position(it *Item) string {
	if it.Offset == 0 {
		return ""
	}
	return ", " + number(it.Offset)
}

func badge(it *Item) string {
	if it.Foreign {
		return "not kept"
	}
	return ""
}

func renderParts(parts []Part) []app.UI {
	drawn := make([]app.UI, len(parts))
	for i, p := range parts {
		if p.Link {
			drawn[i] = tag.A().Attr("href", p.Text).Attr("target", "_blank").Attr("rel", "noopener noreferrer nofollow").Text(p.Text)
			continue
		}
		drawn[i] = tag.Span().Text(p.Text)
	}
	return drawn
}

func (r *row) renderSend(item app.HTMLElem) app.UI {
	s := r.Send
	state, words := "sending", "Sending…"
	switch {
	case s.State == Waiting, s.State == Sending && r.Waits:
		state, words = "waiting", "Waits for the server"
	case s.State == Unsure:
		state, words = "unsure", s.Problem
	case s.State == Failed:
		state, words = "failed", s.Problem
	case s.State == Stored:
		state, words = "acknowledged", "Sent"
	}
	class := "chat-row is-mine is-" + state + " " + hue(s.Message.From)
	return item.Class(class).DataSet("kind", "send").DataSet("state", state).Body(
		tag.Span().Class("chat-from").Text(nameOf(s.Message.From)),
		tag.Span().Class("chat-badge"),
		tag.Time().Class("chat-time").Text(s.First.Format("15:04")),
		app.Div().Class("chat-text").Body(tag.Span().Text(s.Message.Text)),
		tag.Span().Class("chat-note").Role("status").Text(words),
		tag.Span().Class("chat-acts").Body(app.If(s.State == Failed || s.State == Unsure, func() app.UI {
			return tag.Span().Body(
				tag.Button().ID("again-"+s.Message.ID).Class("small chat-again").Text("Send again").OnClick(func(app.Context, app.Event) {
					r.List.act(s.Message.ID, true)
				}, app.EventScope(s.Message.ID)),
				tag.Button().ID("discard-"+s.Message.ID).Class("small chat-discard").Text("Discard").OnClick(func(app.Context, app.Event) {
					r.List.act(s.Message.ID, false)
				}, app.EventScope(s.Message.ID)),
			)
		})),
	)
}

// hue is the colour of somebody's name.
func hue(name string) string {
	sum := uint32(2166136261)
	for _, c := range []byte(name) {
		sum = (sum ^ uint32(c)) * 16777619
	}
	return "hue-" + strconv.Itoa(int(sum%8))
}
