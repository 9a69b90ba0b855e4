package monitor

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
	"fanlight/shared/ops"
)

// banner says whether samples come, and why not. It renders when that changes.
type banner struct {
	app.Compo
	leaf

	flow    Flow
	words   string // of an outage
	state   string // else
	refused string // the server's reason not to tell this tab
}

// show takes in the state.
func (b *banner) show(s State, refused string, now int64) {
	next := banner{flow: s.Outage.Flow, words: s.Outage.Words(), refused: refused}
	if s.Outage.Flow == Flowing {
		next.state = plural(s.Fleet.Speaking(now), "relay") + " reporting, each once a second."
		if past := s.Away(); len(past) > 0 {
			last := past[len(past)-1]
			next.state += " Redis was away from " + clock(last.From) + " to " + clock(last.To) + ", " + lasted(last.From, last.To) + "."
		}
	}
	if next.flow != b.flow || next.words != b.words || next.state != b.state || next.refused != b.refused {
		b.flow, b.words, b.state, b.refused = next.flow, next.words, next.state, next.refused
		b.redraw(nil)
	}
}

// Render implements [app.Composer].
func (b *banner) Render() app.UI {
	if b.refused != "" {
		return tag.In(tag.El("div#mon-state.mon-state", "data-flow", "refused"),
			tag.In(tag.El("div#mon-refused.panel.mon-refused", "role", "status"),
				tag.Words("h2", "You may not see this server's figures"),
				tag.Words("p", "Here tokens count, and what relays tell of themselves is for those whose token grants "+
					"subscribe on "+ops.Space+":*. The server says: "+b.refused+"."),
				tag.Words("p.hint", "Choose who you are above, or paste a token that has the grant: this page begins by itself then."),
			),
		)
	}
	state := b.state
	if b.flow == Waiting || b.flow == "" {
		state = "Waiting for the first report: each relay sends one a second."
	}
	return tag.In(tag.El("div#mon-state.mon-state", "data-flow", string(b.flow)),
		tag.Words("p#mon-words.hint", state, "role", "status"),
		tag.Words("p#mon-outage.mon-outage", b.words, "role", "alert"),
	)
}
