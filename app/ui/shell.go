package ui

import (
	"runtime"
	"slices"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/shared/client"
)

const (
	// leftKey keeps, for the tab, the build that it has left by itself.
	leftKey = "fanlight.left"
	// workerPatience is how long a service worker may take to fetch a build.
	workerPatience = 15 * time.Second
)

// idler is a page that may hold what a reload would lose.
type idler interface{ Idle() bool }

// shell is around every page, and owns the tab's connection.
type shell struct {
	app.Compo

	// Page is the address that the shell was made for, or its pattern. When one
	// goes elsewhere go-app sets another and keeps the shell.
	Page string

	room *room // the page inside

	link    live.Link
	status  Status
	update  Update
	who     Who
	step    Step
	theme   theme
	offline bool
	ticking bool // a countdown is being counted
	release []func()
}

// content returns the page inside. What is rendered first is what stands in
// the browser's address; the server has none, and the pattern alone.
func (s *shell) content() *room {
	if s.room == nil {
		path := s.Page
		if app.IsClient {
			path = app.Window().URL().Path
		}
		s.enter(at(path))
	}
	return s.room
}

// enter makes the page of a place, unless one is there already.
func (s *shell) enter(to place) {
	if s.room == nil || s.room.place != to {
		s.room = &room{place: to, inside: to.page.make(&s.link, to.name)}
	}
}

func (s *shell) OnPreRender(ctx app.Context) { s.head(ctx) }

func (s *shell) OnNav(ctx app.Context) {
	before := s.content()
	s.enter(at(ctx.Page().URL().Path))
	if app.IsClient && s.room != before {
		// Another page begins at its top. The link that led to it may be gone, and
		// whoever can't see the page has to be told of it.
		app.Window().Call("scrollTo", 0, 0)
		ctx.Defer(func(app.Context) { browser.FocusHeading("main") })
	}
	s.head(ctx)
}

func (s *shell) head(ctx app.Context) {
	p := s.content().place.page
	ctx.Page().SetTitle("%s", p.title)
	ctx.Page().SetDescription("%s", p.description)
}

// OnInit connects: the handshake needs no page, and goes on while the first one
// is drawn.
func (s *shell) OnInit() {
	if !app.IsClient {
		return
	}
	s.who.Choice = ParseChoice(browser.Session.Get(whoKey))
	s.update.Mine = app.Getenv("GOAPP_VERSION")
	if err := s.link.Open(live.Config{
		URL: browser.Socket(), Build: s.update.Mine, User: live.StoredUser(),
		Token: s.who.Choice.Source(askSite),
	}); err != nil {
		app.Log(err) // only a malformed address is refused, and ours is the browser's
	}
	runtime.Gosched() // nothing else would let the connection begin before the drawing ends
}

func (s *shell) OnMount(ctx app.Context) {
	s.theme = storedTheme()
	s.offline = !browser.Online()
	s.update.Ready = ctx.AppUpdateAvailable()
	networkChanged := func() {
		ctx.Dispatch(func(app.Context) { s.offline = !browser.Online() })
	}
	s.release = []func(){
		browser.Hold("online", networkChanged),
		browser.Hold("offline", networkChanged),
		browser.Hold("pagehide", s.link.Suspend),
		browser.Hold("pageshow", func() {
			if err := s.link.Resume(); err != nil {
				app.Log(err) // it was opened so before
			}
		}),
		s.link.Watch(func(b live.Batch) {
			if concerns(b) {
				ctx.Dispatch(func(ctx app.Context) { s.take(ctx, b) })
			}
		}),
	}
}

func (s *shell) OnDismount() {
	for _, release := range s.release {
		release()
	}
	// It waits for the last event, and the UI goroutine must not.
	go s.link.Close()
}

func (s *shell) OnAppUpdate(ctx app.Context) {
	s.update.Ready = true
	s.consider(ctx)
}

// concerns reports whether a batch says something about the connection; the
// rest is the page's.
func concerns(b live.Batch) bool {
	return slices.ContainsFunc(b.Events, func(ev client.Event) bool {
		switch ev.(type) {
		case client.Connecting, client.Connected, client.Disconnected, client.Stale, client.Refreshed, client.TokenFailed:
			return true
		}
		return false
	})
}

// take takes in what the connection reports.
func (s *shell) take(ctx app.Context, b live.Batch) {
	now, held := time.Now(), browser.Focused()
	ctx.Defer(func(app.Context) { held.Keep("who") }) // a retry is under way
	for _, ev := range b.Events {
		var found bool
		s.status = s.status.Apply(ev, now)
		s.who = s.who.Apply(ev)
		if _, ok := ev.(client.Connected); ok {
			s.learnOffers(ctx)
		}
		if s.update, found = s.update.Apply(ev); found {
			s.fetchUpdate(ctx)
		}
	}
	s.consider(ctx)
	if !s.ticking {
		s.tick(ctx)
	}
}

// fetchUpdate has the service worker look for another build.
func (s *shell) fetchUpdate(ctx app.Context) {
	if !browser.HasWorker() {
		s.update.Ready = true
		return
	}
	browser.UpdateWorker()
	ctx.After(workerPatience, func(ctx app.Context) {
		s.update.Late = true
		s.consider(ctx)
	})
}

// consider goes over to another build, or offers it, when it is time.
func (s *shell) consider(ctx app.Context) {
	page, holds := s.content().inside.(idler)
	s.step = s.update.Step(!holds || page.Idle(), browser.Session.Get(leftKey))
	if s.step == Reload {
		browser.Session.Set(leftKey, s.update.Mine)
		ctx.Reload()
	}
}

// tick counts a countdown down.
func (s *shell) tick(ctx app.Context) {
	s.ticking = s.status.Countdown(time.Now()) != ""
	if s.ticking {
		ctx.After(time.Second, s.tick)
	}
}

func (s *shell) onRetry(_ app.Context, _ app.Event) {
	if err := s.link.Retry(); err != nil {
		app.Log(err) // the shell opened it, and closes it when it goes
	}
}

func (s *shell) onTheme(app.Context, app.Event) {
	s.theme = s.theme.next()
	s.theme.apply()
}

func (s *shell) onReload(ctx app.Context, _ app.Event) {
	browser.Session.Set(leftKey, s.update.Mine)
	if s.update.Ready {
		ctx.Reload()
		return
	}
	browser.ReloadAfresh() // the worker did not fetch it, so go past the worker
}

// onSkip moves the focus too, which go-app's own handling of links doesn't.
func (s *shell) onSkip(_ app.Context, e app.Event) {
	e.PreventDefault()
	app.Window().GetElementByID("main").Call("focus")
}
