package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
)

// player opens a game's page in a tab of its own.
func (s *site) player(b *browser.Browser, path string) *tab {
	t := s.rig.t
	t.Helper()
	p := &tab{Page: b.Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+path))
	p.sees(`#status[data-state=connected]`)
	p.sees(`#board`)
	return p
}

func (p *tab) joins(name string) {
	p.t.Helper()
	p.Do(p.t,
		chromedp.SendKeys(chromedp.CSS("#game-name"), name),
		chromedp.Click(chromedp.CSS("#game-enter")),
	)
	p.says("there is a seat", `[...document.querySelectorAll(".seat")].some(s => s.textContent.endsWith("(you)"))`, "true")
}

const (
	gameMoves = `document.querySelector("#board")?.dataset.moves`
	gameTurn  = `document.querySelector("#game-status")?.textContent`
)

// drops puts a disc into a column, and waits until the board shows it.
func (p *tab) drops(column, moves string) {
	p.t.Helper()
	p.Do(p.t, chromedp.Click(chromedp.CSS("#column-"+column)))
	p.says("the move is shown", gameMoves, moves)
}

func TestTwoPlayToAWinAThirdWatchesAndNothingIsLost(t *testing.T) {
	s := newRig(t).site()
	b := browser.Start(t)
	ann := s.player(b, "/game/abc")
	eve := s.player(b, "/game/abc")
	ann.says("there is a link to share", `document.querySelector("#game-share").textContent`, s.url()+"/game/abc")
	ann.joins("Ann")
	bob := &tab{Page: b.Open(t), t: t, site: s}
	bob.Do(t, chromedp.Navigate(s.url()+"/game"))
	bob.says("the lobby tells that Ann waits", `document.querySelector("#games li")?.textContent`, "Ann waits for you")
	bob.Do(t, chromedp.Click(chromedp.CSS("#game-match")))
	bob.says("and leads there", `location.pathname`, "/game/abc")
	bob.says("Ann is told of", gameTurn, "Ann waits for somebody to join.")
	bob.says("the navigation says where one is", `document.querySelector(".nav [aria-current]")?.textContent`, "Game")
	bob.joins("Bob")
	ann.says("it begins", gameTurn, "It is your turn.")

	eve.says("who is there is counted", `document.querySelector("#game-watchers").textContent`, "3 here, whoever watches included")
	ann.drops("0", "0")
	bob.says("the turn goes on", gameTurn, "It is your turn.")
	ann.Do(t, chromedp.Click(chromedp.CSS("#column-0")))
	ann.says("a move out of turn is explained", `document.querySelector("#game-problem").textContent`, "It is not your turn.")
	bob.drops("1", "01")

	// A reload takes the seat again.
	ann.Do(t, chromedp.Reload())
	ann.says("the seat is Ann's again", gameTurn, "It is your turn.")
	ann.drops("0", "010")
	bob.says("the turn goes on", gameTurn, "It is your turn.")

	// So does a server that was restarted.
	for _, p := range []*tab{ann, bob, eve} {
		p.expected = gone
	}
	s.stop()
	for _, p := range []*tab{ann, bob, eve} {
		p.sees(`#status:not([data-state=connected])`) // or it would be taken for back
	}
	s.start()
	for _, p := range []*tab{ann, bob, eve} {
		p.sees(`#status[data-state=connected]`)
	}
	bob.drops("1", "0101")
	ann.says("the turn goes on", gameTurn, "It is your turn.")
	ann.drops("0", "01010")
	bob.says("the turn goes on", gameTurn, "It is your turn.")
	bob.drops("1", "010101")
	ann.says("the turn goes on", gameTurn, "It is your turn.")
	ann.drops("0", "0101010")
	for _, p := range []*tab{ann, bob, eve} {
		p.says("the end is told", gameTurn, "Ann wins.")
		p.isClean()
	}

	lobby := &tab{Page: b.Open(t), t: t, site: s}
	lobby.Do(t, chromedp.Navigate(s.url()+"/game"))
	lobby.says("the leaderboard counts it", `document.querySelector("#ranks li")?.textContent`, "Ann: won 1 of 1")
	lobby.isClean()
}
