package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"fanlight/e2e/browser"
)

// focused is what has the focus: its id, or else its text.
const focused = `document.activeElement === document.body ? "nothing" : document.activeElement.id || document.activeElement.textContent`

// presses keys, as the page has them from a keyboard.
func (p *tab) presses(keys string) {
	p.t.Helper()
	p.Do(p.t, chromedp.KeyEvent(keys))
}

// reaches something with the Tab key alone.
func (p *tab) reaches(selector string) {
	p.t.Helper()
	for range 200 { // there may be more on the way than this test put there
		if p.asks(`document.activeElement.matches('`+selector+`')`) == "true" {
			return
		}
		p.presses(kb.Tab)
	}
	p.t.Fatalf("the Tab key does not lead to %s", selector)
}

func TestAnotherPageBeginsAtItsHeadingForWhoHasNoMouse(t *testing.T) {
	s := newRig(t).site()
	p := s.home(browser.Start(t))
	p.presses(kb.Tab)
	p.says("first of all one may skip", focused, "Skip to the page")
	p.reaches("#flow-send")
	p.presses(kb.Enter)
	p.says("what the picture shows is told", `document.querySelector("#flow-said[role=status]").textContent`, "Sent through Redis, number 1 of this tab.")
	p.reaches(`#entries a[href="/chat"]`)
	p.presses(kb.Enter)
	p.says("from a link that is gone one comes to the heading", focused, "Chat")
	p.presses(kb.Tab)
	p.says("and from there into the page", focused, "lobby")
	p.presses(kb.Enter)
	p.says("a room puts one where one writes", focused, "chat-text")
	p.Do(t, chromedp.NavigateBack())
	p.says("going back comes to the heading too", focused, "Chat")
	p.reaches(`.nav a[href="/monitor"]`)
	p.presses(kb.Enter)
	p.says("so does a link that stays", focused, "Monitor")
	p.says("and the title tells", `document.title`, "Monitor · Fanlight")
	p.isClean()
}

func TestARoomIsNamedInTheTitleHoweverOneComesToIt(t *testing.T) {
	s := newRig(t).site()
	s.chatters("tea", 1, 3)
	p := s.guest(browser.Start(t), "tea", "")
	p.hears("it is told what was said", ns(1, 3)...)
	p.says("the title names it", `document.title`, "tea · Chat · Fanlight")
	// The shell names every room so, sooner or later than the room itself.
	p.asks(`document.title = "Chat · Fanlight"`)
	s.chatters("tea", 4, 4)
	p.says("which is not the last word", `document.title`, "tea · Chat · Fanlight")
	p.isClean()
}

func TestAWholeGameIsPlayedAndHeardWithoutAMouse(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	ann, bob := s.player(b, "/game/keys"), s.player(b, "/game/keys")
	const heard = `[...document.querySelectorAll(".game-head [role=status]")].map(e => e.textContent).join(" ")`
	for _, p := range []*tab{ann, bob} {
		p.reaches("#game-name")
		p.presses(map[*tab]string{ann: "Ann", bob: "Bob"}[p] + kb.Enter)
		p.says("the form is gone, and one is at the board", focused, "column-0")
	}
	bob.presses(kb.Tab)
	for n := range 3 {
		ann.says("one is told of one's turn", `document.querySelector("#game-status[role=status]")?.textContent`, "It is your turn.")
		ann.presses(kb.Enter)
		bob.says("and what the other did", heard, "It is your turn. Ann plays column 1.")
		if n == 0 {
			ann.presses(kb.Enter)
			ann.says("too soon is explained", `document.querySelector("#game-problem").textContent`, "It is not your turn.")
		}
		bob.presses(" ")
		ann.says("which is no problem any more", heard+` + document.querySelector("#game-problem").textContent`, "It is your turn. Bob plays column 2.")
		bob.says("the focus stays on the column", focused, "column-1")
	}
	ann.presses(kb.Enter)
	for _, p := range []*tab{ann, bob} {
		p.says("the end is told, once", heard, "Ann wins. Ann plays column 1.")
	}
	ann.reaches("#game-again")
	ann.presses(kb.Enter)
	bob.says("a rematch is asked for", heard, "Ann wins. Ann wants a rematch.")
	bob.reaches("#game-again")
	bob.presses(kb.Enter)
	for _, p := range []*tab{ann, bob} {
		p.says("one is at the board again", focused, "column-0")
		p.isClean()
	}
	ann.reaches("#game-resign")
	ann.presses(kb.Enter)
	ann.says("who resigns is at what comes next", focused, "game-again")
}

