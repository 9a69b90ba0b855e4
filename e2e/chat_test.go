package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
)

// guest opens a room in a tab, and waits until one is in it.
func (s *site) guest(b *browser.Browser, room, name string) *tab {
	s.rig.t.Helper()
	p := &tab{Page: b.Open(s.rig.t), t: s.rig.t, site: s}
	p.enters(room)
	if name != "" {
		p.Do(p.t, chromedp.SendKeys(chromedp.CSS("#chat-user"), name+"\r"))
		p.sees(fmt.Sprintf(`#chat-faces li[data-user="%s"]`, name))
	}
	return p
}

func (p *tab) enters(room string) {
	p.t.Helper()
	p.Do(p.t, chromedp.Navigate(p.site.url()+"/chat/"+room))
	p.isIn()
}

// isIn waits until the room has told what is above its first message.
func (p *tab) isIn() {
	p.t.Helper()
	p.sees(`#chat-text:not([disabled])`)
	p.says("it is in the room", `document.querySelector("#chat-above")?.dataset.older > 0`, "true")
}

// says something in the room.
func (p *tab) tells(text string) {
	p.t.Helper()
	p.Do(p.t, chromedp.SendKeys(chromedp.CSS("#chat-text"), text+"\r"))
}

// talk is what the list shows, from above: texts of messages, marks, and "--"
// where the new ones begin.
const talk = `JSON.stringify([...document.querySelectorAll("#chat-rows > li:not(.is-hidden)")].map(e =>
	e.dataset.kind == "new" ? "--" : (e.querySelector(".chat-text") || e).textContent))`

func (p *tab) talk() []string {
	p.t.Helper()
	return p.list(p.asks(talk))
}

// hears waits until the list is this.
func (p *tab) hears(what string, want ...string) {
	p.t.Helper()
	var got []string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("%s: the list is %q, not %q", what, got, want)
		}
	}()
	eventually(p.t, what, func() bool {
		text, err := p.tries(talk)
		if err != nil {
			return false
		}
		got = p.list(text)
		return slices.Equal(got, want)
	})
}

// chatters publishes messages "from" to "to" by HTTP, as a program would.
func (s *site) chatters(room string, from, to int) {
	s.rig.t.Helper()
	for n := from; n <= to; n++ {
		body := fmt.Sprintf(`{"channel":"chat:%s","data":{"id":"bot-%d","from":"bot","text":"n%d"}}`, room, n, n)
		if code, answer := post(s.rig.t, s.url()+"/publish", "", body); code != http.StatusOK {
			s.rig.t.Fatal(code, answer)
		}
	}
}

func ns(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint("n", n))
	}
	return all
}

const stateOfLast = `[...document.querySelectorAll("#chat-rows > li:not(.is-hidden)")].at(-1)?.dataset.state`

func TestTwoPeopleTalkAndSeeEachOtherComeTypeAndGo(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	ada := s.guest(b, "tea", "ada")
	bob := s.guest(b, "tea", "bob")
	ada.sees(`#chat-faces li[data-user=bob]`)
	ada.says("both are counted", `document.querySelector("#chat-count").textContent`, "2 people")
	ada.tells("hello <b>bob</b>")
	bob.hears("what ada said", "hello <b>bob</b>")
	ada.hears("what ada said", "hello <b>bob</b>")
	ada.says("it is acknowledged", stateOfLast, "acknowledged")
	bob.Do(t, chromedp.SendKeys(chromedp.CSS("#chat-text"), "hm"))
	ada.says("bob types", `document.querySelector("#chat-typing").textContent`, "bob is typing…")
	ada.says("bob stopped by himself", `document.querySelector("#chat-typing").textContent`, "")
	bob.tells("m")
	ada.hears("what bob said", "hello <b>bob</b>", "hmm")
	ada.says("from whom", `[...document.querySelectorAll(".chat-from")].at(-1).textContent`, "bob")
	bob.leaves()
	ada.says("bob has left", `document.querySelector("#chat-count").textContent`, "1 person")
	ada.isClean()
	bob.isClean()
}

