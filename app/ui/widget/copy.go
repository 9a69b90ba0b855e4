package widget

import (
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
)

// Copy is a button that puts a text on the clipboard and says whether that
// worked.
type Copy struct {
	app.Compo

	// Name is the button's id; it may be empty.
	Name string
	// Label is what the button says, like "Copy as curl".
	Label string
	// Hint is the accessible name, when Label alone does not say what is copied.
	Hint string
	// Text makes what is copied, when it is asked for.
	Text func() string

	said string // for a moment, instead of the label
}

// Render implements [app.Composer].
func (c *Copy) Render() app.UI {
	label := c.Label
	if c.said != "" {
		label = c.said
	}
	b := tag.Button().ID(c.Name).Class("copy").OnClick(c.onClick).Text(label)
	if c.Hint != "" && c.said == "" {
		return b.Aria("label", c.Hint)
	}
	return b
}

func (c *Copy) onClick(ctx app.Context, _ app.Event) {
	browser.Copy(c.Text(), func(ok bool) {
		ctx.Dispatch(func(ctx app.Context) {
			c.said = "Copied"
			if !ok {
				c.said = "Not allowed"
			}
			ctx.After(2*time.Second, func(app.Context) { c.said = "" })
		})
	})
}

// Line shows a command, and copies it.
func Line(id, label, command string) app.UI {
	return app.Div().Class("line").Body(
		tag.Span().Class("line-label").Text(label),
		app.Code().ID(id).Class("line-command").Text(command),
		&Copy{Label: "Copy", Hint: "Copy the line: " + label, Text: func() string { return command }},
	)
}
