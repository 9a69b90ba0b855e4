package playground

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/ledger"
	"fanlight/app/ui/tag"
)

// renderLedger draws the tab's figures, and what they amount to.
func (p *Page) renderLedger() app.UI {
	f := p.figures
	figures := []struct {
		name, hint string
		value      uint64
		bad        bool
	}{
		{"sent", "Publishes of this tab, since it was loaded", f.Sent, false},
		{"acknowledged", "Of those, the ones that the server has stored", f.Acknowledged, false},
		{"received", "Messages that came to this tab", f.Received, false},
		{"recovered", "Of those, the ones that were published while it was away", f.Recovered, false},
		{"missing", "Messages that did not come and will not, by this tab's own count of offsets", f.Missing, f.Missing > 0},
		{"doubled", "Messages with the epoch and the offset of one that had come before", f.Doubled, f.Doubled > 0},
	}
	state := "good"
	if f.Broken() {
		state = "broken"
	}
	return tag.Section().ID("ledger").Class("panel ledger").DataSet("state", state).Aria("labelledby", "ledger-title").Body(
		tag.H2().ID("ledger-title").Text("Ledger"),
		app.Elem("dl").Class("figures").Body(
			app.Range(figures).Slice(func(i int) app.UI {
				figure := figures[i]
				class := "figure"
				if figure.bad {
					class += " is-bad"
				}
				return app.Div().Class(class).DataSet("figure", figure.name).Title(figure.hint).Body(
					app.Elem("dt").Text(figure.name),
					app.Elem("dd").Text(strconv.FormatUint(figure.value, 10)),
				)
			}),
		),
		app.P().ID("ledger-words").Class("hint").Text(Verdict(f)),
	)
}

// Verdict says what a tab's figures amount to, the worst first.
func Verdict(f ledger.Figures) string {
	count := func(n uint64) string { return strconv.FormatUint(n, 10) }
	switch {
	case f.Broken():
		text := "This must not happen: "
		for _, fault := range []struct {
			n    uint64
			what string
		}{{f.Silent, "missing without a word"}, {f.Doubled, "doubled"}, {f.Disordered, "out of order"}} {
			if fault.n > 0 {
				text += count(fault.n) + " " + fault.what + ", "
			}
		}
		return text[:len(text)-2] + "."
	case f.Missing > 0:
		return "What is missing is lost, and the list says which."
	case f.Resets > 0:
		return "A history began anew: what the old one still had can't be counted."
	case f.Refused > 0 && f.Failed == 0:
		return count(f.Refused) + " of those sent " + was(f.Refused) + " refused, and did not arrive."
	case f.Failed > 0:
		return count(f.Failed) + " of those sent failed, and may or may not have arrived."
	case f.Waiting() > 0:
		return count(f.Waiting()) + " of those sent " + is(f.Waiting()) + " not acknowledged yet."
	case f.Sent+f.Received == 0:
		return "Counts since this tab was loaded."
	default:
		return "It adds up, since this tab was loaded."
	}
}

func was(n uint64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func is(n uint64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