func TestWhatIsSaidWhileTheServerIsAwayIsSentOnceAndWhoReloadsLosesNothing(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	ada, bob := s.guest(b, "tea", ""), s.guest(b, "tea", "")
	ada.expected = []string{"ERR_CONNECTION_REFUSED", "WebSocket connection to", "Failed to load resource"}
	bob.expected = ada.expected
	ada.tells("one")
	bob.hears("before", "one")
	s.stop()
	ada.sees(`#status:not([data-state=connected])`)
	ada.tells("two")
	ada.says("it waits", stateOfLast, "waiting")
	ada.tells("three")
	s.start()
	bob.hears("after the restart", "one", "two", "three")
	ada.hears("after the restart", "one", "two", "three")
	ada.says("it is acknowledged", stateOfLast, "acknowledged")
	ada.Do(t, chromedp.Reload())
	ada.isIn()
	ada.hears("after a reload", "one", "two", "three")
	bob.tells("four")
	ada.hears("what is said next", "one", "two", "three", "four")
	ada.isClean()
	bob.isClean()
}

func TestWhatWaitsIsSentAfterAReloadAndStoredOnce(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	ada := s.guest(b, "tea", "")
	ada.expected = []string{"ERR_CONNECTION_REFUSED", "WebSocket connection to", "Failed to load resource"}
	s.stop()
	ada.sees(`#status:not([data-state=connected])`)
	ada.tells("patience")
	ada.says("it waits", stateOfLast, "waiting")
	ada.leaves()
	s.start()
	ada.enters("tea")
	ada.hears("it is there", "patience")
	ada.says("it is acknowledged", stateOfLast, "acknowledged")
	_, body := get(t, s.url()+"/history?channel=chat:tea")
	if n := strings.Count(body, "patience"); n != 1 {
		t.Errorf("it is stored %d times: %s", n, body)
	}
	ada.isClean()
}

func TestOneComesBackToARoomWhereOneLeftItAndSeesWhatIsNew(t *testing.T) {
	s := newRig(t).site()
	p := s.guest(browser.Start(t), "tea", "")
	s.chatters("tea", 1, 2)
	p.hears("live", "n1", "n2")
	p.leaves()
	s.chatters("tea", 3, 4)
	p.enters("tea")
	p.hears("after the reload", "n1", "n2", "--", "n3", "n4")
	p.isClean()
}

func TestARoomSaysWhatIsLost(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"chat": 3}
	s := g.site()
	p := s.guest(browser.Start(t), "tea", "")
	s.chatters("tea", 1, 1)
	p.hears("live", "n1")
	p.leaves()
	s.chatters("tea", 2, 7)
	p.enters("tea")
	p.hears("after too long", "3 messages are lost here, #2 to #4: the server does not keep them any more.", "--", "n5", "n6", "n7")
	g.forget("chat:tea")
	s.chatters("tea", 8, 8)
	eventually(t, "it says that the history began anew", func() bool {
		return p.asks(`document.querySelectorAll("#chat-rows li[data-kind=anew]").length`) == "1"
	})
	p.says("and goes on", `[...document.querySelectorAll(".chat-text")].at(-1).textContent`, "n8")
	p.isClean()
}

