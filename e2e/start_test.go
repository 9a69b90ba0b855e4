package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
)

// withProgram is the site with its WebAssembly served by somebody else.
func (s *site) withProgram(serve http.HandlerFunc) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/", s.relay)
	mux.HandleFunc("/web/app.wasm", serve)
	front := httptest.NewServer(mux)
	s.rig.t.Cleanup(func() {
		front.CloseClientConnections() // WebSockets, which the relay ends later
		front.Close()
	})
	return front
}

func TestThePageShowsHowMuchOfTheProgramCame(t *testing.T) {
	s := newRig(t).site()
	goOn := make(chan struct{})
	front := s.withProgram(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		whole := httptest.NewRecorder()
		s.relay.ServeHTTP(whole, r)
		program := whole.Body.Bytes()
		w.Header().Set("Content-Type", "application/wasm")
		_, _ = w.Write(program[:len(program)/2])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-goOn:
			_, _ = w.Write(program[len(program)/2:])
		case <-r.Context().Done():
		}
	})
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(front.URL+"/"))
	p.says("the bar", `Number(document.getElementById("app-wasm-loader")?.style.getPropertyValue("--progress")).toFixed(2)`, "0.50")
	close(goOn)
	p.sees(`#status[data-state=connected]`)
	p.says("the bar afterwards", `String(document.getElementById("app-wasm-loader"))`, "null")
	p.CheckClean(t, front.URL)
}

func TestAPageWhoseProgramDoesNotComeSaysSo(t *testing.T) {
	s := newRig(t).site()
	front := s.withProgram(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(front.URL+"/"))
	p.sees(`#app-wasm-loader[role=alert]`)
	if text := p.text("#app-wasm-loader-label"); !strings.Contains(text, "did not start (the server answered 503)") {
		t.Errorf("it says %q", text)
	}
	if text := p.text("#status-words"); text != "Not started" {
		t.Errorf("the state is %q", text)
	}
	p.sees("h1") // what was prerendered
}
