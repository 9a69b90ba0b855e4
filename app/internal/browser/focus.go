package browser

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Held is what has the focus, to be held on to while the page changes: a list
// moves on under somebody's finger, and a button goes once it was pressed.
type Held struct {
	// ID is the element's; what has none is not held.
	ID      string
	element app.Value
}

// Focused returns what has the focus.
func Focused() (h Held) {
	try(func() {
		h.element = app.Window().Get("document").Get("activeElement")
		h.ID = h.element.Get("id").String()
	})
	return h
}

// Keep is for after the change. It has the focus stay with what had it, which may
// be another element now; if that is gone or out of order, the focus goes to the
// first of those named instead that is not. Whoever went elsewhere meanwhile is left alone.
func (h Held) Keep(instead ...string) {
	if h.ID == "" {
		return
	}
	try(func() {
		document := app.Window().Get("document")
		now := document.Get("activeElement")
		if !now.Equal(h.element) && !now.Equal(document.Get("body")) {
			return
		}
		for _, id := range append([]string{h.ID}, instead...) {
			to := document.Call("getElementById", id)
			if !to.Truthy() || to.Get("disabled").Truthy() || !to.Call("checkVisibility").Bool() {
				continue
			}
			if !to.Equal(now) {
				to.Call("focus")
			}
			return
		}
	})
}

// FocusHeading puts the focus on the heading of what has an id, unless it is
// inside already.
func FocusHeading(id string) {
	try(func() {
		document := app.Window().Get("document")
		within := document.Call("getElementById", id)
		if heading := within.Call("querySelector", "h1"); !within.Call("contains", document.Get("activeElement")).Bool() {
			heading.Set("tabIndex", -1)
			heading.Call("focus", map[string]any{"preventScroll": true})
		}
	})
}
