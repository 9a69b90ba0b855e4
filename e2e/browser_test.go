package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/shared/protocol"
)

// tab is the playground in a browser's tab.
type tab struct {
	*browser.Page
	t    *testing.T
	site *site
	// expected are parts of what may be on the console: what Chromium itself
	// says there of a server that is away.
	expected []string
}

// gone is what Chromium itself says of a server that is away, or that goes just as
// it is asked for something.
var gone = []string{"ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_CONNECTION_CLOSED", "ERR_EMPTY_RESPONSE", "WebSocket connection to"}

// tab opens the playground and waits until it listens.
func (s *site) tab(b *browser.Browser, path string) *tab {
	t := s.rig.t
	t.Helper()
	p := &tab{Page: b.Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+path))
	p.listens()
	return p
}

func (p *tab) listens() {
	p.t.Helper()
	p.sees(`#status[data-state=connected]`)
	p.sees(`#channels li[data-state=listening]`)
	p.sees(`#composer-text:not([disabled])`)
}

// sees waits for an element.
func (p *tab) sees(selector string) {
	p.t.Helper()
	p.Do(p.t, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// writes types into the composer and sends.
func (p *tab) writes(text string) {
	p.t.Helper()
	p.Do(p.t,
		chromedp.Click(chromedp.CSS("#composer-text")),
		chromedp.SendKeys(chromedp.CSS("#composer-text"), text),
		chromedp.Click(chromedp.CSS("#composer-send")),
	)
}

// feed is the messages in the list, the newest first.
const feed = `JSON.stringify([...document.querySelectorAll("#feed li[data-channel] .row-text")].map(e => e.textContent))`

// texts returns them.
func (p *tab) texts() []string {
	p.t.Helper()
	return p.list(p.asks(feed))
}

// list decodes what a page says that is a list of texts.
func (p *tab) list(text string) (all []string) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// shows waits until the newest message is this, and only once in the list.
func (p *tab) shows(want string) {
	p.t.Helper()
	eventually(p.t, fmt.Sprintf("the page shows %q", want), func() bool {
		text, err := p.tries(feed)
		if err != nil {
			return false
		}
		all := p.list(text)
		return len(all) > 0 && all[0] == want
	})
	n := 0
	for _, text := range p.texts() {
		if text == want {
			n++
		}
	}
	if n != 1 {
		p.t.Errorf("%q is there %d times", want, n)
	}
}

// isClean checks the console, and that no request left the site.
func (p *tab) isClean() {
	p.t.Helper()
	// A page that asks is told so by a relay that is not ready for a moment, as on a
	// machine that stands still, and Chromium tells it the console.
	unready := "503 (Service Unavailable) " + p.site.url() + "/readyz"
	p.CheckClean(p.t, p.site.url(), append(slices.Clone(p.expected), unready)...)
}

func TestTwoTabsTalk(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	alice, bob := s.tab(b, "/playground"), s.tab(b, "/playground")
	alice.writes("hello from alice")
	bob.shows("hello from alice")
	alice.shows("hello from alice")
	bob.writes(`{"json": [1, 2]}`)
	alice.shows(`{"json": [1, 2]}`)
	alice.isClean()
	bob.isClean()
}

func TestWhatOtherProgramsPublishReachesTheTab(t *testing.T) {
	g := newRig(t)
	s := g.site()
	p := s.tab(browser.Start(t), "/playground")
	g.publish(protocol.DefaultChannel, "hello from redis-cli")
	p.shows("hello from redis-cli")
	p.sees(`#feed li[data-foreign=yes]`)
	post(t, s.url()+"/publish", "", `{"message":"<img src=x onerror=alert(1)>"}`)
	p.shows("<img src=x onerror=alert(1)>") // as text
	p.isClean()
}

func TestTheTabComesBackByItselfWhenTheServerRestarted(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.expected = gone
	p.writes("before")
	p.shows("before")
	s.stop()
	p.sees(`#status:not([data-state=connected])`)
	s.start()
	p.listens()
	p.writes("after")
	p.shows("after")
	post(t, s.url()+"/publish", "", `{"message":"and on"}`)
	p.shows("and on")
	p.isClean()
}

func TestABadChannelIsExplainedWhereItIsTyped(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.Do(t,
		chromedp.SendKeys(chromedp.CSS("#channel-input"), "Not A Channel!"),
		chromedp.Click(chromedp.CSS("#channel-add")),
	)
	p.sees("#channel-error")
	p.isClean()
}

func TestThePageSaysWhatItIsBeforeItsProgramRuns(t *testing.T) {
	s := newRig(t).site()
	code, body := get(t, s.url()+"/")
	if code != 200 {
		t.Fatal(code, body)
	}
	for _, part := range []string{"Fanlight", "curl", "/publish", "/sse"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
}
