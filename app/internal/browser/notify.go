package browser

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Permission is what a browser says to notifications.
type Permission string

// What it says. PermissionNone is that of a browser that has none, or not for
// this site.
const (
	PermissionNone    Permission = "none"
	PermissionDefault Permission = "default" // nobody was asked
	PermissionGranted Permission = "granted"
	PermissionDenied  Permission = "denied"
)

// Notifications returns what the browser says to notifications from here.
func Notifications() Permission {
	p := PermissionNone
	try(func() {
		window := app.Window()
		if n := window.Get("Notification"); n.Truthy() && window.Get("isSecureContext").Bool() {
			p = Permission(n.Get("permission").String())
		}
	})
	return p
}

// AskNotifications asks whoever is there, and calls done with what was answered.
// A browser takes it from a click alone.
func AskNotifications(done func(Permission)) {
	if !try(func() {
		settle(app.Window().Get("Notification").Call("requestPermission"), func(bool) { done(Notifications()) })
	}) {
		done(Notifications())
	}
}

// Notify shows a notification, if the browser lets it. One with the same name
// takes the other's place.
func Notify(name, title, text string) {
	with := map[string]any{"body": text, "tag": name}
	if try(func() { app.Window().Get("Notification").New(title, with) }) {
		return
	}
	// On a phone it takes a service worker.
	try(func() {
		app.Window().Get("navigator").Get("serviceWorker").Call("getRegistration").Then(func(registration app.Value) {
			try(func() {
				if registration.Truthy() {
					settle(registration.Call("showNotification", title, with), func(bool) {})
				}
			})
		})
	})
}
