package ui

import (
	"testing"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/address"
	"fanlight/app/internal/live"
)

func TestThePagesAreWhatTheShellCanShow(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pages {
		if p.title == "" || p.description == "" || len(p.paths) == 0 {
			t.Errorf("%v lacks something", p.paths)
		}
		if _, has := address.Prefix(p.paths[0]); has && p.label != "" {
			t.Errorf("the navigation can't lead to %s", p.paths[0])
		}
		for _, path := range p.paths {
			if seen[path] {
				t.Errorf("%s is two pages' address", path)
			}
			seen[path] = true
			if got := at(path); got.page.paths[0] != p.paths[0] || got.name != "" {
				t.Errorf("%s is %v", path, got)
			}
		}
	}
}

func TestEachNameHasAPageOfItsOwn(t *testing.T) {
	before := pages
	t.Cleanup(func() { pages = before })
	var made []string
	pages = append(pages[:len(pages):len(pages)], page{
		paths: []string{"/test", "/test/{name}"},
		make: func(_ *live.Link, name string) app.Composer {
			made = append(made, name)
			return &room{}
		},
	})
	if pattern, ok := Pattern("/test/one"); !ok || pattern != "/test/{name}" {
		t.Errorf("/test/one is %q", pattern)
	}
	if pattern, ok := Pattern("/test/One"); ok {
		t.Errorf("/test/One is %q", pattern)
	}
	s := shell{Page: "/test/{name}"}
	ids := map[string]bool{}
	for _, path := range []string{"/test", "/test/one", "/test/two", "/test/two"} {
		s.enter(at(path))
		ids[s.content().CompoID()] = true
	}
	if len(made) != 3 || made[0] != "" || made[1] != "one" || made[2] != "two" || len(ids) != 3 {
		t.Errorf("made for %q, known as %v", made, ids)
	}
}
