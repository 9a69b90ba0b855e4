package ui

import (
	"slices"
	"sync"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/internal/playground"
)

// page is what stands at one or more addresses.
type page struct {
	// paths are its addresses; the first is the one that the navigation names.
	paths []string
	name  string
	// title and description go into the document's head. They are constants:
	// go-app does not escape them.
	title, description string
	make               func(*live.Link) app.Composer
}

var pages = []page{{
	paths:       []string{"/playground", "/"},
	name:        "Playground",
	title:       "Playground · Fanlight",
	description: "Publish in one tab and read it in another, through Redis Pub/Sub, a relay in Go and WebSockets.",
	make:        func(l *live.Link) app.Composer { return playground.New(l) },
}}

// Paths returns the addresses of all pages.
func Paths() []string {
	var paths []string
	for _, p := range pages {
		paths = append(paths, p.paths...)
	}
	return paths
}

// Route tells go-app the addresses of all pages. Once is enough, more does no
// harm.
var Route = sync.OnceFunc(func() {
	for _, p := range pages {
		for _, path := range p.paths {
			app.Route(path, func() app.Composer { return &shell{Page: p.paths[0]} })
		}
	}
})

func pageOf(path string) page {
	return pages[slices.IndexFunc(pages, func(p page) bool { return p.paths[0] == path })]
}
