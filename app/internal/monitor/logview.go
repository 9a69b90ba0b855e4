package monitor

import (
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/shared/ops"
)

// logView draws a [Log].
type logView struct {
	app.Compo
	leaf

	state   Log
	refused string
	placed  uint64 // the turn of the last row that was put on top
}

func (l *logView) take(b live.Batch) { l.set(l.state.Take(b)) }

func (l *logView) set(next Log) {
	l.state = next
	l.redraw(l.place)
}

// place puts the rows that got an entry since the last time on top.
func (l *logView) place() { l.placed = l.state.Place(l.placed, "log-rows", rowID) }

func rowID(slot int) string { return "log-row-" + strconv.Itoa(slot) }

// Render implements [app.Composer].
func (l *logView) Render() app.UI {
	pause := "Pause"
	if l.state.Paused {
		pause = "Resume"
		if l.state.Held > 0 {
			pause += ", " + strconv.Itoa(l.state.Held) + " new"
		}
	}
	empty := ""
	switch {
	case l.refused != "":
		empty = "You may not see it: " + l.refused + "."
	case len(l.state.Rows) > 0:
	case l.state.Total > 0 && l.state.Filter != "":
		empty = "Nothing here contains “" + l.state.Filter + "”."
	case l.state.Total > 0:
		empty = "Nobody but the relays' own demos so far. Publish something on another page, or from a terminal."
	default:
		empty = "Nothing came yet. Publish something on another page, or from a terminal."
	}
	heads := make([]app.UI, len(logColumns))
	for i, name := range logColumns {
		heads[i] = head(name, "")
	}
	rows := make([]app.UI, len(l.state.Rows))
	for slot, row := range l.state.Rows {
		rows[slot] = &logRow{Slot: slot, Entry: row.Item}
	}
	const title = "mon-log-title"
	return tag.In(tag.El("section.panel.mon-log", "aria-labelledby", title),
		tag.Box("div.mon-head",
			tag.Words("h2#"+title, "Publish log"),
			tag.Words("span#log-count.hint", l.count()),
			tag.Box("div.mon-tools",
				tag.Words("label.unseen", "Show only entries that contain", "for", "log-filter"),
				tag.Input().ID("log-filter").Attr("type", "search").Attr("placeholder", "Find").Attr("autocomplete", "off").
					Attr("spellcheck", "false").Attr("disabled", tag.Yes(!l.mounted)).OnInput(l.onFilter),
				button("button#log-inside", "The relays' own too", "", l.mounted).Attr("aria-pressed", strconv.FormatBool(l.state.Inside)).
					OnClick(func(app.Context, app.Event) { l.set(l.state.Turn()) }),
				button("button#log-pause", pause, "", l.mounted).Attr("aria-pressed", strconv.FormatBool(l.state.Paused)).
					OnClick(func(app.Context, app.Event) { l.set(l.state.Pause()) }),
			),
		),
		tag.Words("p.hint", "Who asked for what, as the relays tell it: never what was said. The same several times at once is one entry."),
		tag.In(tag.El("div.mon-scroll.mon-entries", "tabindex", "0", "role", "region", "aria-labelledby", title),
			grid("table.mon-table", title, heads, "tbody#log-rows", rows),
		),
		tag.Words("p#log-empty.hint", empty),
	)
}

// count says how much there is, how much of it is shown, and what is missing.
func (l *logView) count() string {
	s := l.state
	var text string
	switch {
	case s.Total == 0:
	case s.Total == len(s.Rows):
		text = strconv.Itoa(s.Total)
	default:
		text = strconv.Itoa(len(s.Rows)) + " of " + strconv.Itoa(s.Total) + " shown"
	}
	if s.Lost > 0 {
		text += "; " + strconv.FormatUint(s.Lost, 10) + " not told, the relays were too busy"
	}
	if s.Missed > 0 {
		text += "; " + plural(s.Missed, "report") + " missed here"
	}
	return text
}

func (l *logView) onFilter(ctx app.Context, _ app.Event) {
	l.set(l.state.Sift(ctx.JSSrc().Get("value").String()))
}

var logColumns = []string{"When", "Who", "What", "Channel", "From", "Way", "Relay", "Outcome"}

// logRow is an entry. It renders when its slot gets another.
type logRow struct {
	app.Compo

	Slot  int
	Entry *ops.Entry
}

// Render implements [app.Composer].
func (r *logRow) Render() app.UI {
	e := r.Entry
	who, outcome := e.User, "ok"
	if who == "" {
		who = "nobody"
	}
	if e.Outcome != ops.OutcomeOK {
		outcome = "refused"
	}
	what := e.Op
	if e.Count > 1 {
		what += " ×" + strconv.Itoa(e.Count)
	}
	channel := e.Channel
	if channel == "" {
		channel = unknown
	}
	if e.Offset > 0 {
		channel += " #" + strconv.FormatUint(e.Offset, 10)
		if e.Last > e.Offset {
			channel += "–" + strconv.FormatUint(e.Last, 10)
		}
	}
	from := e.From
	if from == "" {
		from = unknown
	}
	at := time.UnixMilli(e.At)
	cells := []app.UI{tag.In(tag.El("td", "role", "cell", "data-label", logColumns[0]),
		tag.Words("time", at.Format("15:04:05.000"), "datetime", at.UTC().Format(time.RFC3339), "title", at.Format("2 Jan 2006 15:04:05")),
	)}
	for i, text := range []string{who, what, channel, from, e.Way, e.Node, e.Outcome} {
		cells = append(cells, tag.Words("td", text, "role", "cell", "data-label", logColumns[i+1]))
	}
	return tag.In(tag.El("tr#"+rowID(r.Slot)+".mon-entry.is-"+outcome, "role", "row", "data-op", e.Op, "data-channel", e.Channel,
		"data-count", strconv.Itoa(e.Count)), cells...)
}
