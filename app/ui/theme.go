package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
)

// themeKey is also in boot.js, which applies the theme before the first paint.
const themeKey = "fanlight.theme"

// theme is what somebody chose: "" leaves it to the system.
type theme string

const (
	auto  theme = ""
	light theme = "light"
	dark  theme = "dark"
)

func storedTheme() theme {
	switch t := theme(browser.Local.Get(themeKey)); t {
	case light, dark:
		return t
	default:
		return auto
	}
}

// next is the order in which the button goes through them.
func (t theme) next() theme {
	switch t {
	case auto:
		return light
	case light:
		return dark
	default:
		return auto
	}
}

func (t theme) String() string {
	if t == auto {
		return "auto"
	}
	return string(t)
}

// apply keeps the theme and has the style sheets see it.
func (t theme) apply() {
	browser.Local.Set(themeKey, string(t))
	app.Window().Get("document").Get("documentElement").Get("dataset").Set("theme", string(t))
}
