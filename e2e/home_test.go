package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/shared/protocol"
)

// home opens the front door and waits until it listens.
func (s *site) home(b *browser.Browser) *tab {
	t := s.rig.t
	t.Helper()
	p := &tab{Page: b.Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/"))
	p.atHome()
	return p
}

func (p *tab) atHome() {
	p.t.Helper()
	p.sees(`#status[data-state=connected]`)
	p.sees(`#flow-send:not([disabled])`)
	p.says("the tab is connected", `document.querySelector("#now-state").textContent`, "connected")
}

const (
	figures = `document.querySelector("#flow-tab .flow-figure").textContent`
	way     = `document.querySelector("#flow").dataset.way + " " + document.querySelector("#flow").dataset.turn`
)

func TestTheFrontDoorShowsWhatReallyPasses(t *testing.T) {
	g := newRig(t)
	s := g.site()
	b := browser.Start(t)
	alice, bob := s.home(b), s.home(b)
	alice.says("nothing has passed", way+"+"+figures, "still 00 out, 0 in")

	alice.Do(t, chromedp.Click(chromedp.CSS("#flow-send")))
	alice.says("her message went around", way+"+"+figures, "round 11 out, 1 in")
	bob.says("it came down to him", way+"+"+figures, "down 10 out, 1 in")

	g.publish(protocol.DefaultChannel, "from redis-cli")
	bob.says("he has both", figures, "0 out, 2 in")
	bob.says("and knows which came past the relay",
		`document.querySelector("#flow-words").textContent.includes("1 came from Redis past the relay")`, "true")
	alice.isClean()
	bob.isClean()
}

func TestTheFrontDoorSaysWhatIsConnectedAndHowToJoin(t *testing.T) {
	s := newRig(t).site()
	p := s.home(browser.Start(t))
	p.says("it names the protocol", `document.querySelector("#now-protocol").textContent`, protocol.Subprotocol)
	p.says("and the way in for whatever listens", `document.querySelector("#try-eventsource").textContent`,
		`new EventSource("`+s.url()+`/sse?channel=`+protocol.DefaultChannel+`").onmessage = (e) => console.log(e.data)`)
	s.stop()
	p.says("it says so when the server is gone", `document.querySelector("#now-state").textContent`, "away")
	p.says("and guesses nothing", `document.querySelector("#now-there").textContent`, "–")
	s.start()
	p.expected = gone
	p.atHome()
	p.isClean()
}

func TestEachPageIsEnteredFromTheFrontDoorAndLeftForIt(t *testing.T) {
	s := newRig(t).site()
	p := s.home(browser.Start(t))
	p.Size(t, 360, 640) // so that one scrolls to get there
	p.says("the navigation leads to what the front door leads to",
		`[...document.querySelectorAll("#entries a")].map(a => a.getAttribute("href")).join() == [...document.querySelectorAll(".nav a")].map(a => a.getAttribute("href")).join()`, "true")
	for _, path := range strings.Split(p.asks(`[...document.querySelectorAll("#entries a")].map(a => a.getAttribute("href")).join()`), ",") {
		p.Do(t, chromedp.Click(chromedp.CSS(`#entries a[href="`+path+`"]`)))
		p.says("the page is there, and marked", `document.querySelector(".nav [aria-current]")?.getAttribute("href")`, path)
		p.sees(`#main h1`)
		p.says("from its top", `scrollY`, "0")
		p.says("the navigation has one line", `new Set([...document.querySelectorAll(".nav a")].map(a => a.offsetTop)).size`, "1")
		p.Do(t, chromedp.Click(chromedp.CSS(`.brand`)))
		p.atHome()
	}
	p.Do(t, chromedp.Click(chromedp.CSS(`#entries a[href="/playground"]`)))
	p.listens() // to the same channel, which home has just left
	p.writes("still here")
	p.shows("still here")
	p.isClean()
}

func TestWhoWantsNoMotionHasNone(t *testing.T) {
	s := newRig(t).site()
	p := s.home(browser.Start(t))
	p.Prefer(t, "prefers-reduced-motion", "reduce")
	p.Do(t, chromedp.Click(chromedp.CSS("#flow-send")))
	p.says("it is counted all the same", figures, "1 out, 1 in")
	p.says("and nothing moves", `document.getAnimations().filter(a => a.effect.getTiming().duration > 1).length`, "0")
	p.isClean()
}

func TestHowItWorksShowsTheFramesThatPassAndNoToken(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.Do(t, chromedp.Click(chromedp.CSS("#how-open")))
	p.sees("#how-channels code")
	p.says("the channel is named", `document.querySelector("#how-channels code").textContent`, protocol.DefaultChannel)
	p.says("and its lines shown", `document.querySelector(".how pre").textContent.includes("p.link.Publish(")`, "true")
	p.writes("look at me")
	p.shows("look at me")
	for way, text := range map[string]string{"out": `"publish":{"channel":"` + protocol.DefaultChannel, "in": `"publication":{"channel":"`} {
		p.says("the frame that went "+way, `[...document.querySelectorAll("#how-frames li[data-way=`+way+`] code")].some(c => c.textContent.includes('`+text+`'))`, "true")
	}
	for range 60 {
		post(t, s.url()+"/publish", "", `{"message":"more"}`)
	}
	p.says("no more than fifty are kept", `document.querySelectorAll("#how-frames li").length <= 50`, "true")
	p.Do(t, chromedp.Click(chromedp.CSS("#how-open")))
	p.says("closed, it is empty", `document.querySelector("#how-body").children.length`, "0")
	p.isClean()
}
