package monitor

import (
	_ "embed"

	"fanlight/app/ui/how"
	"fanlight/shared/ops"
)

//go:embed page.go
var source string

// about is what *How it works* says.
func (p *Page) about() how.About {
	const file = "app/internal/monitor/page.go"
	return how.About{
		Channels: []how.Channel{
			{Name: ops.MetricsChannel, Use: "what each relay says of itself, once a second"},
			{Name: ops.AuditChannel, Use: "who asked for what, without a word of what was said"},
		},
		Sources: []how.Source{
			{Title: "Listen to the relays, from five minutes ago on", File: file, Text: how.Func(source, "(p *Page) subscribe")},
			{Title: "Take in what came, and redraw what changed", File: file, Text: how.Func(source, "(p *Page) take")},
			{Title: "When nothing comes, ask the relay why", File: file, Text: how.Func(source, "(p *Page) ask")},
		},
	}
}
