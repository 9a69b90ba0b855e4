package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// board opens a board of the dashboard in a tab of its own.
func (s *site) board(b *browser.Browser, name string) *tab {
	t := s.rig.t
	t.Helper()
	p := &tab{Page: b.Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/dashboard?board="+name))
	p.atBoard(name)
	return p
}

func (p *tab) atBoard(name string) {
	p.t.Helper()
	p.sees(`#status[data-state=connected]`)
	p.sees("#" + name)
}

// feeder publishes in place of the feeders, on a site that is not fed: one reading
// of theirs before they end would be one that the test did not count on.
type feeder struct {
	site  *site
	local *relay.Local
}

func (s *site) feeder() *feeder {
	s.rig.t.Helper()
	if s.rig.fed {
		s.rig.t.Fatal("the site is fed")
	}
	var grants channel.Grants
	for _, text := range []string{demo.MarketSpace + ":*", demo.SensorSpace + ":*:*"} {
		pattern, err := channel.ParsePattern(text)
		if err != nil {
			s.rig.t.Fatal(err)
		}
		grants = append(grants, channel.Grant{Pattern: pattern, Ops: channel.Publish})
	}
	return &feeder{s, s.relay.Local("test feeder", grants)}
}

func (f *feeder) publish(channel string, data any, tags protocol.Tags) {
	t := f.site.rig.t
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.local.Publish(t.Context(), protocol.Publish{Channel: channel, Data: raw, Tags: tags}); err != nil {
		t.Fatal(err)
	}
}

// quotes publishes prices of a symbol, from a slot on.
func (f *feeder) quotes(symbol string, slot int64, prices ...float64) {
	f.site.rig.t.Helper()
	for i, price := range prices {
		at := (slot + int64(i)) * demo.QuoteInterval
		f.publish(demo.QuotesChannel, demo.Quote{Symbol: symbol, At: at, Price: price}, protocol.Tags{"symbol": symbol})
	}
}

// readings publishes what a sensor measured, from a second on.
func (f *feeder) readings(name string, seq int64, values ...float64) {
	f.site.rig.t.Helper()
	for i, value := range values {
		seq := seq + int64(i)
		f.publish(name, demo.Reading{Seq: seq, At: seq * demo.ReadingInterval, Value: value}, protocol.Tags{"value": value})
	}
}

// unpublished counts the holes in what the server has of a symbol's quotes: a
// machine that stands still for a second publishes nothing for that long.
func (s *site) unpublished(symbol string) (holes int) {
	t := s.rig.t
	t.Helper()
	_, body := get(t, s.url()+"/history?channel="+demo.QuotesChannel+"&limit=1000&filter="+url.QueryEscape(`symbol == "`+symbol+`"`))
	var h protocol.HistoryResponse
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		t.Fatal(err, body)
	}
	last := int64(0)
	for _, p := range h.Publications {
		var q demo.Quote
		if err := json.Unmarshal(p.Data, &q); err != nil {
			t.Fatal(err)
		}
		if last > 0 && q.At > last+demo.QuoteInterval {
			holes++
		}
		last = q.At
	}
	return holes
}

const (
	millAir = demo.SensorSpace + ":mill:air"
	prices  = `[...document.querySelectorAll("#quotes tbody .col-price")].map(e => e.textContent).join(" ")`
	// pieces is how many pieces the line of BOLT's prices is in.
	pieces  = `((document.querySelector("#spark-BOLT-line").getAttribute("d") || "").split("M").length - 1)`
	skipped = `Number(document.querySelector("#saved-words").dataset.skipped)`
)

// now is a second from which on a test's own feeder begins.
func now() int64 { return time.Now().Unix() }

func TestTwoTabsSeeTheSamePrices(t *testing.T) {
	s := newFedRig(t).site()
	b := browser.Start(t)
	alice, bob := s.board(b, "markets"), s.board(b, "markets")
	for _, p := range []*tab{alice, bob} {
		p.says("each symbol has a price", `document.querySelectorAll("#quotes tbody tr").length + " " + `+prices+`.includes("–")`, "12 false")
	}
	before := alice.asks(prices)
	eventually(t, "all twelve are the same, and others than before", func() bool {
		one := alice.asks(prices)
		return one != before && one == bob.asks(prices)
	})
	alice.says("it says that they are made up", `document.querySelector("#markets").textContent.includes("These prices are simulated.")`, "true")
	alice.isClean()
	bob.isClean()
}

