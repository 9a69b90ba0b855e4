// Command app is the page's program. It is compiled to WebAssembly and runs in
// the browser; compiled natively it does nothing, since package pages renders
// the same routes there.
package main

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui"
)

func main() {
	ui.Route()
	app.RunWhenOnBrowser()
}
