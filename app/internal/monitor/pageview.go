package monitor

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

// Render implements [app.Composer]. All that moves is in the leaves.
func (p *Page) Render() app.UI {
	plots := make([]app.UI, len(p.charts))
	for i, c := range p.charts {
		plots[i] = c
	}
	return tag.Box("div.monitor",
		tag.Box("div.mon-intro",
			tag.Words("h1", "Monitor"),
			tag.Words("p", "This system's own figures, as each relay publishes them on a channel every second, and who asked for what. "+
				"Take Redis away, or stop a relay, and watch what it looks like."),
			tag.Box("noscript", tag.Words("p.problem", "The monitor needs JavaScript and WebAssembly. For programs there is /metrics, on the operations address.")),
		),
		p.banner,
		tag.In(tag.El("section.panel.mon-nodes", "aria-labelledby", "mon-nodes-title"),
			tag.Words("h2#mon-nodes-title", "Relays"),
			p.table,
		),
		tag.In(tag.El("section.mon-charts", "aria-labelledby", "mon-charts-title"),
			tag.Box("div.mon-head",
				tag.Words("h2#mon-charts-title", "The last minutes"),
				p.legend,
				button("button#charts-short.small", "The last one alone", "", p.ready).Attr("aria-pressed", strconv.FormatBool(p.short)).OnClick(p.onShort),
			),
			tag.Box("div.mon-plots", plots...),
		),
		p.watch,
		p.log,
		tag.Box("div.mon-how", p.how),
	)
}

func (p *Page) onShort(app.Context, app.Event) {
	p.short = !p.short
	p.show(true)
}