func TestWhatOneDoesNotWatchStaysOnTheServer(t *testing.T) {
	s := newFedRig(t).site()
	p := s.board(browser.Start(t), "markets")
	p.says("a price has come", prices+`.includes("–")`, "false")
	p.says("nothing is spared yet", skipped, "0")
	p.Do(t, chromedp.Click(chromedp.CSS("#watch-AMBR")))
	p.says("it says what is watched", `document.querySelector("#watch-words").textContent`, "Only AMBR: the server filters by tag.")
	eventually(t, "the others stay away", func() bool { return p.asks(skipped+" >= 22") == "true" })
	p.says("it says what that spares",
		`/^\d+ others stayed on the server: about [\d.]+ (bytes|KB) saved/.test(document.querySelector("#saved-words").textContent)`, "true")
	const both = `["AMBR", "BOLT"].map(s => document.querySelector("#spark-" + s + "-line").getAttribute("d")).join("|")`
	amber, bolt, _ := strings.Cut(p.asks(both), "|")
	eventually(t, "the one that is watched moves", func() bool {
		one, other, _ := strings.Cut(p.asks(both), "|")
		if other != bolt {
			t.Fatal("the other moves too")
		}
		return one != amber
	})

	// The choice outlives a reload.
	p.Do(t, chromedp.Reload())
	p.says("it is watched still", `document.querySelector("#watch-AMBR").getAttribute("aria-pressed") + document.querySelector("#quote-BOLT").dataset.asked`, "truefalse")
	p.says("BOLT is not asked for", `document.querySelector("#price-AMBR").textContent != "–" && document.querySelector("#price-BOLT").textContent`, "–")

	// What was left out is made up for, as far as the server keeps it.
	p.Do(t, chromedp.Click(chromedp.CSS("#watch-all")))
	p.says("everything comes again", prices+`.includes("–")`, "false")
	eventually(t, "without a hole, but for what was never published", func() bool {
		shown, err := strconv.Atoi(p.asks(pieces))
		return err == nil && shown <= 1+s.unpublished("BOLT")
	})
	p.isClean()
}

func TestAChartIsThereAgainAfterAReload(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	from := 2*now() + 100
	f.quotes("BOLT", from, 30, 31, 32, 31, 30, 33)
	for i := range int64(5) {
		f.publish(demo.CandlesChannel, demo.Candle{Symbol: "AMBR", At: i * demo.CandleLength, Open: 80, High: 84, Low: 79, Close: 80 + float64(i%2)}, nil)
	}
	f.readings(millAir, now()+100, 20, 21, 22)
	p := s.board(browser.Start(t), "markets")
	const chart = `document.querySelector("#price-BOLT").textContent + document.querySelector("#spark-BOLT-line").getAttribute("d") + document.querySelector("#candles-rise").getAttribute("d")`
	p.says("the last price is there", `document.querySelector("#price-BOLT").textContent`, "33.00")
	p.says("five candles are", `(document.querySelector("#candles-rise").getAttribute("d") || "").split("z").length - 1`, "5")
	before := p.asks(chart)
	p.Do(t, chromedp.Reload())
	p.says("it is as it was", chart, before)
	f.quotes("BOLT", from+6, 34)
	p.says("it goes on", `document.querySelector("#price-BOLT").textContent + " " + `+pieces, "34.00 1")
	p.Do(t, chromedp.Click(chromedp.CSS("#board-sensors")))
	p.says("the sensors' is there too", `(document.querySelector("#trace-mill-air-line").getAttribute("d") || "").split("L").length`, "3")
	p.isClean()
}

func TestTheBoardsGoOnWhenTheServerRestarts(t *testing.T) {
	s := newFedRig(t).site()
	b := browser.Start(t)
	market, fleet := s.board(b, "markets"), s.board(b, "sensors")
	for _, p := range []*tab{market, fleet} {
		p.expected = []string{"ERR_CONNECTION_REFUSED", "WebSocket connection to", "Failed to load resource"}
	}
	const heard = `[...document.querySelectorAll(".gauge")].filter(e => ["in order", "out of range"].includes(e.dataset.state)).length > 9`
	fleet.says("most sensors are heard", heard, "true")
	market.says("so are prices", prices+`.includes("–")`, "false")
	s.stop()
	fleet.says("nobody is called silent for that", `[...document.querySelectorAll(".gauge")].every(e => e.dataset.state == "not connected")`, "true")
	away := now()
	eventually(t, "some readings should have come", func() bool { return now() > away+3 })
	s.start()
	fleet.says("it goes on", heard, "true")
	// The feeders were away too: so nobody has missed anything.
	fleet.says("it is shown that nothing was sent",
		`[...document.querySelectorAll(".gauge")].filter(e => /^\d+ not sent$/.test(e.querySelector(".gauge-holes").textContent) && e.querySelector(".is-unsent").getAttribute("d")).length > 9`, "true")
	market.says("the line of the prices is broken", pieces+` > 1`, "true")
	market.says("nothing was missed", `document.querySelector("#missed-words").textContent.trim()`, "")
	market.isClean()
	fleet.isClean()
}

