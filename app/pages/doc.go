// Package pages serves the browser's side: the pages, prerendered so that they
// say something before the WebAssembly is there, the WebAssembly itself, and
// what both need.
//
// Everything is made once, by [New], and then served from memory: go-app's
// handler renders its pages and scripts into assets, each with its bytes
// compressed, a tag by its content, and the headers that keep the browser to
// this site. A request chooses among them and never reaches go-app, whose own
// handler renders by the request, compresses nothing, answers unknown paths
// with a wrong tag, and fetches /robots.txt from whatever host the request
// names.
//
// # Starting
//
// go-app's script would load the program behind all styles and scripts. Its call
// is cut out: /web/boot.js, the first line of each page, has the program on its
// way from the start. All style sheets are served as one, /web/styles.css.
//
// # Builds
//
// A build is named by a hash of the WebAssembly and the files beside it. The
// name is the version of the service worker's cache, and the server tells it to
// each tab: one that runs another build fetches this one and reloads.
// Assets are revalidated each time (no-cache), so a worker that installs a
// build can't pick up files of another from the browser's cache.
package pages
