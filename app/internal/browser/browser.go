// Package browser holds the few things of a browser that the pages use and
// go-app does not offer, or offers in a way that ends the page when the browser
// says no: storage may be switched off, a clipboard may be out of bounds.
//
// A JavaScript exception becomes a panic in Go, and a panic ends the page; what
// is here never panics. On the server nothing happens.
package browser

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// try runs f and reports whether the browser let it.
func try(f func()) (ok bool) {
	if app.IsServer {
		return false
	}
	defer func() { ok = recover() == nil }()
	f()
	return true
}

// Storage is a browser's storage for this site.
type Storage string

// The two kinds of storage: Local outlives the tab, Session does not.
const (
	Local   Storage = "localStorage"
	Session Storage = "sessionStorage"
)

// Get returns what is stored under a key, and "" when nothing is or nothing can
// be.
func (s Storage) Get(key string) (value string) {
	try(func() {
		if v := app.Window().Get(string(s)).Call("getItem", key); v.Type() == app.TypeString {
			value = v.String()
		}
	})
	return value
}

// Set stores a value, if the browser lets it.
func (s Storage) Set(key, value string) {
	try(func() { app.Window().Get(string(s)).Call("setItem", key, value) })
}

// Origin returns the address of the site, like http://127.0.0.1:8000. On the
// server, where it isn't known, it is what a server says that was told nothing
// else.
func Origin() string {
	if app.IsServer {
		return "http://127.0.0.1:8000"
	}
	return app.Window().Get("location").Get("origin").String()
}

// Socket returns the address of the site's WebSocket.
func Socket() string { return "ws" + strings.TrimPrefix(Origin(), "http") + "/ws" }

// Online reports whether the device has a network, as far as it knows.
func Online() bool {
	online := true
	try(func() { online = app.Window().Get("navigator").Get("onLine").Bool() })
	return online
}

// Hidden reports whether the tab is one that nobody sees just now.
func Hidden() (hidden bool) {
	try(func() { hidden = app.Window().Get("document").Get("hidden").Bool() })
	return hidden
}

// Hold keeps a Go function as a JavaScript one, and calls it on each event of
// the window's. It returns what lets go of both.
func Hold(event string, f func()) (release func()) {
	if app.IsServer {
		return func() {}
	}
	held := app.FuncOf(func(app.Value, []app.Value) any {
		f()
		return nil
	})
	app.Window().Call("addEventListener", event, held)
	return func() {
		app.Window().Call("removeEventListener", event, held)
		held.Release()
	}
}

// Copy puts a text on the clipboard and says whether that worked.
func Copy(text string, done func(ok bool)) {
	clipboard := app.Undefined()
	try(func() { clipboard = app.Window().Get("navigator").Get("clipboard") })
	if !clipboard.Truthy() {
		// Not a secure context: a site by plain http on another machine.
		done(copyBySelection(text))
		return
	}
	if !try(func() {
		settle(clipboard.Call("writeText", text), func(ok bool) { done(ok || copyBySelection(text)) })
	}) {
		done(false)
	}
}

// settle calls done when a promise is kept or broken.
func settle(promise app.Value, done func(ok bool)) {
	await(promise, func(_ app.Value, ok bool) { done(ok) })
}

// await calls done with what a promise was kept with, or when it is broken.
func await(promise app.Value, done func(value app.Value, ok bool)) {
	var kept, broken app.Func
	end := func(ok bool) app.Func {
		return app.FuncOf(func(_ app.Value, args []app.Value) any {
			kept.Release()
			broken.Release()
			value := app.Undefined()
			if len(args) > 0 {
				value = args[0]
			}
			done(value, ok)
			return nil
		})
	}
	kept, broken = end(true), end(false)
	promise.Call("then", kept, broken)
}

// Fetch sends a request without a body to the site, and calls done with what is
// answered; with status 0 when nothing is.
func Fetch(method, path string, done func(status int, text string)) {
	FetchAs("", method, path, done)
}

// FetchAs is [Fetch] with a token, unless that is empty.
func FetchAs(token, method, path string, done func(status int, text string)) {
	fail := func() { done(0, "") }
	with := map[string]any{"method": method}
	if token != "" {
		with["headers"] = map[string]any{"Authorization": "Bearer " + token}
	}
	if !try(func() {
		await(app.Window().Call("fetch", path, with), func(response app.Value, ok bool) {
			if !ok {
				fail()
				return
			}
			await(response.Call("text"), func(text app.Value, ok bool) {
				if !ok {
					fail()
					return
				}
				done(response.Get("status").Int(), text.String())
			})
		})
	}) {
		fail()
	}
}

// copyBySelection copies as it was done before there was a clipboard to ask.
func copyBySelection(text string) (ok bool) {
	try(func() {
		document := app.Window().Get("document")
		area := document.Call("createElement", "textarea")
		area.Set("value", text)
		area.Set("className", "unseen")
		before := document.Get("activeElement")
		document.Get("body").Call("appendChild", area)
		area.Call("select")
		ok = document.Call("execCommand", "copy").Bool()
		area.Call("remove")
		if before.Truthy() {
			before.Call("focus")
		}
	})
	return ok
}

// ReloadAfresh empties the service worker's caches and loads the page again
// from the server.
func ReloadAfresh() {
	reload := func() { try(func() { app.Window().Get("location").Call("reload") }) }
	caches := app.Undefined()
	try(func() { caches = app.Window().Get("caches") })
	if !caches.Truthy() {
		reload()
		return
	}
	if !try(func() {
		caches.Call("keys").Then(func(keys app.Value) {
			left := keys.Length()
			if left == 0 {
				reload()
				return
			}
			for i := range keys.Length() {
				settle(caches.Call("delete", keys.Index(i)), func(bool) {
					if left--; left == 0 {
						reload()
					}
				})
			}
		})
	}) {
		reload()
	}
}

// HasWorker reports whether a service worker answers this tab's requests.
func HasWorker() (has bool) {
	try(func() {
		worker := app.Window().Get("navigator").Get("serviceWorker")
		has = worker.Truthy() && worker.Get("controller").Truthy()
	})
	return has
}

// UpdateWorker has the service worker look for another build. It does what
// go-app's TryUpdate does, without an unhandled rejection in the console when
// the server is away just then.
func UpdateWorker() {
	try(func() {
		worker := app.Window().Get("navigator").Get("serviceWorker")
		if !worker.Truthy() {
			return
		}
		worker.Call("getRegistration").Then(func(registration app.Value) {
			try(func() {
				if registration.Truthy() {
					settle(registration.Call("update"), func(bool) {}) // it is tried again soon
				}
			})
		})
	})
}
