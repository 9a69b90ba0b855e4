package dashboard

import (
	_ "embed"

	"fanlight/app/ui/how"
	"fanlight/shared/demo"
)

var (
	//go:embed channels.go
	channelsSource string
	//go:embed gauge.go
	gaugeSource string
)

// about is what *How it works* says.
func (p *Page) about() how.About {
	const folder = "app/internal/dashboard/"
	return how.About{
		Channels: []how.Channel{
			{Name: demo.QuotesChannel, Use: "a price of each symbol, twice a second, with tags to filter by"},
			{Name: demo.CandlesChannel, Use: "what each price did in ten seconds"},
			{Name: demo.SensorSpace + ":<site>:<id>", Use: "the readings of one sensor, a second apart"},
		},
		Sources: []how.Source{
			{Title: "Begin in the past, so that a chart has its history", File: folder + "channels.go", Text: how.Func(channelsSource, "(p *Page) listen")},
			{Title: "Have the server leave out what nobody watches", File: folder + "channels.go", Text: how.Func(channelsSource, "(p *Page) rewatch")},
			{Title: "Tell what was missed from what was never sent", File: folder + "gauge.go", Text: how.Func(gaugeSource, "(g *Gauge) take")},
		},
	}
}
