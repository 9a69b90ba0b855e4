package home

import (
	"cmp"
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/playground"
	"fanlight/app/ui/tag"
	"fanlight/app/ui/widget"
	"fanlight/shared/protocol"
)

// Render implements [app.Composer].
func (p *Page) Render() app.UI {
	return app.Div().Class("home").Body(
		app.Div().Class("home-intro").Body(
			app.H1().Text("Redis Pub/Sub, fanned out to browsers"),
			app.P().Text("Fanlight is a realtime kit in Go. A server relays what is published in Redis to every WebSocket that "+
				"listens; this page is Go too, compiled to WebAssembly, and shares its types with the server. What the server "+
				"acknowledges it delivers, and what it can't deliver it says."),
			tag.NoScript().Body(app.P().Class("problem").
				Text("The live parts of this page need JavaScript and WebAssembly. The lines below work without either.")),
		),
		p.renderFlow(),
		p.renderEntries(),
		p.renderNow(),
		p.renderTry(),
		app.Div().Class("home-how").Body(p.how),
	)
}

// renderFlow draws the picture. To ears it is one sentence.
func (p *Page) renderFlow() app.UI {
	return tag.Section().Class("panel flow-panel").Aria("labelledby", "flow-title").Body(
		app.Div().Class("flow-head").Body(
			tag.H2().ID("flow-title").Text("What happens here"),
			// A message that leaves before the tab listens would not come back to it.
			tag.Button().ID("flow-send").Class("primary").Text("Send a message").Attr("disabled", off(p.ready && p.listens)).OnClick(p.onSend),
		),
		app.Div().ID("flow").Class("flow "+p.flow.Class()).Role("img").DataSet("turn", p.flow.Turn).DataSet("way", cmp.Or(string(p.flow.Way), "still")).
			Aria("label", "This tab publishes to the relay, the relay to Redis; Redis hands each message back to the relay, which sends it to this tab and to all others.").Body(
			node("flow-tab", "This tab", number(p.flow.Out)+" out, "+number(p.flow.In)+" in"),
			wire("flow-up", "fanlight.v1"),
			node("flow-relay", "Relay", p.relayWords()),
			wire("flow-redis-wire", "Pub/Sub"),
			node("flow-redis", "Redis", p.redisWords()),
			wire("flow-fan", ""),
			node("flow-others", "Other tabs and programs", p.othersWords()),
		),
		app.P().ID("flow-words").Class("hint").Text(p.flowWords()),
		app.P().ID("flow-said").Class("unseen").Role("status").Text(p.said),
		app.P().ID("flow-trouble").Class("problem").Role("alert").Text(p.trouble),
	)
}

// off is the value of a disabled attribute: go-app writes false into a
// prerendered page, where the attribute's presence is what counts.
func off(ready bool) any {
	if ready {
		return nil
	}
	return true
}

func node(id, name, words string) app.UI {
	return app.Div().ID(id).Class("flow-node").Body(
		tag.Span().Class("flow-name").Text(name),
		tag.Span().Class("flow-figure").Text(words),
	)
}

func wire(id, name string) app.UI {
	return app.Div().ID(id).Class("flow-wire").Body(
		tag.Span().Class("flow-label").Text(name),
		tag.Span().Class("pulse pulse-there"),
		tag.Span().Class("pulse pulse-back"),
	)
}

func (p *Page) relayWords() string {
	if p.flow.Latency <= 0 {
		return "fans out"
	}
	return "Redis to here in " + milliseconds(p.flow.Latency)
}

func (p *Page) redisWords() string {
	switch {
	case p.version.Redis == "external":
		return "your own"
	case p.version.RedisAddr != "":
		return "embedded, " + p.version.RedisAddr
	case p.version.Redis != "":
		return p.version.Redis
	}
	return "keeps and publishes"
}

