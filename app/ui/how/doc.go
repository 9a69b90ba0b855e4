// Package how shows how a page works, on the page: the channels that it uses,
// the lines of Go that do it, and the raw frames as they pass.
//
// The lines are the program's own. A page embeds the file that it is made of,
// and [Func] cuts a function out of it, so that what is shown is what runs:
//
//	//go:embed page.go
//	var source string
//
//	how.New(link, func() how.About {
//		return how.About{
//			Channels: []how.Channel{{Name: "chat:" + room, Use: "what is said"}},
//			Sources:  []how.Source{{File: "app/internal/chat/page.go", Text: how.Func(source, "(p *Page) publish")}},
//		}
//	})
//
// The frames come from a tap on the tab's connection, which is there only while
// somebody looks. They are gathered in a ring of [MaxFrames] and drawn ten times
// a second at most, however fast they come. Tokens are left out.
package how
