package playground

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
	"fanlight/app/ui/widget"
)

// row draws one message or mark. It renders when its slot gets another.
type row struct {
	app.Compo

	Slot    int
	Message *Message
	// Class is the colour of the message's channel.
	Class string
}

// Render implements [app.Composer].
func (r *row) Render() app.UI {
	m := r.Message
	item := tag.Li().ID(rowID(r.Slot)).DataSet("channel", m.Channel)
	head := []app.UI{
		tag.Span().Class("dot").Aria("hidden", true),
		tag.Span().Class("row-channel").Text(m.Channel),
	}
	when := tag.Time().Class("row-time").Attr("datetime", m.Time.UTC().Format(time.RFC3339Nano)).Text(m.Time.Format("15:04:05.000"))
	if m.Kind != Came {
		kind, hint := "lost", "They are no longer in the channel's history: this tab was away for too long"
		if m.Kind == Anew {
			kind, hint = "anew", "The channel has another epoch now, and counts from 1 again"
		}
		return item.Class("row is-mark "+r.Class).DataSet("mark", kind).Title(hint).
			Body(append(head, when, app.Div().Class("row-text").Text(m.Text))...)
	}
	text := "row-text is-text"
	if m.JSON {
		text = "row-text is-json"
	}
	mark := tag.Span().Class("row-offset").Text(number(m.Offset))
	if m.Foreign {
		item = item.DataSet("foreign", "yes")
		mark = tag.Span().Class("row-offset badge").Text("foreign").
			Title("Another program published this to Redis directly: it has no offset and is kept nowhere")
	} else {
		item = item.DataSet("offset", m.Offset)
	}
	took := "From Redis to this tab, on the server's clock as well as it is known here"
	if m.Recovered {
		item = item.DataSet("recovered", "yes")
		took = "Its age when it came: from Redis's history"
		mark = tag.Span().Class("row-offset").Body(
			app.Text(number(m.Offset)),
			tag.Span().Class("badge is-recovered").Text("recovered").
				Title("It was published while this tab was away, and came out of the channel's history"),
		)
	}
	more := ""
	if m.Cut {
		more = "… " + strconv.Itoa((len(m.Data)+512)/1024) + " KB in all"
	}
	return item.Class("row " + r.Class).Body(append(head,
		mark,
		when,
		tag.Span().Class("row-latency").Title(took).Text(duration(m.Latency)),
		&widget.Copy{Label: "curl", Hint: "Copy this message as a curl command", Text: func() string {
			return Curl(browser.Origin(), m.Channel, m.Data, m.Tags)
		}},
		app.Div().Class(text).Text(m.Text),
		app.Div().Class("row-tags").Body(app.Range(m.Labels).Slice(func(i int) app.UI {
			return tag.Span().Class("row-tag").Text(m.Labels[i])
		})),
		tag.Span().Class("row-more").Text(more),
	)...)
}

// duration is a duration as one reads it: up to three digits and a unit.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	case d < 100*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 100*time.Minute:
		return strconv.Itoa(int(d.Round(time.Minute)/time.Minute)) + " min"
	default:
		return strconv.Itoa(int(d.Round(time.Hour)/time.Hour)) + " h"
	}
}
