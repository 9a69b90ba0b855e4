package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/shared/protocol"
)

// asks evaluates an expression in the page, as text.
func (p *tab) asks(script string) string {
	p.t.Helper()
	text, err := p.tries(script)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// tries is asks for who asks again: an expression fails while what it looks at is
// not there yet, or the page is just left for another one.
func (p *tab) tries(script string) (string, error) {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[string]("String("+script+")"))
}

// says waits until an expression is what it should be.
func (p *tab) says(what, script, want string) {
	p.t.Helper()
	got := ""
	defer func() {
		if p.t.Failed() {
			p.t.Logf("%s: it says %q, not %q", what, got, want)
		}
	}()
	eventually(p.t, what, func() bool {
		var err error
		if got, err = p.tries(script); err != nil {
			got = err.Error()
			return false
		}
		return got == want
	})
}

// adds waits until the tab's ledger has the figures: sent, acknowledged,
// received, recovered, missing, doubled.
func (p *tab) adds(sent, acknowledged, received, recovered, missing, doubled int) {
	p.t.Helper()
	want := fmt.Sprintf("sent %d, acknowledged %d, received %d, recovered %d, missing %d, doubled %d",
		sent, acknowledged, received, recovered, missing, doubled)
	p.says("the ledger adds up",
		`[...document.querySelectorAll("#ledger .figure")].map(f => f.dataset.figure + " " + f.querySelector("dd").textContent).join(", ")`, want)
	p.says("nothing happened that must not", `document.querySelector("#ledger").dataset.state`, "good")
}

// leaves goes to an empty page.
func (p *tab) leaves() {
	p.t.Helper()
	p.Do(p.t, chromedp.Navigate("about:blank"))
}

// returns comes back to where leaves left.
func (p *tab) returns(path string) {
	p.t.Helper()
	p.Do(p.t, chromedp.Navigate(p.site.url()+path))
	p.listens()
}

// recovered counts the rows that are marked as recovered.
const recovered = `document.querySelectorAll("#feed li[data-recovered=yes]").length`

func TestAReloadGoesOnWhereTheTabLeftOff(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground")
	p.writes("before")
	p.shows("before")
	p.leaves()
	s.publishes(protocol.DefaultChannel, 1, 3)
	p.returns("/playground")
	p.shows("3")
	if got := p.texts(); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("after the reload the list has %q", got)
	}
	p.says("all of them are marked", recovered, "3")
	p.adds(0, 0, 3, 3, 0, 0)
	p.says("the chip says where the channel stands", `document.querySelector("#channels .chip-position").dataset.offset`, "4")

	s.publishes(protocol.DefaultChannel, 4, 1)
	p.shows("4")
	p.says("what is live is not marked", recovered, "3")
	p.Do(t, chromedp.Reload())
	p.listens()
	s.publishes(protocol.DefaultChannel, 5, 1)
	p.shows("5")
	if got := p.texts(); !slices.Equal(got, []string{"5"}) {
		t.Errorf("after another reload the list has %q", got)
	}
	p.isClean()
}

func TestATabThatWasAwayForTooLongIsToldWhatIsLost(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"short": 4}
	s := g.site()
	p := s.tab(browser.Start(t), "/playground?channel=short:room")
	s.publishes("short:room", 1, 2)
	p.shows("2")
	p.leaves()
	s.publishes("short:room", 3, 9) // the last four are kept
	p.returns("/playground?channel=short:room")
	p.shows("11")
	if got := p.texts(); !slices.Equal(got, []string{"11", "10", "9", "8", "5 messages lost, #3 to #7"}) {
		t.Errorf("the list has %q", got)
	}
	p.sees(`#feed li[data-mark=lost]`)
	p.adds(0, 0, 4, 4, 5, 0)
	if log := p.asks(`document.querySelector("#feed-log").textContent`); !strings.Contains(log, "short:room: 5 messages lost, #3 to #7") {
		t.Errorf("the log for ears says %q", log)
	}
	p.isClean()
}

