package game

import (
	_ "embed"

	"fanlight/app/ui/how"
	"fanlight/shared/demo/four"
)

//go:embed page.go
var source string

// about is what *How it works* says.
func (p *Page) about() how.About {
	const file = "app/internal/game/page.go"
	return how.About{
		Channels: []how.Channel{
			{Name: four.GameChannel + p.id, Use: "what the referee says: the game after each command"},
			{Name: four.MoveChannel + p.id, Use: "what players ask for; only the referee can read it"},
		},
		Sources: []how.Source{
			{Title: "Begin with the last event", File: file, Text: how.Func(source, "(p *Page) subscribe")},
			{Title: "Ask the referee", File: file, Text: how.Func(source, "(p *Page) send")},
			{Title: "Show what it says", File: file, Text: how.Func(source, "(p *Page) take")},
		},
	}
}
