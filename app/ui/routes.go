package ui

import (
	"regexp"
	"sync"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/address"
	"fanlight/app/internal/chat"
	"fanlight/app/internal/dashboard"
	"fanlight/app/internal/game"
	"fanlight/app/internal/home"
	"fanlight/app/internal/live"
	"fanlight/app/internal/monitor"
	"fanlight/app/internal/playground"
)

// page is what stands at one or more addresses.
type page struct {
	// paths are its addresses; the first is the one that the navigation names,
	// so it must be one without a parameter if there is a label. The last part
	// of an address may be a parameter: /chat/{room}. See package address.
	paths []string
	// label is the page's name in the navigation; without it, it is not there.
	label string
	// title and description go into the document's head. They are constants:
	// go-app does not escape them. What the page knows better it says itself.
	title, description string
	// style is its style sheet in app/web/static; "" for none of its own.
	style string
	// make makes the page for an address. The name is what stands in place of
	// the parameter, and "" for an address without one, and when a page is
	// rendered ahead of time, for all names at once. Each name has a page of its
	// own: going from one to another unmounts the one and mounts the other.
	make func(l *live.Link, name string) app.Composer
}

// demos are the pages that the front door leads to, with the description as
// what is said about each. A new page is an entry here.
var demos = []page{{
	paths:       []string{"/playground"},
	label:       "Playground",
	title:       "Playground · Fanlight",
	description: "Publish in one tab and read it in another, through Redis Pub/Sub, a relay in Go and WebSockets.",
	style:       "playground.css",
	make:        func(l *live.Link, _ string) app.Composer { return playground.New(l) },
}, {
	paths:       []string{"/chat"},
	label:       "Chat",
	title:       "Chat · Fanlight",
	description: "Rooms with a history, who is here, who types, and nothing lost or doubled.",
	style:       "chat.css",
	make:        func(*live.Link, string) app.Composer { return chat.NewLobby() },
}, {
	paths:       []string{"/chat/{room}"},
	title:       "Chat · Fanlight",
	description: "A room: its history, who is here, who types, and nothing lost or doubled.",
	make:        func(l *live.Link, room string) app.Composer { return chat.New(l, room) },
}, {
	paths:       []string{"/dashboard"},
	label:       "Dashboard",
	title:       "Dashboard · Fanlight",
	description: "Live prices and a fleet of sensors: charts that outlive a reload, filters on the server, and gaps shown as gaps.",
	style:       "dashboard.css",
	make:        func(l *live.Link, _ string) app.Composer { return dashboard.New(l) },
}, {
	paths:       []string{"/game"},
	label:       "Game",
	title:       "Four in a row · Fanlight",
	description: "Four in a row for two and whoever watches, with the referee on the server.",
	style:       "game.css",
	make:        func(l *live.Link, _ string) app.Composer { return game.NewLobby(l) },
}, {
	paths:       []string{"/game/{id}"},
	title:       "Four in a row · Fanlight",
	description: "A game of four in a row: play, watch, come back.",
	make:        func(l *live.Link, id string) app.Composer { return game.New(l, id) },
}, {
	paths:       []string{"/monitor"},
	label:       "Monitor",
	title:       "Monitor · Fanlight",
	description: "This system's own figures, relay by relay: charts, alerts, who asked for what, and a Redis outage as it happens.",
	style:       "monitor.css",
	make:        func(l *live.Link, _ string) app.Composer { return monitor.New(l) },
}}

// pages are all pages; the first is the front door.
var pages = append([]page{{
	paths:       []string{"/"},
	title:       "Fanlight",
	description: "A realtime kit in Go: Redis Pub/Sub, fanned out to browsers.",
	style:       "home.css",
	make:        func(l *live.Link, _ string) app.Composer { return home.New(l, entries()) },
}}, demos...)

// entries are what the front door leads to.
func entries() []home.Entry {
	var all []home.Entry
	for _, p := range demos {
		if p.label != "" {
			all = append(all, home.Entry{Path: p.paths[0], Name: p.label, About: p.description})
		}
	}
	return all
}

// Paths returns the addresses of all pages that have no parameter.
func Paths() []string { return patterns(false) }

// Patterns returns the addresses that have one, like /chat/{room}. A pattern is
// routed too, as what is rendered ahead of time for all names; it is no address.
func Patterns() []string { return patterns(true) }

func patterns(parameter bool) []string {
	var all []string
	for _, p := range pages {
		for _, path := range p.paths {
			if _, has := address.Prefix(path); has == parameter {
				all = append(all, path)
			}
		}
	}
	return all
}

// Pattern returns the pattern of which a path is an address, and whether there
// is one.
func Pattern(path string) (pattern string, found bool) {
	for _, pattern := range Patterns() {
		if _, ok := address.Match(pattern, path); ok {
			return pattern, true
		}
	}
	return "", false
}

// Styles returns the pages' own style sheets.
func Styles() []string {
	var all []string
	for _, p := range pages {
		if p.style != "" {
			all = append(all, p.style)
		}
	}
	return all
}

// Route tells go-app the addresses of all pages. Once is enough, more does no
// harm.
var Route = sync.OnceFunc(func() {
	for _, p := range pages {
		for _, path := range p.paths {
			make := func() app.Composer { return &shell{Page: path} }
			app.Route(path, make)
			if before, has := address.Prefix(path); has {
				app.RouteWithRegexp("^"+regexp.QuoteMeta(before)+"[a-z0-9][a-z0-9_.-]*$", make)
			}
		}
	}
})

// place is where one is: a page, and what its parameter stands for.
type place struct {
	page *page
	name string
}

// at returns the place of a path or a pattern. For what is neither it is the
// first page; go-app asks for nothing of the kind.
func at(path string) place {
	for i := range pages {
		for _, pattern := range pages[i].paths {
			if name, ok := address.Match(pattern, path); ok || pattern == path {
				return place{&pages[i], name}
			}
		}
	}
	return place{&pages[0], ""}
}

// room holds a page, and has go-app make it anew for another name instead of
// updating the one that is there.
type room struct {
	app.Compo
	place  place
	inside app.Composer
}

// CompoID implements [app.DismountEnforcer].
func (r *room) CompoID() string { return r.place.page.paths[0] + " " + r.place.name }

// Render implements [app.Composer].
func (r *room) Render() app.UI { return r.inside }
