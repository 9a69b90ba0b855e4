package playground

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/shared/protocol"
)

// renderCrowd draws who is present, and nothing for a server that knows nothing
// of that.
func (p *Page) renderCrowd() app.UI {
	panel := tag.Section().ID("crowd").Class("panel crowd").Aria("labelledby", "crowd-title")
	if p.crowd.Problem == NotSpoken {
		return panel.Class("is-hidden")
	}
	user, fixed := p.user, off(p.ready)
	if p.holder != "" {
		user, fixed = p.holder, true
	}
	faces, more := p.crowd.Faces(maxFaces)
	return panel.Body(
		app.Div().Class("crowd-head").Body(
			tag.H2().ID("crowd-title").Text("Who is here"),
			tag.Span().ID("crowd-count").Class("hint").Text(p.crowd.Words()),
		),
		tag.Ul().ID("crowd-faces").Class("faces").Body(
			app.Range(faces).Slice(func(i int) app.UI { return renderFace(faces[i]) }),
			app.If(more > 0, func() app.UI {
				return tag.Li().Class("face").Text("and " + strconv.Itoa(more) + " more")
			}),
		),
		tag.Form().ID("user-form").Class("user").OnSubmit(p.onName).Body(
			tag.Label().Attr("for", "user-input").Text("You are"),
			tag.Input().ID("user-input").Attr("type", "text").Attr("placeholder", "nobody in particular").
				Attr("autocomplete", "off").Attr("spellcheck", "false").Attr("maxlength", protocol.MaxUser).
				Attr("value", user).Attr("disabled", fixed).OnChange(p.onUser),
		),
	)
}

func renderFace(f live.Face) app.UI {
	name, class := f.Words(), "face"
	if f.Me {
		class += " is-me"
	}
	if f.Name != "" && f.Count > 1 {
		name += " ×" + strconv.Itoa(f.Count)
	}
	return tag.Li().Class(class).DataSet("user", f.Name).DataSet("count", f.Count).Text(name)
}

// Words counts those who are present.
func (c Crowd) Words() string {
	switch {
	case c.Problem == NotKept:
		return "Nobody keeps who is on " + c.Channel + "."
	case c.Problem == NotAllowed:
		return "You may not see who is on " + c.Channel + "."
	case !c.Known:
		return ""
	}
	text := plural(c.Users, "user")
	if c.Connections != c.Users {
		text += ", " + plural(c.Connections, "connection")
	}
	return text + " on " + c.Channel
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
