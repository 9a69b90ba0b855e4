package chat

import (
	_ "embed"

	"fanlight/app/ui/how"
)

//go:embed page.go
var source string

// about is what *How it works* says.
func (p *Page) about() how.About {
	const file = "app/internal/chat/page.go"
	return how.About{
		Channels: []how.Channel{
			{Name: chatChannel(p.name), Use: "what is said, and who is here"},
			{Name: typingChannel(p.name), Use: "who types; nothing of it is kept here"},
		},
		Sources: []how.Source{
			{Title: "Enter: go on where the tab stood, or begin a little in the past", File: file, Text: how.Func(source, "(p *Page) subscribe")},
			{Title: "Say something, with a key that makes sending it again safe", File: file, Text: how.Func(source, "(p *Page) publish")},
			{Title: "Ask who is here", File: file, Text: how.Func(source, "(p *Page) askPeople")},
		},
	}
}
