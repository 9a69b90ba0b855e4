// Package web embeds the page's files: the style sheets, the icons, the small
// script that runs before the WebAssembly, and the WebAssembly itself, when it
// was built, compressed ahead of time.
//
// "make build" puts app.wasm.br, app.wasm.gz and app.wasm.json (the size and
// hash of what they unpack to) next to the other files; git ignores them. The
// package compiles without them, so that tests and tools need no
// WebAssembly; package pages then says so instead of serving a page that
// can't start. The uncompressed program, some 7 MB, is embedded nowhere.
//
// The PNG icons are renderings of icon.svg.
package web