func TestAnAlertStaysUnderTheFingerWhenAnotherComes(t *testing.T) {
	p := newRig(t).telling("one")[0].monitor(browser.Start(t))
	p.ignoresProbes()
	adds := func(metric string) {
		t.Helper()
		p.Do(t, chromedp.SetValue(chromedp.CSS("#rule-key"), metric), chromedp.SetValue(chromedp.CSS("#rule-value"), "0"))
		p.asks(`document.querySelector("#rule-form").requestSubmit()`)
	}
	// Of these two: a busy machine may have others.
	const alerts = `[...document.querySelectorAll("#alerts li")].filter(a => ["connections", "heap"].includes(a.dataset.rule))`
	const label = `document.activeElement.getAttribute("aria-label")`
	adds("connections")
	p.sees("#alerts li[data-rule=connections]")
	p.reaches("#alerts li[data-rule=connections] button")
	p.says("one is at the alert", label, "Acknowledge: Connections over 0 on one: 1")
	adds("heap")
	p.says("another comes above it", alerts+`.map(a => a.dataset.rule).join()`, "heap,connections")
	p.says("one still is at the first", label, "Acknowledge: Connections over 0 on one: 1")
	p.presses(kb.Enter)
	p.says("that one is acknowledged", alerts+`.map(a => a.dataset.rule + " " + a.dataset.acked).join()`, "heap false,connections true")
	p.says("and one stays there", label, "Acknowledged: Connections over 0 on one: 1")
	p.reaches("#rules li[data-rule=heap] button")
	p.presses(kb.Enter)
	p.says("who removes a threshold is where one sets another", focused, "rule-key")
	p.isClean()
}

func TestAButtonThatGoesWhenItIsPressedLeavesOneNearby(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	s.chatters("long", 1, 60)
	p := s.guest(b, "long", "")
	p.says("the newest is in sight", `[...document.querySelectorAll("#chat-rows .chat-text")].at(-1)?.textContent`, "n60")
	p.asks(`document.querySelector("#chat-log").scrollTop = 300`)
	p.sees("#chat-end")
	p.reaches("#chat-end")
	p.presses(kb.Enter)
	p.says("who goes to the newest is among the messages", focused, "chat-log")
	p.reaches("#chat-user")
	p.presses("Ada" + kb.Enter)
	p.sees(`#chat-faces li[data-user="Ada"]`)
	p.says("who says a name is where it was said", focused, "chat-user")
	p.isClean()

	p = s.tab(b, "/playground")
	p.reaches("#feed-pause")
	p.presses(" ")
	p.reaches("#feed-held")
	post(t, s.url()+"/publish", "", `{"message":"one"}`)
	post(t, s.url()+"/publish", "", `{"message":"two"}`)
	p.says("what comes is held", `document.querySelector("#feed-held").textContent`, "2 new while paused. Resume")
	p.presses(" ")
	p.says("who resumes may pause", focused, "feed-pause")
	p.shows("two") // on top, though the button is gone that let it in
	p.asks(`document.activeElement.blur()`)
	p.reaches(".chip-leave")
	p.presses(" ")
	p.says("who leaves the last channel is where one enters another", focused, "channel-input")
	p.isClean()
}

func TestWhatIsSentAgainIsAnsweredAgain(t *testing.T) {
	s := newRig(t).site()
	p := s.guest(browser.Start(t), "tea", "")
	p.reaches("#who")
	p.presses(kb.Enter)
	p.sees(`.offer[data-name=reader]`)
	p.reaches(`.offer[data-name=reader]`)
	p.presses(kb.Enter)
	p.says("one may not write here now", `document.querySelector("#chat-user").value`, "reader")
	p.presses(kb.Escape)
	p.says("the panel gives the focus back", focused, "who")

	p.reaches("#chat-text")
	p.presses("may I?" + kb.Enter)
	p.sees(`#chat-rows li[data-state=failed]`)
	p.reaches(".chat-again")
	p.presses(kb.Enter)
	p.says("the button is gone, and one is where one writes", focused, "chat-text")
	p.sees(`#chat-rows li[data-state=failed]`)
	p.reaches(".chat-discard")
	p.presses(kb.Enter)
	p.says("so it is when one discards", focused, "chat-text")

	p.reaches(`.nav a[href="/playground"]`)
	p.presses(kb.Enter)
	p.listens()
	p.reaches("#composer-text")
	p.presses("may I?" + kb.Enter)
	p.sees(`#sends li[data-state=failed]`)
	p.reaches("#sends button")
	p.presses(kb.Enter)
	p.says("the button is gone here too", focused, "composer-text")
	p.sees(`#sends li[data-state=failed]`)
	p.isClean()
}
