//go:build !js

package client_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
)

// page starts the tests of client.wasm. Arguments and environment are what
// `go test` would give them.
const page = `<!doctype html>
<meta charset="utf-8">
<title>The client's tests</title>
<link rel="icon" href="data:,">
<script src="/wasm_exec.js"></script>
<script>
	const go = new Go();
	go.argv = ["client.test", ...new URLSearchParams(location.search).getAll("arg")];
	go.env = {FANLIGHT_TEST_CONTROL: location.origin};
	go.exit = (code) => console.log("exit status " + code);
	addEventListener("error", () => go.exit(2));
	addEventListener("unhandledrejection", () => go.exit(2));
	WebAssembly.instantiateStreaming(fetch("/client.wasm"), go.importObject)
		.then((r) => go.run(r.instance))
		.catch((e) => { console.error(e); go.exit(2); });
</script>
`

func TestInBrowser(t *testing.T) {
	b := browser.Start(t) // first, so that a machine without one builds nothing
	theControl.servePage(t)

	p := b.Open(t)
	out := &output{done: make(chan struct{})}
	p.OnConsole(out.line)
	address := controlURL + "/?arg=-test.v&arg=-test.timeout=7m"
	if f := testFilter(); f != "" {
		address += "&arg=-test.run=" + f
	}
	p.Do(t, chromedp.Navigate(address))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	select {
	case <-out.done:
	case <-ctx.Done():
		t.Error("the tests do not end")
	}
	out.report(t)
}

// testFilter narrows the tests in the browser: FANLIGHT_TEST_RUN is as -run.
func testFilter() string { return os.Getenv("FANLIGHT_TEST_RUN") }

// servePage builds the tests for the browser and serves them with the page that
// starts them.
func (c *control) servePage(t *testing.T) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "client.wasm")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the tests for the browser: %v\n%s", err, text)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"/client.wasm":  binary,
		"/wasm_exec.js": filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"),
	}
	for path, file := range files {
		c.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	c.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	})
}

// output is what the tests in the browser write.
type output struct {
	mu    sync.Mutex
	lines []string
	ended bool
	done  chan struct{} // closed when they end
}

func (o *output) line(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, line)
	if strings.HasPrefix(line, "exit status ") && !o.ended {
		o.ended = true
		close(o.done)
	}
}

// report makes each test of the browser's one of ours.
func (o *output) report(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	passed := slices.Contains(o.lines, "PASS") && slices.Contains(o.lines, "exit status 0")
	var said []string
	for _, line := range o.lines {
		verdict, test, found := strings.Cut(line, ": Test")
		switch {
		case found && strings.HasPrefix(verdict, "--- "):
			name, _, _ := strings.Cut(test, " ")
			lines := said
			said = nil
			t.Run(name, func(t *testing.T) {
				t.Log(line)
				switch verdict {
				case "--- FAIL":
					t.Error(strings.Join(lines, "\n"))
				case "--- SKIP":
					t.Skip(strings.Join(lines, "\n"))
				}
			})
		case !strings.HasPrefix(line, "==="):
			said = append(said, line)
		}
	}
	if !passed {
		t.Errorf("the tests in the browser did not pass:\n%s", strings.Join(o.lines, "\n"))
	}
}
