package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui"
)

// own is go-app's view of our files: they are where they are asked for. It
// serves nothing itself.
type own struct{}

func (own) Resolve(path string) string { return path }

// render has go-app make its pages and scripts, by the path that each has.
// A page is rendered once and is the same for everybody: nothing of a request
// can get into it. That of an address with a parameter is the same for all
// names; its path is the pattern.
func render(build string, wasmSize int) (map[string]*asset, error) {
	ui.Route()
	pages := append(ui.Paths(), ui.Patterns()...)
	h := &app.Handler{
		Name:        "Fanlight",
		ShortName:   "Fanlight",
		Title:       "Fanlight",
		Description: "Redis Pub/Sub, fanned out to browsers.",
		Author:      "The Fanlight authors",
		// All of them, or go-app fetches its own from another site.
		Icon: app.Icon{
			Default:  "/web/icon-192.png",
			Large:    "/web/icon-512.png",
			Maskable: "/web/icon-maskable-512.png",
			SVG:      "/web/icon.svg",
		},
		Image:           "/web/icon-512.png",
		BackgroundColor: "#131a28",
		ThemeColor:      "#131a28",
		Styles:          []string{stylesPath},
		RawHeaders: []string{
			`<meta name="color-scheme" content="light dark">`,
		},
		CacheableResources: append([]string{"/web/boot.js", "/web/logo.svg", "/web/icon.svg"}, ui.Paths()...),
		Resources:          own{},
		Version:            build,
	}
	types := map[string]string{
		"/app.js":               "text/javascript; charset=utf-8",
		"/app-worker.js":        "text/javascript; charset=utf-8",
		"/wasm_exec.js":         "text/javascript; charset=utf-8",
		"/app.css":              "text/css; charset=utf-8",
		"/manifest.webmanifest": "application/manifest+json",
	}
	for _, p := range pages {
		types[p] = "text/html; charset=utf-8"
	}
	assets := make(map[string]*asset, len(types))
	for path, contentType := range types {
		w := record{header: http.Header{}, status: http.StatusOK}
		h.ServeHTTP(&w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Header: http.Header{}})
		if w.status != http.StatusOK {
			return nil, fmt.Errorf("pages: go-app answered %d for %s", w.status, path)
		}
		body := siteAddress.ReplaceAll(w.body.Bytes(), nil)
		var err error
		switch {
		case path == "/app.js":
			body, err = replace(body, loading, "") // boot.js does, much earlier
		case slices.Contains(pages, path):
			// Behind the styles it would wait for them.
			body, err = replace(body, "<head>", `<head><script src="/web/boot.js" data-size="`+strconv.Itoa(wasmSize)+`"></script>`)
		}
		if err != nil {
			return nil, fmt.Errorf("pages: go-app's %s has changed: %w", path, err)
		}
		assets[path] = newAsset(contentType, body)
	}
	// The attributes of a prerendered page come in a random order: name its
	// content by what it was made from.
	for _, p := range pages {
		assets[p].tag = hash([]byte(build), []byte(p))
	}
	return assets, nil
}

// loading is where go-app's script begins to load the program.
const loading = "\ngoappInitWebAssembly();"

// replace replaces what must be there once.
func replace(body []byte, old, by string) ([]byte, error) {
	if n := bytes.Count(body, []byte(old)); n != 1 {
		return nil, fmt.Errorf("%q is there %d times, not once", old, n)
	}
	return bytes.Replace(body, []byte(old), []byte(by), 1), nil
}

// siteAddress is what go-app says about the site's own, which we do not know.
var siteAddress = regexp.MustCompile(`\s*<meta [^>]*"og:(url|image)"[^>]*>`)

// record is a response that stays here.
type record struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *record) Header() http.Header         { return r.header }
func (r *record) WriteHeader(status int)      { r.status = status }
func (r *record) Write(b []byte) (int, error) { return r.body.Write(b) }
