package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"fanlight/e2e/browser"
	"fanlight/shared/protocol"
)

// becomes chooses one of the identities that the server offers.
func (p *tab) becomes(name string) {
	p.t.Helper()
	p.Do(p.t, chromedp.Click(chromedp.CSS("#who")))
	offer := `#who-offers [data-name=` + name + `]`
	p.sees(offer)
	p.Do(p.t, chromedp.Click(chromedp.CSS(offer)))
	p.says("the tab is "+name, `document.querySelector("#who").dataset.who`, name)
	p.asks(`document.querySelector("#who-panel").hidePopover()`)
}

// text returns what an element says.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return p.asks(fmt.Sprintf(`document.querySelector(%q)?.textContent`, selector))
}

func TestARefusedPublishIsExplainedWhereItWasWritten(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground?channel=chat:room")
	p.becomes("reader")
	if words := p.text("#who-words"); !strings.HasPrefix(words, "You are reader, until ") {
		t.Errorf("the menu says %q", words)
	}
	p.says("others see who it is", `document.querySelector("#crowd-faces .is-me")?.dataset.user`, "reader")
	p.writes("may I?")
	p.sees(`#sends li[data-state=failed]`)
	if words := p.text("#sends .send-words"); !strings.Contains(words, "As reader you may not publish to chat:room (permission_denied).") {
		t.Errorf("the composer says %q", words)
	}
	// Reading is granted, and goes on where it was.
	s.publishes("chat:room", 1, 2)
	p.shows("2")

	p.becomes("nobody")
	p.Do(t, chromedp.Click(chromedp.CSS("#sends .send-acts button")))
	p.shows("may I?")
	if got := p.texts(); !slices.Equal(got, []string{"may I?", "2", "1"}) {
		t.Errorf("the list has %q", got)
	}
	p.adds(2, 1, 3, 0, 0, 0)

	p.becomes("reader")
	p.Do(t, chromedp.Reload())
	p.listens()
	p.says("a reload changes nobody", `document.querySelector("#who").dataset.who`, "reader")
	p.isClean()
}

func TestAPageThatOneComesToLaterKnowsWhoOneIs(t *testing.T) {
	s := newRig(t).site()
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/"))
	p.sees(`#status[data-state=connected]`)
	p.becomes("reader")
	p.Do(t, chromedp.Click(chromedp.CSS(`nav a[href="/playground"]`)))
	p.listens()
	p.writes("may I?")
	p.sees(`#sends li[data-state=failed]`)
	if words := p.text("#sends .send-words"); !strings.Contains(words, "As reader you may not publish") {
		t.Errorf("the composer says %q", words)
	}
	p.isClean()
}

func TestARefusedChannelIsExplainedAndAskedForAgainBySomebodyElse(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground?channel=chat:room&channel=news")
	p.becomes("chatter")
	p.sees(`#channels [data-channel=news][data-state=refused]`)
	p.sees(`#channels [data-channel="chat:room"][data-state=listening]`)
	if words := p.text("[data-channel=news] .chip-problem"); words != "As chatter you may not subscribe to news (permission_denied)." {
		t.Errorf("the channel says %q", words)
	}
	p.says("who is there is not told either", `document.querySelector("#crowd-count").textContent`, "You may not see who is on news.")

	p.becomes("watchman")
	p.sees(`#channels [data-channel=news][data-state=listening]`)
	p.says("a filter that was demanded shows", `document.querySelector("[data-channel=news] .chip-filter").textContent`, "filtered by the server")
	post(t, s.url()+"/publish", "", `[{"channel":"news","data":"quiet"},{"channel":"news","data":"loud","tags":{"level":"warn"}}]`)
	p.shows("loud")
	p.becomes("nobody")
	p.says("without a token nothing is filtered", `document.querySelector("[data-channel=news] .chip-filter").textContent`, "filter…")
	post(t, s.url()+"/publish", "", `{"channel":"news","data":"quiet again"}`)
	p.shows("quiet again")
	if got := p.texts(); !slices.Equal(got, []string{"quiet again", "loud"}) {
		t.Errorf("the list has %q", got)
	}
	p.adds(0, 0, 2, 0, 0, 0)
	p.isClean()
}

// types puts a text in place of what is in a field.
func (p *tab) types(selector, text string) {
	p.t.Helper()
	p.asks(fmt.Sprintf(`document.querySelector(%q).select()`, selector))
	if text == "" {
		text = "\b"
	}
	p.Do(p.t, chromedp.SendKeys(chromedp.CSS(selector), text))
}

