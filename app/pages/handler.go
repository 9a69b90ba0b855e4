package pages

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"fanlight/app/ui"
	"fanlight/app/web"
	"fanlight/shared/protocol"
)

// Config says what a [Handler] serves. The zero value is what every server
// wants.
type Config struct {
	// Files are the static files and the compressed WebAssembly. Default: those
	// that package web embeds.
	Files fs.FS
}

// Handler serves the pages and all that belongs to them, and a 404 for every
// other path. It is safe for concurrent use.
type Handler struct {
	build   string
	assets  map[string]*asset
	missing *asset
	unbuilt *asset            // nil when there is a WebAssembly
	rooms   map[string]*asset // by the pattern of their addresses
}

// New renders the pages. It fails when the files hold half a build.
func New(cfg Config) (*Handler, error) {
	if cfg.Files == nil {
		cfg.Files = web.Files()
	}
	h := &Handler{assets: map[string]*asset{}, rooms: map[string]*asset{}}
	wasm, err := loadProgram(cfg.Files)
	if err != nil {
		return nil, err
	}
	named, err := h.addFiles(cfg.Files)
	if err != nil {
		return nil, err
	}
	if h.assets[stylesPath], err = h.styles(); err != nil {
		return nil, err
	}
	h.assets["/robots.txt"] = newAsset("text/plain; charset=utf-8", []byte("User-agent: *\nAllow: /\n"))
	h.missing = notice("Nothing here", "There is no page at this address.", "")
	if wasm == nil {
		h.unbuilt = notice("Not built yet", "This server was compiled without its WebAssembly, so there is no page to show.",
			"Run make build, or make run, and start it again. The relay itself works: curl, WebSockets and event streams do not need the page.")
		return h, nil
	}
	h.build = hash([]byte(wasm.tag), []byte(named))
	h.assets["/web/"+program] = wasm
	rendered, err := render(h.build, wasm.size)
	if err != nil {
		return nil, err
	}
	for p, a := range rendered {
		if slices.Contains(ui.Patterns(), p) {
			h.rooms[p] = a
		} else {
			h.assets[p] = a
		}
	}
	return h, nil
}

// addFiles takes the static files in, and returns their names and tags as one
// text.
func (h *Handler) addFiles(files fs.FS) (named string, err error) {
	var names strings.Builder
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, program) {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a := newAsset(mime.TypeByExtension(path.Ext(name)), body)
		if a.contentType == "" {
			return fmt.Errorf("pages: %s is of no known type", name)
		}
		h.assets["/web/"+name] = a
		names.WriteString(name + " " + a.tag + "\n")
		return nil
	})
	if icon := h.assets["/web/icon-192.png"]; icon != nil {
		h.assets["/favicon.ico"] = icon
	}
	return names.String(), err
}

// stylesPath is where all style sheets are, as one.
const stylesPath = "/web/styles.css"

// styles puts the style sheets together, what all pages share first: a service
// worker has one file out of its cache sooner than nine.
func (h *Handler) styles() (*asset, error) {
	var all []byte
	for _, name := range append([]string{"base.css", "shell.css", "how.css"}, ui.Styles()...) {
		sheet := h.assets["/web/"+name]
		if sheet == nil {
			return nil, fmt.Errorf("pages: there is no %s", name)
		}
		all = append(all, sheet.plain...)
	}
	return newAsset(h.assets["/web/base.css"].contentType, all), nil
}

// Build names what is served: a hash of the WebAssembly and the files beside
// it. It is empty when no WebAssembly was built.
func (h *Handler) Build() string { return h.build }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	a, found := h.assets[r.URL.Path]
	if pattern, is := ui.Pattern(r.URL.Path); is && !found {
		a, found = h.rooms[pattern]
	}
	switch {
	case !found && h.unbuilt != nil && isPage(r.URL.Path):
		h.unbuilt.serve(w, r, http.StatusServiceUnavailable)
	case !found:
		h.refuse(w, r, http.StatusNotFound, protocol.CodeNotFound, "there is nothing at this path")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		h.refuse(w, r, http.StatusMethodNotAllowed, protocol.CodeMethod, "this path takes GET and HEAD")
	default:
		a.serve(w, r, http.StatusOK)
	}
}

// isPage reports whether a path is the address of a page.
func isPage(path string) bool {
	_, is := ui.Pattern(path)
	return is || slices.Contains(ui.Paths(), path)
}

// refuse answers a browser with a page and everything else with a problem.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, code protocol.Code, detail string) {
	if status == http.StatusNotFound && strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.missing.serve(w, r, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that is gone is nobody to tell.
	_ = json.NewEncoder(w).Encode(protocol.Problem{
		Title: http.StatusText(status), Status: status, Detail: detail, Code: code,
	})
}
