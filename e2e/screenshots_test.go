package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/app/ui"
	"fanlight/e2e/browser"
	"fanlight/shared/demo/four"
)

// TestScreenshots writes a picture of every page, wide and narrow, light and
// dark, into the directory that FANLIGHT_SCREENSHOTS names: see `make
// screenshots`. It checks nothing but the console: people look.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("FANLIGHT_SCREENSHOTS")
	if dir == "" {
		t.Skip("FANLIGHT_SCREENSHOTS names no directory")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	url := start(t, "-addr", "127.0.0.1:0", "-embedded-addr", "127.0.0.1:0", "-ops-addr", "off").says(`Open +(http://127\.0\.0\.1:\d+)$`)
	eventually(t, "it is ready", func() bool { return status(url+"/readyz") == 200 })
	play(t, url)
	b := browser.Start(t)
	// The boards come last: their charts fill meanwhile.
	for _, path := range append(append(ui.Paths(), ui.Patterns()...), "/dashboard?board=sensors", "/dashboard?board=markets") {
		if path == "/dashboard" {
			continue
		}
		before, named, _ := strings.Cut(path, "{")
		if named != "" {
			before += "demo"
		}
		p := b.Open(t)
		p.Size(t, 1440, 900)
		p.Do(t, chromedp.Navigate(url+before), chromedp.WaitVisible(chromedp.CSS(`#status[data-state=connected]`)))
		for _, body := range []string{
			`{"message":"hello from curl"}`, `{"message":{"level":"warn","cpu":93}}`,
			`{"channel":"chat:demo","key":"ada","data":{"id":"1","from":"ada","text":"Is anybody here? See http://127.0.0.1:8000/"}}`,
			`{"channel":"chat:demo","key":"bob","data":{"id":"2","from":"bob","text":"Yes. I restarted the server meanwhile: not a word was lost."}}`,
		} {
			post(t, url+"/publish", "", body)
		}
		// What came has been drawn when a frame that was asked for later has.
		const drawn = `new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 1500))`
		name := strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "", "?board=", "-").Replace(path), "-")
		if name == "" {
			name = "home"
		}
		for _, size := range []struct {
			name   string
			width  int64
			height int64
		}{{"wide", 1440, 900}, {"narrow", 360, 780}} {
			for _, theme := range []string{"light", "dark"} {
				p.Size(t, size.width, size.height)
				p.Prefer(t, "prefers-color-scheme", theme)
				if _, err := chromedp.Run(p.Context(), chromedp.Evaluate[any](drawn, chromedp.EvalAwaitPromise)); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, name+"-"+size.name+"-"+theme+".png")
				if err := os.WriteFile(file, p.Picture(t), 0o644); err != nil {
					t.Fatal(err)
				}
				wide, err := chromedp.Run(p.Context(), chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
				if err != nil || wide {
					t.Errorf("%s is wider than its window (%v)", file, err)
				}
			}
		}
		if problems := p.Problems(); len(problems) > 0 {
			t.Errorf("%s: %q", path, problems)
		}
	}
}

// play has two people play a game, as far as a picture needs it.
func play(t *testing.T, url string) {
	t.Helper()
	tell := func(channel string, what any) {
		data, err := json.Marshal(map[string]any{"channel": channel, "data": what})
		if err != nil {
			t.Fatal(err)
		}
		if code, body := post(t, url+"/publish", "", string(data)); code != http.StatusOK {
			t.Fatal(code, body)
		}
	}
	players := []four.Command{
		{Player: "ada", Name: "Ada", Key: strings.Repeat("a", four.MinKey)},
		{Player: "bob", Name: "Bob", Key: strings.Repeat("b", four.MinKey)},
	}
	tell(four.OpenChannel, four.Open{Game: "demo"})
	for _, c := range players {
		c.ID, c.Do = c.Player, four.Join
		tell(four.MoveChannel+"demo", c)
	}
	for ply, column := range []int{3, 3, 2, 4, 1, 0, 4} {
		c := players[ply%2]
		c.ID, c.Do, c.Round, c.Ply, c.Column = strconv.Itoa(ply), four.Move, 1, ply, column
		tell(four.MoveChannel+"demo", c)
	}
}
