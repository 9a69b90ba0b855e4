package browser_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
)

// complaints is a test that only notes what is reported to it.
type complaints struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (c *complaints) Helper() {}

func (c *complaints) Errorf(_ string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, args[0].(string))
}

func TestAPageIsWatched(t *testing.T) {
	b := browser.Start(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/clean":
			_, _ = w.Write([]byte(`<!doctype html><link rel=icon href="data:,"><p id=p>clean<script>console.log("hello", 1, {})</script>`))
		case "/dirty":
			_, _ = w.Write([]byte(`<!doctype html><link rel=icon href="data:,"><p id=p>dirty
				<script>console.error("said so")</script>
				<script>throw new Error("thrown")</script>
				<script>Promise.reject(new Error("rejected"))</script>
				<script>new WebSocket("ws://127.0.0.1:1/away")</script>
				<img src="/missing">`))
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()

	page := b.Open(t)
	var lines []string
	page.OnConsole(func(line string) { lines = append(lines, line) })
	page.Do(t, chromedp.Navigate(site.URL+"/clean"), chromedp.WaitVisible(chromedp.CSS("#p")))
	page.CheckClean(t, site.URL)
	if want := []string{"hello 1 Object"}; !slices.Equal(lines, want) {
		t.Errorf("the console says %q, not %q", lines, want)
	}

	page = b.Open(t)
	page.Do(t, chromedp.Navigate(site.URL+"/dirty"), chromedp.WaitVisible(chromedp.CSS("#p")))
	// Some of it the browser tells when it comes to it, and not with the page.
	var c *complaints
	for _, want := range []string{"said so", "thrown", "rejected", "/missing", "ws://127.0.0.1:1/away"} {
		for deadline := time.Now().Add(time.Minute); ; {
			c = &complaints{TB: t}
			page.CheckClean(c, site.URL)
			all := strings.Join(c.said, "\n")
			if strings.Contains(all, want) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q was not noticed in\n%s", want, all)
			}
		}
	}
	c = &complaints{TB: t}
	page.CheckClean(c, site.URL, "said so", "thrown", "rejected", "/missing", "ERR_CONNECTION_REFUSED", "ERR_UNSAFE_PORT")
	if len(c.said) != 1 {
		t.Errorf("beside the expected there is %q", c.said)
	}
}

func TestAMissingChromiumIsToldHowToGet(t *testing.T) {
	t.Setenv("FANLIGHT_CHROMIUM", "")
	t.Setenv("PATH", t.TempDir())
	for _, ci := range []string{"", "true"} {
		t.Setenv("CI", ci)
		r := &verdict{TB: t}
		func() {
			defer func() { _ = recover() }()
			browser.Start(r)
		}()
		want := "skip"
		if ci == "true" {
			want = "fail"
		}
		if r.verdict != want || !strings.Contains(r.text, "apt-get install chromium") {
			t.Errorf("with CI=%q it says %s: %s", ci, r.verdict, r.text)
		}
	}
}

// verdict is a test that notes how it ended.
type verdict struct {
	testing.TB
	verdict, text string
}

func (v *verdict) Helper() {}

func (v *verdict) Skip(args ...any) { v.end("skip", args) }

func (v *verdict) Fatal(args ...any) { v.end("fail", args) }

func (v *verdict) end(how string, args []any) {
	v.verdict, v.text = how, args[0].(error).Error()
	panic(v) // as Skip and Fatal, it does not return
}