func TestWhatATabMissedTheHistoryLostAndASensorDidNotSendAreMarkedApart(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"sensor": 3, "market": 5}
	s := g.site()
	f := s.feeder()
	p := s.board(browser.Start(t), "sensors")
	seq, slot := now()+100, 2*now()+200
	f.quotes("BOLT", slot, 30, 31) // which have come when the readings have
	f.readings(millAir, seq, 20, 20, 20)
	const marks = `["missed", "unsent", "anew"].filter(m => document.querySelector("#trace-mill-air-" + m).getAttribute("d")).join() + ": " + document.querySelector("#holes-mill-air").textContent.trim()`
	p.says("three readings came", `(document.querySelector("#trace-mill-air-line").getAttribute("d") || "").split("L").length`, "3")
	p.says("nothing is missing", marks, ": ")

	p.asks(`dispatchEvent(new Event("pagehide"))`) // as when one leaves, and the browser keeps the page
	f.readings(millAir, seq+3, 20, 20, 20, 20, 20, 20, 20)
	f.quotes("BOLT", slot+2, 30, 31, 32, 33, 34, 35, 36, 37)
	p.asks(`dispatchEvent(new Event("pageshow"))`)
	p.says("four are missed, and none unsent", marks, "missed: 4 missed")
	f.readings(millAir, seq+14, 20)
	p.says("four were not sent", marks, "missed,unsent: 4 missed, 4 not sent")
	g.forget(millAir)
	f.readings(millAir, seq+15, 20)
	p.says("the history began anew", marks, "missed,unsent,anew: 4 missed, 4 not sent, began anew")
	p.says("the line is in as many pieces", `document.querySelector("#trace-mill-air-line").getAttribute("d").split("M").length - 1`, "4")

	p.Do(t, chromedp.Click(chromedp.CSS("#board-markets")))
	p.says("missed prices are counted", `document.querySelector("#missed-words").textContent.trim()`,
		"This tab missed 3 quotes: the server does not keep them any more.")
	p.says("and their line is broken", pieces, "2")
	p.isClean()
}

func TestASensorOutOfRangeRaisesAnAlert(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	p := s.board(browser.Start(t), "sensors")
	const last = `(e => e && e.dataset.gauge + " " + e.dataset.state + " " + e.querySelector(".alert-peak").textContent)(document.querySelector("#alerts li:first-child"))`
	seq := now() + 100
	f.readings(millAir, seq, 20)
	p.says("it is in order", `document.querySelector("#state-mill-air").textContent`, "in order")
	f.readings(millAir, seq+1, 27, 29.25, 28)
	// Before each look one reading more: a machine that is slow to look would find
	// a sensor that fell silent.
	lasts := func(nth int64) { f.readings(millAir, seq+3+nth, 28) }
	p.says("it is out of range", `document.querySelector("#state-mill-air").textContent`, "out of range")
	lasts(1)
	p.says("it is listed", last, "mill-air lasts 29.2 °C")
	lasts(2)
	p.says("it is said, with the first reading that came or a later one",
		`/^Out of range: mill air, (27.0|29.2|28.0) °C\.$/.test(document.querySelector("#fleet-live").textContent)`, "true")
	lasts(3)
	p.says("the other board's visitors are told", `document.querySelector("#board-sensors-note").textContent`, "1 out of range")
	f.readings(millAir, seq+7, 25)
	p.says("it is over", last, "mill-air over 29.2 °C")
	p.says("who says nothing more is silent", `document.querySelector("#state-mill-air").textContent`, "silent")
	p.isClean()
}