func TestAFilterIsCheckedWhileItIsTypedAndFiltersLive(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.types("#filter-input", `level = "warn"`)
	p.sees(`#filter-error[data-at="7"] mark`)
	if at, invalid := p.text("#filter-error mark"), p.asks(`document.querySelector("#filter-input").ariaInvalid`); at != "=" || invalid != "true" {
		t.Errorf("the place is %q, invalid is %s", at, invalid)
	}
	p.types("#channel-input", "alerts:disk\r")
	if chips := p.asks(`document.querySelectorAll("#channels li").length`); chips != "1" {
		t.Errorf("a wrong filter was taken: %s channels", chips)
	}
	p.types("#filter-input", `level == "warn" && cpu > 90`)
	p.says("it is right", `document.querySelector("#filter-hint").textContent`, "Looks at cpu, level.")
	p.types("#filter-input", "\r")
	p.Do(t, chromedp.Click(chromedp.CSS("#channel-add")))
	p.sees(`#channels [data-channel="alerts:disk"][data-state=listening]`)

	sends := func(tags, text string) {
		p.types("#composer-tags", tags)
		p.writes(text)
	}
	sends("level=info cpu=95", "quiet")
	sends("level=warn cpu=12", "cold")
	sends("level=warn cpu=95.5", "hot")
	p.shows("hot")
	if got := p.asks(`[...document.querySelectorAll("#feed .row-tag")].map(e => e.textContent).join(" ")`); got != "cpu=95.5 level=warn" {
		t.Errorf("the row's tags are %q", got)
	}
	p.adds(3, 3, 1, 0, 0, 0)
	if curl := p.text("#composer-curl"); !strings.Contains(curl, `"tags":{"cpu":95.5,"level":"warn"}`) {
		t.Errorf("the command has no tags: %s", curl)
	}

	p.Do(t, chromedp.Reload())
	p.sees(`#channels [data-channel="alerts:disk"][data-state=listening]`)
	p.says("a reload keeps the filter", `document.querySelector("[data-channel='alerts:disk'] .chip-filter").textContent`, `level == "warn" && cpu > 90`)
	sends("level=info", "quiet too")
	sends("level=warn cpu=100", "boiling")
	p.shows("boiling")

	p.Do(t, chromedp.Click(chromedp.CSS(`[data-channel="alerts:disk"] .chip-filter`)))
	p.types("#filter-input", "")
	p.Do(t, chromedp.Click(chromedp.CSS("#channel-add")))
	p.says("the filter is gone", `document.querySelector("[data-channel='alerts:disk'] .chip-filter").textContent`, "filter…")
	p.sees(`#channels [data-channel="alerts:disk"][data-state=listening]`)
	sends("level=info", "everything")
	p.shows("everything")
	if got := p.texts(); !slices.Equal(got, []string{"everything", "boiling"}) {
		t.Errorf("the list has %q", got)
	}
	p.isClean()
}

func TestTagsThatAreNoneAreExplainedWhereTheyAreTyped(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.types("#composer-tags", "warn")
	p.writes("hi")
	p.says("it is said", `document.querySelector("#composer-error").textContent`, "A tag is written name=value, unlike “warn”.")
	p.isClean()
}

func TestAPageOfAGuardedServerTakesAToken(t *testing.T) {
	g := newRig(t)
	g.secret = strings.Repeat("a secret for a test ", 2)
	s := g.site()
	sign := func(life time.Duration) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": "ada", "iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(life).Unix(),
			"grants": map[string]any{"#": []string{"subscribe", "publish", "history", "presence"}},
		}).SignedString([]byte(g.secret))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/playground"))
	p.sees(`#channels [data-channel=` + protocol.DefaultChannel + `][data-state=refused]`)
	if words := p.text(".chip-problem"); !strings.HasPrefix(words, "Without a token you may not subscribe") {
		t.Errorf("the channel says %q", words)
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#who")))
	p.sees("#who-token")
	paste := func(token string) {
		p.Do(t, chromedp.SendKeys(chromedp.CSS("#who-token"), token), chromedp.Click(chromedp.CSS("#who-use")))
	}
	paste(sign(-time.Minute))
	p.says("an expired one is explained", `document.querySelector("#who-problem").textContent`,
		"This token has expired. Paste another, or go on without one.")
	paste("no token")
	p.says("what is none is explained", `document.querySelector("#who-problem").textContent.slice(0, 40)`,
		"The server does not take this identity. ")
	paste(sign(time.Hour))
	p.listens()
	p.says("the tab is who the token says", `document.querySelector("#who").dataset.who`, "ada")
	p.writes("hello from ada")
	p.shows("hello from ada")
	p.Do(t, chromedp.Click(chromedp.CSS("#who")), chromedp.Click(chromedp.CSS("#who-none")))
	p.sees(`#channels [data-channel=` + protocol.DefaultChannel + `][data-state=refused]`)
	p.isClean()
}
