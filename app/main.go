// Command app is the page's program. It is compiled to WebAssembly and runs in
// the browser; compiled natively it does nothing, since package pages renders
// the same routes there.
package main

import (
	"runtime/debug"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui"
)

// garbage is how much of it, in percent of what lives, may gather before it is
// collected. There is one thread for that and for painting, and little lives.
const garbage = 400

func main() {
	debug.SetGCPercent(garbage)
	ui.Route()
	app.RunWhenOnBrowser()
}