func TestATabIsToldThatTheHistoryBeganAnew(t *testing.T) {
	g := newRig(t)
	s := g.site()
	p := s.tab(browser.Start(t), "/playground")
	s.publishes(protocol.DefaultChannel, 1, 2)
	p.shows("2")
	g.forget(protocol.DefaultChannel)
	s.publishes(protocol.DefaultChannel, 3, 1)
	p.shows("3")
	p.sees(`#feed li[data-mark=anew]`)
	p.adds(0, 0, 3, 0, 0, 0)
	p.isClean()
}

func TestTheLedgerAddsUpAfterARestartWithPublishesMeanwhile(t *testing.T) {
	g := newRig(t)
	s, other := g.site(), g.site()
	p := s.tab(browser.Start(t), "/playground")
	p.expected = gone
	p.writes("before")
	p.shows("before")
	s.stop()
	p.sees(`#status:not([data-state=connected])`)
	p.writes("written while away")
	p.sees(`#sends li[data-state=sending]`)
	other.publishes(protocol.DefaultChannel, 1, 5)
	s.start()
	p.listens()
	p.shows("written while away")
	// What it missed is recovered, and nothing twice; its own may come either way.
	n, err := strconv.Atoi(p.asks(recovered))
	if err != nil || n < 5 || n > 6 {
		t.Errorf("%d messages are marked as recovered", n)
	}
	p.adds(2, 2, 7, n, 0, 0)
	p.isClean()
}

func TestWhoIsHereCountsTabsAndUsers(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	alice := s.tab(b, "/playground?channel=chat:room")
	alice.says("she is there alone", `document.querySelector("#crowd-count").textContent`, "1 user on chat:room")
	bob := s.tab(b, "/playground?channel=chat:room")
	alice.says("both are there", `document.querySelector("#crowd-count").textContent`, "2 users on chat:room")
	bob.says("both are there", `document.querySelector("#crowd-count").textContent`, "2 users on chat:room")

	alice.Do(t, chromedp.SendKeys(chromedp.CSS("#user-input"), " alice \r"))
	bob.sees(`#crowd-faces li[data-user=alice]`)
	alice.sees(`#crowd-faces li.is-me[data-user=alice]`)
	alice.writes("my name is alice")
	bob.shows("my name is alice")
	alice.adds(1, 1, 1, 0, 0, 0)
	alice.Do(t, chromedp.Reload())
	alice.listens()
	alice.sees(`#crowd-faces li.is-me[data-user=alice]`)
	alice.isClean()
	bob.isClean()
}

func TestAPageThatOneLeftIsNotThereAnyMoreAndGoesOnWhenOneReturns(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	alice, bob := s.tab(b, "/playground?channel=chat:room"), s.tab(b, "/playground?channel=chat:room")
	bob.says("both are there", `document.querySelector("#crowd-count").textContent`, "2 users on chat:room")
	alice.leaves()
	bob.says("she is gone", `document.querySelector("#crowd-count").textContent`, "1 user on chat:room")
	bob.writes("anybody there?")
	bob.shows("anybody there?")
	alice.asks(`setTimeout(() => history.back())`) // a page that is thawed does not load
	alice.says("she is connected again", `document.querySelector("#status")?.dataset.state`, "connected")
	alice.shows("anybody there?")
	alice.adds(0, 0, 1, 1, 0, 0)
	bob.says("she is back", `document.querySelector("#crowd-count").textContent`, "2 users on chat:room")
	alice.isClean()
}

func TestAChannelThatKeepsNobodyInMindSaysSo(t *testing.T) {
	s := newRig(t).site()
	p := s.tab(browser.Start(t), "/playground?channel=silent:room")
	p.says("it is said", `document.querySelector("#crowd-count").textContent`, "Nobody keeps who is on silent:room.")
	p.isClean()
}
