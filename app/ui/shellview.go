package ui

import (
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

func (s *shell) Render() app.UI {
	return app.Div().Class("shell").Body(
		tag.A().Class("skip").Attr("href", "#main").Text("Skip to the page").OnClick(s.onSkip),
		tag.Header().Class("top").Body(
			tag.A().Class("brand").Attr("href", "/").Aria("label", "Fanlight, home").Body(
				app.Img().Src("/web/logo.svg").Role("presentation").Width(44).Height(26),
				tag.Span().Text("Fanlight"),
			),
			s.renderNav(),
			s.renderStatus(),
			s.renderWho(),
			tag.Button().ID("theme").Class("theme is-"+s.theme.String()).
				Aria("label", "Theme: "+s.theme.String()+". Change to "+s.theme.next().String()+".").
				Title("Theme: "+s.theme.String()).
				OnClick(s.onTheme),
		),
		s.renderNotices(),
		tag.Main().ID("main").TabIndex(-1).Body(s.content()),
		tag.Footer().Class("foot").Body(
			app.P().Text("Fanlight fans Redis Pub/Sub out to browsers: a relay and a page, both in Go, in one program."),
			app.P().Body(
				app.Text("This server: "),
				endpoint("/healthz", "alive?"),
				app.Text(" · "),
				endpoint("/readyz", "do messages flow?"),
				app.Text(" · "),
				endpoint("/version", "version"),
			),
		),
	)
}

// endpoint links to what is no page of ours, and would be a 404 inside.
func endpoint(path, text string) app.UI {
	return tag.A().Attr("href", path).Attr("target", "_blank").Attr("rel", "noopener").Text(text)
}

func (s *shell) renderNav() app.UI {
	var labelled []page
	for _, p := range pages {
		if p.label != "" {
			labelled = append(labelled, p)
		}
	}
	return tag.Nav().Class("nav").Aria("label", "Pages").Body(
		app.Range(labelled).Slice(func(i int) app.UI {
			link := tag.A().Attr("href", labelled[i].paths[0]).Text(labelled[i].label)
			switch here := s.content().place.page.paths[0]; {
			case here == labelled[i].paths[0]:
				return link.Aria("current", "page")
			case strings.HasPrefix(here, labelled[i].paths[0]+"/"):
				return link.Aria("current", "true") // a page below it
			}
			return link
		}),
	)
}

// renderStatus keeps the countdown out of what is read aloud.
func (s *shell) renderStatus() app.UI {
	now := time.Now()
	label := "Try now"
	if s.status.phase == closed {
		label = "Connect again"
	}
	return app.Div().ID("status").Class("status is-"+s.status.Name()).DataSet("state", s.status.Name()).Body(
		tag.Span().Class("lamp").Aria("hidden", true),
		tag.Span().ID("status-words").Role("status").Text(s.status.Words()),
		tag.Span().Class("countdown").Aria("hidden", true).Text(s.status.Countdown(now)),
		app.If(s.status.Retry(now), func() app.UI {
			return tag.Button().ID("retry").Class("small").Text(label).OnClick(s.onRetry)
		}),
	)
}

// renderNotices keeps a place for each notice, so that one that comes moves
// none of its siblings in the tree.
func (s *shell) renderNotices() app.UI {
	return app.Div().Class("notices").Role("status").Body(
		app.Div().Body(app.If(s.offline, func() app.UI {
			return app.P().ID("offline").Class("notice").
				Text("This device is offline. What is here stays; messages come again with the network.")
		})),
		app.Div().Body(app.If(s.step == Offer, func() app.UI {
			return app.P().ID("update").Class("notice").Body(
				tag.Span().Text("A new version of this page is here."),
				tag.Button().ID("update-reload").Class("small").Text("Reload").OnClick(s.onReload),
			)
		})),
		app.Div().Body(app.If(s.status.Reason() != "", func() app.UI {
			return app.P().ID("closed-reason").Class("notice").Text(s.status.Reason())
		})),
	)
}