func TestOlderMessagesComeWhenOneScrollsUpAndNewOnesAreCounted(t *testing.T) {
	s := newRig(t).site()
	s.chatters("tea", 1, 230)
	p := s.guest(browser.Start(t), "tea", "")
	p.hears("what one enters with", ns(181, 230)...)
	eventually(t, "all of it comes", func() bool {
		p.asks(`document.querySelector("#chat-log").scrollTop = 0`)
		all := p.talk()
		return len(all) > 0 && all[0] == "n1"
	})
	if all := p.talk(); len(all) > 200 || !slices.Equal(all, ns(1, len(all))) {
		t.Errorf("%d rows: %q", len(all), all)
	}
	p.says("it is the beginning", `document.querySelector("#chat-above span").textContent`, "This is where the room begins.")
	s.chatters("tea", 231, 232)
	p.says("they are counted", `document.title`, "(2) tea · Chat · Fanlight")
	p.Do(t, chromedp.Click(chromedp.CSS("#chat-end")))
	p.says("they are read", `document.title`, "tea · Chat · Fanlight")
	p.says("they are marked", `document.querySelector(".chat-new")?.nextElementSibling.querySelector(".chat-text").textContent`, "n231")
	p.says("the last is seen", `[...document.querySelectorAll(".chat-text")].at(-1).textContent`, "n232")

	hide := func(hidden bool) {
		p.asks(fmt.Sprintf(`(Object.defineProperty(document, "hidden", {value: %t, configurable: true}), document.dispatchEvent(new Event("visibilitychange", {bubbles: true})))`, hidden))
	}
	hide(true)
	s.chatters("tea", 233, 233)
	p.says("it is counted in a hidden tab", `document.title`, "(1) tea · Chat · Fanlight")
	hide(false)
	p.says("it is read", `document.title`, "tea · Chat · Fanlight")
	p.isClean()
}

func TestLinksInAMessageAreLinksAndNothingElseIs(t *testing.T) {
	s := newRig(t).site()
	p := s.guest(browser.Start(t), "tea", "")
	p.tells("see https://example.com/a?b=1&c=2, not javascript:alert(1) <a href=x>x</a>")
	p.says("the one link", `[...document.querySelectorAll(".chat-text a")].map(a => a.href + " " + a.rel + " " + a.target).join()`,
		"https://example.com/a?b=1&c=2 noopener noreferrer nofollow _blank")
	p.isClean()
}

func TestWhoMayNotSpeakIsToldAndMayTryAgainAsSomebodyElse(t *testing.T) {
	s := newRig(t).site()
	p := s.guest(browser.Start(t), "tea", "")
	p.sees(`#status[data-state=connected]`)
	p.says("identities are offered", `!!document.querySelector("#who-offers button[data-name=reader]")`, "true")
	p.asks(`document.querySelector("#who-offers button[data-name=reader]").click()`)
	p.sees(`#chat-user[disabled]`)
	p.tells("may I?")
	p.says("it is refused", stateOfLast, "failed")
	p.asks(`document.querySelector("#who-offers button[data-name=nobody]").click()`)
	p.sees(`#chat-user:not([disabled])`)
	p.asks(`document.querySelector(".chat-again").click()`)
	p.says("it is taken", stateOfLast, "acknowledged")
	p.isClean()
}

func TestRoomsAreEnteredByTheirNameAndListed(t *testing.T) {
	s := newRig(t).site()
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/chat"), chromedp.SendKeys(chromedp.CSS("#room-name:not([disabled])"), "Tea Kitchen\r"))
	p.says("it is explained", `document.querySelector("#room-problem").textContent.includes("“tea-kitchen” would do")`, "true")
	p.Do(t, chromedp.SetValue(chromedp.CSS("#room-name"), "kitchen"), chromedp.Click(chromedp.CSS("#room-enter")))
	p.says("one is there", `location.pathname`, "/chat/kitchen")
	p.isIn()
	p.sees("#chat-empty")
	p.tells("first")
	p.says("it is acknowledged", stateOfLast, "acknowledged")
	p.Do(t, chromedp.Click(chromedp.CSS(`.chat-head a`)), chromedp.Click(chromedp.CSS(`#rooms a[href="/chat/lobby"]`)))
	p.isIn()
	p.hears("another room is another", []string{}...)
	p.Do(t, chromedp.Click(chromedp.CSS(`.chat-head a`)))
	p.sees(`#rooms a[href="/chat/kitchen"]`)
	p.isClean()
}
