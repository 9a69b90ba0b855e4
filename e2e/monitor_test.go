package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/e2e/proxy"
	"fanlight/server/relay"
)

// telling has relays tell of themselves, and starts one for each name.
func (g *rig) telling(names ...string) (sites []*site) {
	g.t.Helper()
	for _, name := range names {
		g.ops = relay.Ops{Node: name, Metrics: true, Audit: true}
		sites = append(sites, g.site())
	}
	return sites
}

// behind puts a proxy between Redis and the relays that are started from now on.
func (g *rig) behind() *proxy.Proxy {
	g.t.Helper()
	u, err := url.Parse(g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	way, err := proxy.Start(proxy.Config{Target: u.Host})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(way.Close)
	u.Host = way.Addr()
	g.url = u.String()
	return way
}

// monitor opens the monitor and waits until relays report.
func (s *site) monitor(b *browser.Browser) *tab {
	s.rig.t.Helper()
	p := &tab{Page: b.Open(s.rig.t), t: s.rig.t, site: s}
	p.Do(p.t, chromedp.Navigate(s.url()+"/monitor"))
	p.flows()
	return p
}

// ignoresProbes removes the threshold that a busy machine passes.
func (p *tab) ignoresProbes() {
	p.t.Helper()
	p.asks(`document.querySelector("#rules li[data-rule=probe] button").click()`)
	p.says("slow probes raise no alert", `document.querySelectorAll("#rules li[data-rule=probe]").length`, "0")
}

func (p *tab) flows() {
	p.t.Helper()
	p.sees(`#mon-state[data-flow=flowing]`)
	p.sees(`#rule-add:not([disabled])`)
}

// cell is the script for what a relay's row says in a column.
func cell(node, column string) string {
	return fmt.Sprintf(`document.querySelector('#mon-nodes tr[data-node=%q] td[data-label=%q]')?.textContent`, node, column)
}

const (
	nodeStates = `[...document.querySelectorAll("#mon-nodes tbody tr")].map(r => r.dataset.node + " " + r.dataset.state).join()`
	shaded     = `[...document.querySelectorAll(".mon-chart")].every(c => c.querySelectorAll(".mon-away").length == 1 && c.querySelector(".mon-away-text").textContent == "Redis away" && c.querySelector("svg").ariaLabel.includes("Redis away "))`
)

// alerts is the script for what the alerts that a selector names say. There may
// be others: a busy machine's probes are slow, and its relays late.
func alerts(which string) string {
	return `[...document.querySelectorAll('#alerts > li` + which + `')].map(a => a.querySelector(".mon-what").textContent + ", " + a.dataset.state + (a.dataset.acked == "true" ? ", acknowledged" : "")).join("; ")`
}

func TestTheMonitorShowsEveryRelaysFiguresAsTheyCome(t *testing.T) {
	sites := newRig(t).telling("one", "two")
	b := browser.Start(t)
	p := sites[0].monitor(b)
	p.says("both relays have a row", nodeStates, "one reporting,two reporting")
	p.says("the tab itself is a connection", cell("one", "Connections"), "1")
	p.says("of that relay alone", cell("two", "Connections"), "0")
	other := sites[1].tab(b, "/playground")
	p.says("another tab is seen at the other", cell("two", "Connections"), "1")
	p.says("messages go out all the time", cell("one", "Messages out")+` != "0/s"`, "true")
	p.says("they take a time", `parseFloat(`+cell("two", "Probe")+`) > 0`, "true")
	eventually(t, "what is published there is counted there", func() bool {
		sites[1].publishes("room", 1, 5)
		return p.asks(cell("two", "Publishes")+` > "0/s"`) == "true"
	})
	p.says("each relay has a line in each chart",
		`[...document.querySelectorAll(".mon-chart")].every(c => ["one", "two"].every(n => c.querySelector(".mon-line[data-node=" + n + "]")?.getAttribute("d").startsWith("M")))`, "true")
	p.says("which is told to ears as well", `document.querySelector("#chart-connections svg").ariaLabel.includes("one, Connections now 1")`, "true")

	// One that is stopped is silent; the other goes on.
	other.leaves()
	sites[1].stop()
	p.says("a relay that stopped is marked", nodeStates, "one reporting,two silent")
	p.says("with an alert", alerts(`[data-rule=silent][data-node=two]`), "two is silent, lasts")
	p.sees(`#mon-state[data-flow=flowing]`)
	sites[1].start()
	p.says("it counts anew", nodeStates, "one reporting,two reporting")
	p.says("and the alert is over", alerts(`[data-rule=silent][data-node=two]`), "two is silent, over")
	p.isClean()
}

func TestTheMonitorShowsARedisOutageAsItHappens(t *testing.T) {
	g := newRig(t)
	way := g.behind()
	sites := g.telling("one", "two")
	p := sites[0].monitor(browser.Start(t))
	const anyButSlow = `:not([data-rule=probe])`
	// What Chromium itself says of a relay that answers that it is not ready.
	p.expected = []string{"Failed to load resource"}
	p.says("both relays report", nodeStates, "one reporting,two reporting")

	way.Refuse(true)
	way.Cut(proxy.Any)
	p.sees(`#mon-state[data-flow=redis-away]`)
	if words := p.text("#mon-outage"); !strings.HasPrefix(words, "Redis is away since ") || !strings.Contains(words, ": messages do not flow through Redis.") {
		t.Errorf("it says %q", words)
	}
	p.says("the relays are silent", nodeStates, "one silent,two silent")
	p.says("which is one alert", alerts(anyButSlow), "Redis is away, lasts")
	p.says("the charts are shaded while it lasts", shaded, "true")
	p.says("the tab is connected all the time", `document.querySelector("#status").dataset.state`, "connected")

	way.Refuse(false)
	p.flows()
	p.says("the banner is gone", `document.querySelector("#mon-outage").textContent`, "")
	p.says("and what was is said", `/Redis was away from \S+ to \S+, \d+ s\./.test(document.querySelector("#mon-words").textContent)`, "true")
	p.says("the relays are back", nodeStates, "one reporting,two reporting")
	p.says("the alert is over", alerts(anyButSlow), "Redis is away, over")
	// No sample is missing: what the relays noted meanwhile has come.
	const whole = `[...document.querySelectorAll("#chart-connections .mon-line")].every(l => l.getAttribute("d").split("M").length == 2)`
	p.says("the lines go through", whole, "true")
	p.says("and stay shaded", shaded, "true")

	p.Do(t, chromedp.Click(chromedp.CSS("#alerts > li[data-rule=away] .mon-ack")))
	p.says("it is acknowledged", alerts(anyButSlow), "Redis is away, over, acknowledged")
	p.Do(t, chromedp.Reload())
	p.flows()
	p.says("after a reload it still is", alerts(anyButSlow), "Redis is away, over, acknowledged")
	p.says("the history has the outage", shaded, "true")
	p.isClean()
}

func TestAThresholdRaisesAnAlertOnceAndIsKeptByTheBrowser(t *testing.T) {
	sites := newRig(t).telling("one")
	p := sites[0].monitor(browser.Start(t))
	p.ignoresProbes()
	adds := func() {
		t.Helper()
		p.Do(t,
			chromedp.SetValue(chromedp.CSS("#rule-key"), "connections"),
			chromedp.SetValue(chromedp.CSS("#rule-value"), "0"),
			chromedp.Click(chromedp.CSS("#rule-add")),
		)
	}
	adds()
	p.says("it is in the list", `[...document.querySelectorAll("#rules li span")].at(-1).textContent`, "Connections over 0")
	const want = "Connections over 0 on one: 1, lasts"
	p.says("the alert is raised", alerts(`[data-rule=connections]`), want)
	p.says("and read aloud", `document.querySelector("#alerts-said").textContent`, "Alert: Connections over 0 on one: 1")
	adds()
	p.says("the same again is refused", `document.querySelector("#rule-problem").textContent`, "There is such a threshold already.")

	// By the keyboard alone.
	p.asks(`document.querySelector("#alerts li[data-rule=connections] .mon-ack").focus()`)
	p.Do(t, chromedp.KeyEvent("\r"))
	p.says("it is acknowledged", alerts(`[data-rule=connections]`), want+", acknowledged")
	p.says("of several none is left", `document.querySelector("#alerts-words").textContent`, "1 alert now, 0 of them not acknowledged.")
	p.Do(t, chromedp.Reload())
	p.flows()
	p.says("after a reload it is still there, once, and acknowledged", alerts(`[data-rule=connections]`), want+", acknowledged")
	p.says("so is the threshold", `[...document.querySelectorAll("#rules li span")].at(-1).textContent`, "Connections over 0")
	p.Do(t, chromedp.Click(chromedp.CSS("#rules li[data-rule=connections] button")))
	p.says("without it, the alert is over", alerts(`[data-rule=connections]`), "Connections over 0 on one: 1, over, acknowledged")
	p.isClean()
}

// answering has a browser that answers so when it is asked for notifications,
// and counts the questions.
func (p *tab) answering(before, answer string) {
	p.t.Helper()
	_, err := chromedp.Call(p.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.notes = []; window.asked = 0;
		window.Notification = class {
			static permission = "` + before + `";
			static async requestPermission() { window.asked++; return this.permission = "` + answer + `"; }
			constructor(title, options) { window.notes.push(options.body); }
		};`})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Do(p.t, chromedp.Navigate(p.site.url()+"/monitor"))
	p.flows()
}

func TestTheBrowserIsAskedForNotificationsOnAClickAlone(t *testing.T) {
	s := newRig(t).telling("one")[0]
	b := browser.Start(t)
	p := &tab{Page: b.Open(t), t: t, site: s}
	p.answering("default", "granted")
	p.says("nobody asked", `window.asked`, "0")
	p.Do(t, chromedp.Click(chromedp.CSS("#alerts-notify")))
	p.sees(`#notify-words[data-permission=granted]`)
	p.says("it was asked once", `window.asked`, "1")
	p.Do(t,
		chromedp.SetValue(chromedp.CSS("#rule-key"), "connections"),
		chromedp.SetValue(chromedp.CSS("#rule-value"), "0"),
		chromedp.Click(chromedp.CSS("#rule-add")),
	)
	p.says("an alert is notified of, once", `window.notes.filter(n => n.startsWith("Connections")).join()`, "Connections over 0 on one: 1")

	other := &tab{Page: b.Open(t), t: t, site: s}
	other.answering("default", "denied")
	other.Do(t, chromedp.Click(chromedp.CSS("#alerts-notify")))
	other.sees(`#notify-words[data-permission=denied]`)
	if words := other.text("#notify-words"); !strings.HasPrefix(words, "The browser does not let this site notify.") {
		t.Errorf("it says %q", words)
	}
	p.isClean()
	other.isClean()
}

func TestTheMonitorTellsWhoPublishesAndNothingOfWhatIsSaid(t *testing.T) {
	sites := newRig(t).telling("one", "two")
	b := browser.Start(t)
	p := sites[0].monitor(b)
	ada := sites[1].tab(b, "/playground")
	ada.writes("nobody else's business")
	const rows = `[...document.querySelectorAll("#log-rows tr[data-op=publish][data-channel=realtime_channel]")].map(r => [...r.cells].slice(1).map(c => c.textContent).join()).join("; ")`
	p.says("the publish is told", rows, "nobody,publish,realtime_channel #1,127.0.0.1,fanlight.v1,two,ok")
	p.says("not what was said", `document.documentElement.textContent.includes("nobody else's")`, "false")

	p.Do(t, chromedp.Click(chromedp.CSS("#log-pause")))
	ada.writes("more of it")
	p.says("a pause holds the list", `/Resume, \d+ new/.test(document.querySelector("#log-pause").textContent)`, "true")
	p.Do(t, chromedp.Click(chromedp.CSS("#log-pause")))
	p.Do(t, chromedp.SendKeys(chromedp.CSS("#log-filter"), "publish"))
	p.says("the filter sifts it", `[...document.querySelectorAll("#log-rows tr")].map(r => r.dataset.op + " " + r.cells[3].textContent).join()`,
		"publish realtime_channel #2,publish realtime_channel #1")
	p.isClean()
	ada.isClean()
}

func TestTheMonitorComesBackWithItsServer(t *testing.T) {
	s := newRig(t).telling("one")[0]
	p := s.monitor(browser.Start(t))
	p.expected = []string{"ERR_CONNECTION_REFUSED", "WebSocket connection to", "Failed to load resource"}
	s.stop()
	p.sees(`#mon-state[data-flow=relay-gone]`)
	if words := p.text("#mon-outage"); !strings.HasPrefix(words, "The relay of this tab is gone") {
		t.Errorf("it says %q", words)
	}
	s.start()
	p.flows()
	p.says("it reports again", nodeStates, "one reporting")
	p.isClean()
}

func TestWhoMayNotSeeTheFiguresIsToldInTheirPlace(t *testing.T) {
	g := newRig(t)
	g.secret = strings.Repeat("a secret for a test ", 2)
	s := g.telling("one")[0]
	p := &tab{Page: browser.Start(t).Open(t), t: t, site: s}
	p.Do(t, chromedp.Navigate(s.url()+"/monitor"))
	p.sees("#mon-refused")
	p.says("the log says so too", `document.querySelector("#log-empty").textContent.startsWith("You may not see it: permission_denied")`, "true")
	if code, _ := get(t, s.url()+"/readyz"); code != 200 {
		t.Errorf("the relay is not ready: %d", code)
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#who")))
	p.sees("#who-token")
	p.Do(t,
		chromedp.SendKeys(chromedp.CSS("#who-token"), g.token("ada", map[string]any{"ops:*": []string{"subscribe", "history"}})),
		chromedp.Click(chromedp.CSS("#who-use")),
	)
	p.flows()
	p.says("it goes on by itself", nodeStates, "one reporting")
	p.says("with the log", `document.querySelectorAll("#log-rows tr").length > 0`, "true")
	p.isClean()
}

func TestTheMonitorFitsANarrowScreenAndStaysATable(t *testing.T) {
	sites := newRig(t).telling("one", "two")
	p := sites[0].monitor(browser.Start(t))
	p.Size(t, 360, 780)
	p.says("each relay has a card", nodeStates, "one reporting,two reporting")
	p.says("the log has entries", `document.querySelectorAll("#log-rows tr").length > 0`, "true")
	p.says("nothing is wider than the window", `document.documentElement.scrollWidth <= innerWidth`, "true")
	p.says("to a screen reader it is a table", `[...document.querySelectorAll("#mon-nodes, #mon-nodes tr, #mon-nodes tr > *")].every(e => e.role)`, "true")
	p.isClean()
}