func (p *Page) othersWords() string {
	if !p.known {
		return "whoever listens"
	}
	n := max(0, p.there.Connections-1)
	if n == 1 {
		return "1 more on the channel"
	}
	return number(n) + " more on the channel"
}

func (p *Page) flowWords() string {
	switch {
	case p.refused != "":
		return "This tab may not listen to " + channel + ": " + p.refused + "."
	case p.away && p.ready:
		return "Not connected just now: nothing passes."
	case p.flow.Turn == 0:
		return "Nothing has passed yet. Send a message, or publish from a terminal with a line from below: each one that passes through this tab's connection sends a pulse."
	case p.flow.Foreign > 0:
		return "Messages in: " + number(p.flow.In) + ", of which " + number(p.flow.Foreign) + " came from Redis past the relay, as redis-cli's do."
	}
	return "Messages in: " + number(p.flow.In) + ". Open this page in a second tab: both have a pulse for each message."
}

func (p *Page) renderEntries() app.UI {
	return tag.Section().Class("home-entries").Aria("labelledby", "entries-title").Body(
		tag.H2().ID("entries-title").Text("Go in"),
		tag.Ul().ID("entries").Body(
			app.Range(p.entries).Slice(func(i int) app.UI {
				e := p.entries[i]
				return tag.Li().Body(
					tag.A().Class("panel entry").Attr("href", e.Path).Body(
						tag.Span().Class("entry-name").Text(e.Name),
						tag.Span().Class("entry-about").Text(e.About),
					),
				)
			}),
		),
	)
}

// renderNow says what is connected; what is not known is a dash.
func (p *Page) renderNow() app.UI {
	here := "–"
	if p.known {
		here = number(p.there.Connections) + " on " + channel
	}
	state := "away"
	if !p.away {
		state = "connected"
	}
	facts := []struct{ id, name, value string }{
		{"now-state", "This tab", state},
		{"now-there", "Connections", here},
		{"now-redis", "Redis", dash(redisFact(p.version))},
		{"now-protocol", "Protocol", dash(p.version.Protocol)},
		{"now-go", "Server built with", dash(p.version.Go)},
		{"now-build", "Page", dash(p.version.Build)},
	}
	return tag.Section().Class("panel home-now").Aria("labelledby", "now-title").Body(
		tag.H2().ID("now-title").Text("Connected right now"),
		app.Elem("dl").ID("now").Body(
			app.Range(facts).Slice(func(i int) app.UI {
				return app.Div().Body(
					app.Elem("dt").Text(facts[i].name),
					app.Elem("dd").ID(facts[i].id).Text(facts[i].value),
				)
			}),
		),
	)
}

func redisFact(v protocol.VersionResponse) string {
	if v.RedisAddr != "" {
		return v.Redis + " at " + v.RedisAddr
	}
	return v.Redis
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func (p *Page) renderTry() app.UI {
	origin := browser.Origin()
	return tag.Section().Class("panel home-try").Aria("labelledby", "try-title").Body(
		tag.H2().ID("try-title").Text("Try it from anywhere"),
		app.P().Class("hint").Text("No library is needed. Leave this page in sight while you do."),
		widget.Line("try-publish", "Publish with curl", playground.Curl(origin, channel, protocol.Text("hi from curl"), nil)),
		widget.Line("try-redis", "Publish with redis-cli, past all of our code", playground.RedisLine(p.version, channel)),
		widget.Line("try-sse", "Listen with curl", "curl -N '"+origin+"/sse?channel="+channel+"'"),
		widget.Line("try-wscat", "Listen and publish with wscat", "wscat -c '"+browser.Socket()+"?channel="+channel+"'"),
		widget.Line("try-eventsource", "Listen in a browser's console",
			`new EventSource("`+origin+`/sse?channel=`+channel+`").onmessage = (e) => console.log(e.data)`),
	)
}

func number(n int) string { return strconv.Itoa(n) }

// milliseconds rounds to what the clocks are good for.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	}
	return strconv.Itoa(int(ms)) + " ms"
}
