package playground

import (
	_ "embed"

	"fanlight/app/ui/how"
)

//go:embed page.go
var source string

// about is what the page says about how it works.
func (p *Page) about() how.About {
	const file = "app/internal/playground/page.go"
	channels := make([]how.Channel, 0, len(p.desk.Channels))
	for _, c := range p.desk.Channels {
		use := "what is published there, live and recovered"
		if c.Filter != "" {
			use = "what the server lets through: " + c.Filter
		}
		channels = append(channels, how.Channel{Name: c.Name, Use: use})
	}
	return how.About{Channels: channels, Sources: []how.Source{
		{Title: "Publish, and wait for the answer", File: file, Text: how.Func(source, "(p *Page) publish")},
		{Title: "Take in what comes, once a painted frame", File: file, Text: how.Func(source, "(p *Page) take")},
		{Title: "Subscribe, from where the tab left off", File: file, Text: how.Func(source, "(p *Page) do")},
	}}
}
