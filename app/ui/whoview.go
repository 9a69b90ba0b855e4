package ui

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
	"fanlight/shared/protocol"
)

// whoKey keeps the choice, for the life of the tab.
const whoKey = "fanlight.who"

// askSite is the [ask] of a browser.
func askSite(ctx context.Context, method, path string) (status int, body string) {
	type answer struct {
		status int
		body   string
	}
	got := make(chan answer, 1)
	browser.Fetch(method, path, func(status int, text string) { got <- answer{status, text} })
	select {
	case a := <-got:
		return a.status, a.body
	case <-ctx.Done():
		return 0, ""
	}
}

// choose has the tab become somebody else.
func (s *shell) choose(c Choice) {
	s.who = s.who.Choose(c)
	browser.Session.Set(whoKey, c.String())
	if err := s.link.SetToken(c.Source(askSite)); err != nil {
		app.Log(err) // everything else was taken before
	}
}

// learnOffers asks an open server whom one may be.
func (s *shell) learnOffers(ctx app.Context) {
	if !s.who.Open() {
		s.who.Offers = nil
		return
	}
	browser.Fetch("GET", "/identities", func(status int, text string) {
		var offers []protocol.Identity
		if status != 200 || json.Unmarshal([]byte(text), &offers) != nil {
			return // it has none
		}
		ctx.Dispatch(func(app.Context) { s.who.Offers = offers })
	})
}

// renderWho is a button with a panel, which the browser opens and closes: by
// click, Escape, or a click elsewhere.
func (s *shell) renderWho() app.UI {
	state := "nobody"
	switch {
	case s.who.Problem != "":
		state = "problem"
	case s.who.Choice != Choice{}:
		state = "somebody"
	}
	return app.Div().Class("who is-"+state).Body(
		tag.Button().ID("who").Class("who-button").Attr("popovertarget", "who-panel").DataSet("who", s.who.Name()).
			Aria("label", "Who you are: "+s.who.Name()).Body(
			tag.Span().Class("who-face").Aria("hidden", true),
			tag.Span().Class("who-name").Text(s.who.Name()),
		),
		app.Div().ID("who-panel").Class("panel who-panel").Attr("popover", "auto").Role("group").Aria("labelledby", "who-title").Body(
			tag.H2().ID("who-title").Text("Who you are"),
			app.P().ID("who-words").Role("status").Text(s.who.Words()),
			app.P().ID("who-problem").Class("problem").Role("alert").Text(s.who.Problem),
			app.Div().Body(
				app.If(len(s.who.Offers) > 0, s.renderOffers),
				app.If(!s.who.Open(), s.renderPaste),
			),
		),
	)
}

func (s *shell) renderOffers() app.UI {
	offers := append([]protocol.Identity{{About: "no token at all"}}, s.who.Offers...)
	return app.Div().Class("who-offers").Body(
		app.P().Class("hint").Text("See what a server with rules does. This tab becomes:"),
		tag.Ul().ID("who-offers").Body(
			app.Range(offers).Slice(func(i int) app.UI {
				o := offers[i]
				name := o.Name
				if name == "" {
					name = "nobody"
				}
				return tag.Li().Body(
					tag.Button().Class("offer").DataSet("name", name).Aria("pressed", s.who.Choice == Choice{Name: o.Name}).
						OnClick(func(app.Context, app.Event) { s.choose(Choice{Name: o.Name}) }, app.EventScope(o.Name)).Body(
						tag.Span().Class("offer-name").Text(name),
						tag.Span().Class("offer-about").Text(o.About),
					),
				)
			}),
		),
	)
}

func (s *shell) renderPaste() app.UI {
	return tag.Form().ID("who-form").Class("who-paste").OnSubmit(s.onPaste).Body(
		tag.Label().Attr("for", "who-token").Text("A token that this server takes"),
		tag.Textarea().ID("who-token").Attr("rows", 3).Attr("placeholder", "eyJhbGciOi…").Attr("spellcheck", "false").
			Attr("autocomplete", "off").Attr("autocapitalize", "none").Attr("maxlength", protocol.MaxToken).
			Aria("describedby", "who-problem"),
		app.Div().Body(
			tag.Button().ID("who-use").Class("primary").Attr("type", "submit").Text("Use it"),
			tag.Button().ID("who-none").Text("Go on without").OnClick(s.onNobody),
		),
		app.P().Class("hint").Text("This tab keeps it until it is closed, and sends it to nobody but this server."),
	)
}

func (s *shell) onPaste(_ app.Context, e app.Event) {
	e.PreventDefault()
	field := app.Window().GetElementByID("who-token")
	if token := strings.Join(strings.Fields(field.Get("value").String()), ""); token != "" {
		field.Set("value", "")
		s.choose(Choice{Token: token})
	}
}

func (s *shell) onNobody(app.Context, app.Event) { s.choose(Choice{}) }
