package pages

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"fanlight/app/internal/address"
	"fanlight/app/ui"
	"fanlight/app/web"
	"fanlight/shared/protocol"
)

// fakeProgram is no WebAssembly; nothing here runs it.
var fakeProgram = []byte(strings.Repeat("\x00asm, or so. ", 1000))

// built returns the embedded files with a program, as a build leaves it.
func built(t *testing.T, extra ...string) fstest.MapFS {
	t.Helper()
	files := unbuilt(t)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(fakeProgram)
	_ = w.Close()
	files["app.wasm.gz"] = &fstest.MapFile{Data: b.Bytes()}
	files["app.wasm.br"] = &fstest.MapFile{Data: []byte("brotli, or so")}
	files["app.wasm.json"] = &fstest.MapFile{Data: []byte(`{"sha256":"` + hash(fakeProgram, []byte(strings.Join(extra, ""))) + `","size":` + strconv.Itoa(len(fakeProgram)) + `}`)}
	return files
}

// unbuilt returns the embedded files without a program.
func unbuilt(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(web.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, program) {
			return err
		}
		body, err := fs.ReadFile(web.Files(), name)
		files[name] = &fstest.MapFile{Data: body}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func handler(t *testing.T, files fstest.MapFS) *Handler {
	t.Helper()
	h, err := New(Config{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask makes a request; headers come as pairs.
func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheProgramComesInTheCodingTheClientLikes(t *testing.T) {
	h := handler(t, built(t))
	for accept, want := range map[string]string{
		"gzip, deflate, br, zstd": "br",
		"gzip":                    "gzip",
		"br;q=0.5, gzip":          "gzip",
		"br;q=0, *":               "gzip",
		"*;q=0":                   "",
		"identity":                "",
		"":                        "",
	} {
		res := ask(h, http.MethodGet, "/web/app.wasm", "Accept-Encoding", accept)
		got := res.Body.String()
		if res.Code != http.StatusOK || res.Header().Get("Content-Encoding") != want {
			t.Errorf("%q: %d, %q", accept, res.Code, res.Header().Get("Content-Encoding"))
		}
		if want == "" && got != string(fakeProgram) {
			t.Errorf("%q: unpacked to %d bytes", accept, len(got))
		}
		if res.Header().Get("Content-Length") != strconv.Itoa(len(got)) {
			t.Errorf("%q: %s bytes announced, %d sent", accept, res.Header().Get("Content-Length"), len(got))
		}
		for name, value := range map[string]string{"Content-Type": "application/wasm", "Vary": "Accept-Encoding", "Cache-Control": "no-cache"} {
			if res.Header().Get(name) != value {
				t.Errorf("%q: %s is %q", accept, name, res.Header().Get(name))
			}
		}
	}
}

func TestAccept(t *testing.T) {
	for header, want := range map[string]coding{
		"GZIP;Q=0.3 , BR ; q=0.2":       gzipped,
		"x-gzip":                        gzipped,
		"br;q=1.5":                      identity,
		"br;q=oh":                       identity,
		"*":                             brotlied,
		"*;q=0.1, br;q=0":               gzipped,
		"deflate, ,;q=1,gzip;x=1;q=0.1": gzipped,
	} {
		if got := negotiate(header, brotlied, gzipped); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestWhatIsKnownIsNotSentAgain(t *testing.T) {
	h := handler(t, built(t))
	for _, path := range []string{"/", "/playground", "/web/app.wasm", "/app.js", "/web/base.css", "/manifest.webmanifest"} {
		res := ask(h, http.MethodGet, path, "Accept-Encoding", "br, gzip")
		tag := res.Header().Get("ETag")
		if tag == "" {
			t.Fatalf("%s has no tag", path)
		}
		for _, known := range []string{tag, `"other", W/` + tag, "*"} {
			res := ask(h, http.MethodGet, path, "Accept-Encoding", "br, gzip", "If-None-Match", known)
			if got := res.Body.String(); res.Code != http.StatusNotModified || got != "" {
				t.Errorf("%s, known as %s: %d with %d bytes", path, known, res.Code, len(got))
			}
		}
		res = ask(h, http.MethodGet, path, "If-None-Match", `"another"`)
		if got := res.Body.String(); res.Code != http.StatusOK || got == "" {
			t.Errorf("%s, known otherwise: %d", path, res.Code)
		}
		if other := res.Header().Get("ETag"); res.Header().Get("Vary") != "" && other == tag {
			t.Errorf("%s has the same tag in two codings", path)
		}
	}
}

func TestAHeadHasTheHeadersAlone(t *testing.T) {
	h := handler(t, built(t))
	for _, path := range []string{"/", "/web/app.wasm"} {
		get, head := ask(h, http.MethodGet, path), ask(h, http.MethodHead, path)
		if got := head.Body.String(); got != "" {
			t.Errorf("%s: a body of %d bytes", path, len(got))
		}
		if get.Header().Get("Content-Length") != head.Header().Get("Content-Length") || get.Header().Get("ETag") != head.Header().Get("ETag") {
			t.Errorf("%s: GET and HEAD differ", path)
		}
	}
}

func TestAPageSaysSomethingBeforeTheProgramIsThere(t *testing.T) {
	h := handler(t, built(t))
	for path, says := range map[string][]string{
		"/": {
			"<title>Fanlight</title>", "<h1>Redis Pub/Sub, fanned out to browsers</h1>", "wscat -c", "EventSource", `href="/playground"`,
		},
		"/playground": {"<title>Playground · Fanlight</title>", "<h1>Publish in one tab, read it in another</h1>"},
	} {
		res := ask(h, http.MethodGet, path)
		page := res.Body.String()
		if res.Code != http.StatusOK || res.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d, %s", path, res.Code, res.Header().Get("Content-Type"))
		}
		for _, want := range append(says,
			"curl -N &#39;http://127.0.0.1:8000/sse?channel=realtime_channel&#39;", "redis-cli", "<noscript>",
			"Starting…", `src="/web/boot.js"`, `href="/web/styles.css"`,
		) {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		for _, bad := range []string{"github", "og:url", "og:image", " style=", "<script>", `\"`} {
			if strings.Contains(page, bad) {
				t.Errorf("%s says %q", path, bad)
			}
		}
	}
}

func TestThePagesStylesComeAsOneFile(t *testing.T) {
	files := built(t)
	all := ask(handler(t, files), http.MethodGet, "/web/styles.css").Body.String()
	for name, file := range files {
		if strings.HasSuffix(name, ".css") && !strings.Contains(all, string(file.Data)) {
			t.Errorf("%s is not in it", name)
		}
	}
	if !strings.HasPrefix(all, string(files["base.css"].Data)) {
		t.Error("what others build on does not come first")
	}
}

func TestNothingOfARequestGetsIntoAPage(t *testing.T) {
	h := handler(t, built(t))
	plain := ask(h, http.MethodGet, "/playground").Body.String()
	r := httptest.NewRequest(http.MethodGet, `/playground?channel=%22%3E%3Cscript%3Ealert(1)%3C/script%3E`, nil)
	r.Host = `evil"><script>`
	r.Header.Set("Accept-Language", `"><script>`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Body.String() != plain {
		t.Error("the page depends on the request")
	}
}

func TestEveryAnswerKeepsTheBrowserToThisSite(t *testing.T) {
	const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	h := handler(t, built(t))
	for _, path := range []string{"/", "/web/app.wasm", "/app-worker.js", "/nothing", "/robots.txt"} {
		res := ask(h, http.MethodGet, path, "Accept", "text/html")
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := res.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

func TestNoAnswerNamesAnotherSite(t *testing.T) {
	h := handler(t, built(t))
	for path, a := range h.assets {
		if path == "/wasm_exec.js" || a.plain == nil {
			continue // it names the Go authors in its licence
		}
		for _, bad := range []string{"https://", "//cdn"} {
			if bytes.Contains(a.plain, []byte(bad)) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	h := handler(t, built(t))
	for _, path := range []string{
		"/nothing", "/web", "/web/", "/web/app.wasm.br", "/web/app.wasm.json", "/app.wasm", "/goapp.js",
		"/sitemap.xml", "/ads.txt", "/" + h.Build() + "/app.js", "/web/../web/base.css", "//", "/playground/",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		r.Header.Set("Accept", "text/html,*/*")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "There is no page at this address") {
			t.Errorf("%s: %d", path, w.Code)
		}
		if w.Header().Get("ETag") != "" && ask(h, http.MethodGet, "/nothing", "Accept", "text/html", "If-None-Match", w.Header().Get("ETag")).Code != http.StatusNotFound {
			t.Errorf("%s: a 404 turns into a 304", path)
		}
	}
}

func TestAProgramIsToldWhatIsWrongAsAProblem(t *testing.T) {
	h := handler(t, built(t))
	for _, c := range []struct {
		method, path string
		status       int
		code         protocol.Code
	}{
		{http.MethodGet, "/nothing", http.StatusNotFound, protocol.CodeNotFound},
		{http.MethodPost, "/playground", http.StatusMethodNotAllowed, protocol.CodeMethod},
	} {
		res := ask(h, c.method, c.path)
		var p protocol.Problem
		if err := json.Unmarshal(res.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if res.Code != c.status || p.Code != c.code || p.Status != c.status || res.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %+v", c.method, c.path, res.Code, p)
		}
	}
}

func TestRobotsAreAnsweredFromHere(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/robots.txt", nil)
	r.Host = "internal.example:1"
	w := httptest.NewRecorder()
	handler(t, built(t)).ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "User-agent: *") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestABuildIsNamedByItsContent(t *testing.T) {
	one, same := handler(t, built(t)), handler(t, built(t))
	if one.Build() == "" || one.Build() != same.Build() {
		t.Errorf("the same build is called %q and %q", one.Build(), same.Build())
	}
	if other := handler(t, built(t, "changed")); other.Build() == one.Build() {
		t.Error("another program has the same name")
	}
	files := built(t)
	files["base.css"] = &fstest.MapFile{Data: []byte("a{}")}
	if other := handler(t, files); other.Build() == one.Build() {
		t.Error("another style sheet has the same name")
	}
	worker, script := ask(one, http.MethodGet, "/app-worker.js").Body.String(), ask(one, http.MethodGet, "/app.js").Body.String()
	if !strings.Contains(worker, one.Build()) || !strings.Contains(script, one.Build()) {
		t.Error("the worker or the page does not know its build")
	}
	if page := ask(one, http.MethodGet, "/").Body.String(); !strings.Contains(page, `src="/web/boot.js" data-size="`+strconv.Itoa(len(fakeProgram))+`"`) {
		t.Error("the loader does not know the unpacked size")
	}
}

func TestTheWorkerKeepsOnlyWhatIsServed(t *testing.T) {
	h := handler(t, built(t))
	_, list, _ := strings.Cut(ask(h, http.MethodGet, "/app-worker.js").Body.String(), "resourcesToCache = ")
	list, _, _ = strings.Cut(list, ";")
	var paths []string
	if err := json.Unmarshal([]byte(list), &paths); err != nil {
		t.Fatal(err)
	}
	if len(paths) < 10 {
		t.Errorf("only %v", paths)
	}
	for _, path := range paths {
		// One failure keeps the worker from being installed.
		if res := ask(h, http.MethodGet, path); res.Code != http.StatusOK {
			t.Errorf("%s: %d", path, res.Code)
		}
	}
}

func TestWithoutAProgramThePageSaysSo(t *testing.T) {
	h := handler(t, unbuilt(t))
	if h.Build() != "" {
		t.Errorf("the build is called %q", h.Build())
	}
	for _, path := range []string{"/", "/playground"} {
		res := ask(h, http.MethodGet, path)
		if page := res.Body.String(); res.Code != http.StatusServiceUnavailable || !strings.Contains(page, "make build") {
			t.Errorf("%s: %d %s", path, res.Code, page)
		}
	}
	if res := ask(h, http.MethodGet, "/web/base.css"); res.Code != http.StatusOK {
		t.Errorf("the style sheet: %d", res.Code)
	}
}

func TestHalfABuildIsAnError(t *testing.T) {
	for _, name := range []string{"app.wasm.br", "app.wasm.gz"} {
		files := built(t)
		delete(files, name)
		if _, err := New(Config{Files: files}); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
	files := built(t)
	files["app.wasm.json"] = &fstest.MapFile{Data: []byte("{}")}
	if _, err := New(Config{Files: files}); err == nil {
		t.Error("without facts: no error")
	}
}

func TestAnAddressWithAParameterIsAPageForGoodNamesAlone(t *testing.T) {
	with, without := handler(t, built(t)), handler(t, unbuilt(t))
	for _, pattern := range ui.Patterns() {
		before, _ := address.Prefix(pattern)
		one, two := ask(with, http.MethodGet, before+"one"), ask(with, http.MethodGet, before+"two")
		if one.Code != http.StatusOK || one.Body.String() != two.Body.String() || !strings.Contains(one.Body.String(), "<h1") {
			t.Errorf("%sone: %d", before, one.Code)
		}
		if res := ask(without, http.MethodGet, before+"one"); res.Code != http.StatusServiceUnavailable {
			t.Errorf("%sone, without a program: %d", before, res.Code)
		}
		for _, bad := range []string{"", "One", "a:b", "a/b", "%7Broom%7D", strings.Repeat("x", 65), "-a", "a%20b", "%3Cscript%3E"} {
			if res := ask(with, http.MethodGet, before+bad, "Accept", "text/html"); res.Code != http.StatusNotFound {
				t.Errorf("%s%s: %d", before, bad, res.Code)
			}
		}
	}
}