func TestABoardThatNobodySeesIsNotPaintedAndUpToDateWhenSomebodyDoes(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	slot := 2*now() + 100
	f.quotes("BOLT", slot, 30)
	p := s.board(browser.Start(t), "markets")
	const bolt = `document.querySelector("#price-BOLT").textContent`
	p.says("a price is there", bolt, "30.00")
	hide := func(hidden bool) {
		p.asks(fmt.Sprintf(`(Object.defineProperty(document, "hidden", {value: %t, configurable: true}), document.dispatchEvent(new Event("visibilitychange", {bubbles: true})))`, hidden))
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#how-open")))
	p.sees("#how-frames")
	hide(true)
	p.asks(`(window.painted = 0, new MutationObserver(() => window.painted++).observe(document.querySelector("#markets"), {subtree: true, childList: true, characterData: true, attributes: true}))`)
	const many = 20 // each may be a frame of its own, of which fifty are kept
	for n := range int64(many) {
		f.quotes("BOLT", slot+1+n, 31+float64(n%2))
	}
	p.says("all of it has come", `[...document.querySelectorAll("#how-frames [data-way=in] .how-way")].reduce((n, e) =>
		n + Number((/(\d+) in one frame/.exec(e.textContent) || [0, 1])[1]), 0) >= `+strconv.Itoa(many), "true")
	p.says("nothing is painted", `window.painted + " " + `+bolt, "0 30.00")
	hide(false)
	p.says("it is up to date", bolt, "32.00")

	// Seen, only what has changed is painted.
	p.asks(`(window.rows = new Set(), new MutationObserver(all => all.forEach(m =>
		window.rows.add((m.target.nodeType == 1 ? m.target : m.target.parentElement).closest("tr").id)
	)).observe(document.querySelector("#quotes"), {subtree: true, childList: true, characterData: true, attributes: true}), 0)`)
	f.quotes("BOLT", slot+many+1, 33)
	p.says("it goes on", bolt, "33.00")
	p.says("no other row was touched", `[...window.rows].join()`, "quote-BOLT")
	p.isClean()
}

func TestWhoMayNotListenIsToldAndTheNextWhoMaySeesPrices(t *testing.T) {
	g := newFedRig(t)
	g.namespaces = map[string]int{"market": 1000} // and nothing for whoever has a token
	s := g.site()
	p := s.board(browser.Start(t), "markets")
	p.says("prices have come", prices+`.includes("–")`, "false")
	p.becomes("chatter")
	p.says("it is refused", `document.querySelector("#dash-problem").textContent.startsWith("This tab may not listen to market:")`, "true")
	p.becomes("nobody")
	p.says("it is not any more", `document.querySelector("#dash-problem").textContent`, "")
	before := p.asks(prices)
	eventually(t, "prices move", func() bool { return p.asks(prices) != before })
	p.isClean()
}

func TestTheDashboardIsUsedByKeyboardAlone(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	f.quotes("DUNE", 2*now()+100, 57, 58)
	p := s.board(browser.Start(t), "markets")
	p.says("a price is there", `document.querySelector("#price-DUNE").textContent`, "58.00")
	press := func(selector, key string) { p.Do(t, chromedp.SendKeys(chromedp.CSS(selector), key)) }
	press("#show-DUNE", " ")
	p.says("its candles are shown", `document.querySelector("#candles-title").textContent + document.querySelector("#candles-price").textContent`, "DUNE, Dune Glass58.00")
	press("#watch-DUNE", "\r")
	p.says("it is watched", `document.querySelector("#watch-DUNE").getAttribute("aria-pressed") + document.activeElement.id`, "truewatch-DUNE")
	press("#board-sensors", "\r")
	p.sees("#sensors")
	p.says("the address says so", `location.search + document.querySelector(".boards [aria-current]").id`, "?board=sensorsboard-sensors")
	p.asks(`history.back()`)
	p.sees("#markets")
	for _, script := range []string{
		// Everything that one can press has a name, and each chart one too.
		`[...document.querySelectorAll("#main button, #main a")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim())).length`,
		`[...document.querySelectorAll("svg")].filter(e => e.getAttribute("role") != "img" || !e.getAttribute("aria-label")).length`,
		`document.querySelectorAll("h1").length - 1`,
	} {
		p.says(script, script, "0")
	}
	p.isClean()
}

func TestTheDashboardsPageIsThereBeforeItsProgram(t *testing.T) {
	s := newFedRig(t).site()
	code, body := get(t, s.url()+"/dashboard")
	if code != 200 {
		t.Fatal(code)
	}
	for _, part := range []string{"These prices are simulated.", "Amber Lamps", "harbour", "orchard", "Out of range"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	if n := strings.Count(body, "<tr"); n != 1+len(demo.Listings()) {
		t.Error(fmt.Sprint("there are ", n, " rows"))
	}
}
