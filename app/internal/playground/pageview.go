package playground

import (
	"net/url"
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
	"fanlight/app/ui/widget"
	"fanlight/shared/protocol"
)

// Render implements [app.Composer].
func (p *Page) Render() app.UI {
	return app.Div().Class("playground").Body(
		app.Div().Class("intro").Body(
			app.H1().Text("Publish in one tab, read it in another"),
			app.P().Text("What you send goes to Redis Pub/Sub, comes back to the relay, and is fanned out to every "+
				"subscriber: this tab, any other, and whatever else listens. Open a second tab and try; reload "+
				"this one, and it goes on where it was."),
			tag.NoScript().Body(app.P().Class("problem").
				Text("This page needs JavaScript and WebAssembly. The lines below work without either.")),
		),
		p.renderChannels(),
		p.renderComposer(),
		app.Div().Class("watch").Body(p.renderLedger(), p.feed),
		p.renderCrowd(),
		p.renderTerminal(),
		app.Div().Class("explained").Body(p.how),
	)
}

func (p *Page) renderChannels() app.UI {
	return tag.Section().Class("panel channels").Aria("labelledby", "channels-title").Body(
		tag.H2().ID("channels-title").Text("Channels"),
		tag.Ul().ID("channels").Class("chips").Body(
			app.Range(p.desk.Channels).Slice(func(i int) app.UI { return p.renderChip(p.desk.Channels[i]) }),
		),
		tag.Form().ID("channel-form").Class("add").OnSubmit(p.onListen).Body(
			tag.Label().Attr("for", "channel-input").Class("unseen").Text("Channel to listen to"),
			p.field("channel-input", "another_channel", "channel-error").Attr("maxlength", 200),
			tag.Button().ID("channel-add").Attr("type", "submit").Text("Listen").Attr("disabled", off(p.ready)),
			tag.Label().Attr("for", "filter-input").Class("unseen").Text("Only what this filter is true of"),
			p.field("filter-input", "level in ['warn', 'error']", "filter-error filter-hint").Attr("maxlength", protocol.MaxFilter).
				Aria("invalid", p.check.Problem != "").OnInput(p.onFilter),
		),
		problem("channel-error", p.desk.ChannelError),
		p.renderCheck(),
		app.P().ID("filter-hint").Class("hint").Text(p.check.Words()),
	)
}

// field is an input for what is no prose.
func (p *Page) field(id, example, describedBy string) app.HTMLElemSelfClosing {
	return tag.Input().ID(id).Attr("type", "text").Attr("placeholder", example).
		Attr("autocomplete", "off").Attr("autocapitalize", "none").Attr("spellcheck", "false").
		Aria("describedby", describedBy).Attr("disabled", off(p.ready))
}

// renderCheck shows what is wrong with the filter, and where.
func (p *Page) renderCheck() app.UI {
	before, at, after := p.check.Place()
	return app.Div().ID("filter-error").Class("problem").Role("alert").DataSet("at", p.check.At).Body(
		app.If(p.check.At > 0, func() app.UI {
			return app.Code().Class("place").Aria("hidden", true).Body(
				app.Text(before), app.Elem("mark").Text(at), app.Text(after),
			)
		}),
		app.If(p.check.Problem != "", func() app.UI {
			words := p.check.Problem
			if p.check.At > 0 {
				words += " At character " + strconv.Itoa(p.check.At) + "."
			}
			return tag.Span().Text(words)
		}),
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

// stay has whoever pressed a button that goes with what it did go on nearby. The
// context must not be the button's, of which nothing is heard once it is gone.
func stay(ctx app.Context, instead string) {
	held := browser.Focused()
	ctx.Defer(func(app.Context) { held.Keep(instead) })
}

func problem(id, text string) app.UI {
	return app.P().ID(id).Class("problem").Role("alert").Text(text)
}

func (p *Page) renderChip(c Channel) app.UI {
	state, words := "asking", "waiting for the server"
	switch c.State {
	case Listening:
		state, words = "listening", "listening"
	case Refused:
		state, words = "refused", c.Problem
	}
	filter, class := c.Filter, " is-set"
	switch {
	case filter != "":
	case c.Filtered:
		filter = "filtered by the server"
	default:
		filter, class = "filter…", ""
	}
	return tag.Li().Class("chip is-"+state+" "+p.palette.class(c.Name)).
		DataSet("channel", c.Name).DataSet("state", state).Title(words).Body(
		tag.Span().Class("dot").Aria("hidden", true),
		tag.Span().Class("chip-name").Text(c.Name),
		p.renderPosition(c.Name),
		tag.Span().Class("unseen").Text(", "+words),
		tag.Span().Class("chip-problem").Text(c.Problem),
		tag.Button().ID("leave-"+c.Name).Class("chip-leave").Aria("label", "Stop listening to "+c.Name).Text("×").
			OnClick(func(app.Context, app.Event) {
				stay(p.ctx, "channel-input")
				p.apply(p.ctx, func(d Desk) (Desk, []Effect) { return d.Leave(c.Name) })
			}, app.EventScope(c.Name)),
		tag.Button().Class("chip-filter"+class).Attr("disabled", off(p.ready)).
			Aria("label", "Filter of "+c.Name+": "+filter+". Change it.").Text(filter).
			OnClick(func(ctx app.Context, _ app.Event) { p.refine(ctx, c) }, app.EventScope(c.Name+" "+c.Filter)),
	)
}

// renderPosition says where a channel stands. Of an epoch, four characters are
// enough to see that it is another.
func (p *Page) renderPosition(channel string) app.UI {
	at, known := p.positions[channel]
	span := tag.Span().Class("chip-position")
	switch {
	case !known:
		return span
	case at.Epoch == "":
		return span.Title("Nothing was published here yet").Text("empty")
	default:
		return span.DataSet("epoch", at.Epoch).DataSet("offset", at.Offset).
			Title("This tab has everything up to offset " + strconv.FormatUint(at.Offset, 10) + " of epoch " + at.Epoch).
			Text(at.Epoch[:min(4, len(at.Epoch))] + " " + number(at.Offset))
	}
}

func (p *Page) renderComposer() app.UI {
	r := p.desk.Reading()
	tags, _ := ReadTags(p.desk.Labels)
	return tag.Section().Class("panel composer").Aria("labelledby", "composer-title").Body(
		tag.H2().ID("composer-title").Text("Publish"),
		app.Div().Class("composer-head").Body(
			tag.Label().Attr("for", "composer-channel").Text("to"),
			tag.Select().ID("composer-channel").OnChange(p.onAim).Attr("disabled", off(p.ready)).Body(
				app.Range(p.targets()).Slice(func(i int) app.UI {
					name := p.targets()[i]
					option := tag.Option().Attr("value", name).Text(name)
					if name == p.desk.Target {
						option = option.Attr("selected", true)
					}
					return option
				}),
			),
		),
		tag.Label().Attr("for", "composer-text").Class("unseen").Text("Message"),
		tag.Textarea().ID("composer-text").Attr("rows", 3).Attr("placeholder", "Hello, or [1, 2, 3]").
			Attr("spellcheck", "false").Aria("describedby", "composer-hint composer-error").
			Attr("disabled", off(p.ready)).OnInput(p.onWrite).OnKeyDown(p.onKey),
		app.Div().Class("composer-tags").Body(
			tag.Label().Attr("for", "composer-tags").Text("tags"),
			p.field("composer-tags", "level=warn cpu=93", "composer-error").OnInput(p.onLabel).OnKeyDown(p.onKey),
		),
		app.Div().Class("composer-foot").Body(
			p.renderFormats(),
			tag.Button().ID("composer-send").Class("primary").Text("Publish").
				Title("Enter sends, Shift+Enter makes a new line").
				Attr("disabled", off(p.ready)).OnClick(p.onSubmit),
		),
		app.P().ID("composer-hint").Class("hint").Text(r.Hint),
		problem("composer-error", p.desk.DraftError),
		tag.Ul().ID("sends").Class("sends").Body(
			app.Range(p.desk.Sends).Slice(func(i int) app.UI { return p.renderSend(p.desk.Sends[i]) }),
		),
		app.P().ID("receipt").Class("receipt").Role("status").Text(p.desk.Receipt.Words()),
		widget.Line("composer-curl", "The same with curl", p.curl(r, tags)),
	)
}

// targets are the channels to choose from: those one listens to.
func (p *Page) targets() []string {
	if names := p.desk.Names(); len(names) > 0 {
		return names
	}
	return []string{p.desk.Target}
}

func (p *Page) renderFormats() app.UI {
	formats := []struct {
		format      Format
		label, hint string
	}{{Auto, "Auto", "What parses as JSON is sent as JSON, the rest as text"}, {JSON, "JSON", "Send as JSON, or not at all"}, {Text, "Text", "Send as text, whatever it looks like"}}
	return tag.Fieldset().ID("composer-format").Class("formats").Body(
		tag.Legend().Class("unseen").Text("Send as"),
		app.Range(formats).Slice(func(i int) app.UI {
			f := formats[i]
			input := tag.Input().Attr("type", "radio").Attr("name", "format").Attr("disabled", off(p.ready)).
				OnChange(func(app.Context, app.Event) { p.desk = p.desk.As(f.format) }, app.EventScope(f.label))
			if p.desk.Format == f.format {
				input = input.Attr("checked", true)
			}
			return tag.Label().Title(f.hint).Body(input, tag.Span().Text(f.label))
		}),
	)
}

func (p *Page) renderSend(s Send) app.UI {
	state, words := "sending", "Sending to "+s.Channel+"…"
	if p.desk.Away {
		words = "Waits for the connection, then goes to " + s.Channel + "."
	}
	if p.desk.Pause > 0 {
		words = "Too much came at once, says the server (rate_limited). This goes to " + s.Channel + " by itself, " + duration(p.desk.Pause) + " later."
	}
	if s.Problem != "" {
		state, words = "failed", "Not sent to "+s.Channel+". "+s.Problem
	}
	return tag.Li().Class("send is-"+state).DataSet("state", state).Body(
		app.Code().Class("send-draft").Text(s.Draft),
		tag.Span().Class("send-words").Role("status").Text(words),
		app.If(s.Problem != "", func() app.UI {
			return tag.Span().Class("send-acts").Body(
				tag.Button().ID("again-"+strconv.Itoa(s.ID)).Class("small").Text("Send again").
					OnClick(func(app.Context, app.Event) {
						stay(p.ctx, "composer-text")
						p.apply(p.ctx, func(d Desk) (Desk, []Effect) { return d.Resend(s.ID) })
					}, app.EventScope(s.ID)),
				tag.Button().ID("discard-"+strconv.Itoa(s.ID)).Class("small").Text("Discard").
					OnClick(func(app.Context, app.Event) {
						stay(p.ctx, "composer-text")
						p.desk = p.desk.Discard(s.ID)
					}, app.EventScope(s.ID)),
			)
		}),
	)
}

// Words says what the server answered; nothing before it answered anything.
func (r Receipt) Words() string {
	if r.Channel == "" {
		return ""
	}
	return "Taken as #" + strconv.FormatUint(r.Offset, 10) + " of " + r.Channel + ", answered in " + duration(r.Took) + "."
}

// curl is the command for the draft, or for an example while there is none.
func (p *Page) curl(r Reading, tags protocol.Tags) string {
	data := r.Data
	if data == nil {
		data = protocol.Text("hi")
	}
	return Curl(browser.Origin(), p.desk.Target, data, tags)
}

func (p *Page) renderTerminal() app.UI {
	name := p.desk.Target
	return tag.Section().Class("panel terminal").Aria("labelledby", "terminal-title").Body(
		tag.H2().ID("terminal-title").Text("From anywhere else"),
		app.P().Text("No library is needed: whatever speaks HTTP, WebSocket or Redis takes part."),
		widget.Line("try-sse", "Listen with curl", "curl -N '"+browser.Origin()+"/sse?channel="+name+"'"),
		widget.Line("try-publish", "Publish with curl", Curl(browser.Origin(), name, protocol.Text("hi from curl"), nil)),
		widget.Line("try-redis", "Publish with Redis", p.redisLine(name)),
		widget.Line("try-console", "In the browser's console", `new WebSocket("`+browser.Socket()+`?channel=`+name+`").onmessage = (e) => console.log(e.data)`),
		app.P().ID("token-hint").Class("hint").Text(p.tokenHint()),
		app.P().ID("redis-hint").Class("hint").Text(p.redisHint()),
	)
}

func (p *Page) tokenHint() string {
	if !p.guarded {
		return ""
	}
	return "This server has rules. With a token, curl takes -H 'Authorization: Bearer …'; a WebSocket of a browser's console, " +
		"which can't set a header, takes &ticket=… with what POST /ticket answers."
}

func (p *Page) redisHint() string {
	switch {
	case p.version.Redis == "external":
		return "This server uses a Redis of your own: name its address, if it is not on this machine."
	case p.version.Redis != "" && p.version.RedisAddr == "":
		return "Through the Redis inside one could do what no token grants, so no other program may."
	}
	return "The port is that of the Redis inside the server. With a Redis of your own, name its address instead."
}

func (p *Page) onListen(ctx app.Context, e app.Event) {
	e.PreventDefault()
	input, filter := app.Window().GetElementByID("channel-input"), app.Window().GetElementByID("filter-input")
	if p.check.Problem != "" {
		filter.Call("focus")
		return
	}
	p.apply(ctx, func(d Desk) (Desk, []Effect) {
		return d.Listen(input.Get("value").String(), filter.Get("value").String())
	})
	if p.desk.ChannelError == "" {
		input.Set("value", "")
		filter.Set("value", "")
		p.check = Check{}
	}
}

// refine puts a channel into the form, for another filter.
func (p *Page) refine(ctx app.Context, c Channel) {
	filter := app.Window().GetElementByID("filter-input")
	app.Window().GetElementByID("channel-input").Set("value", c.Name)
	filter.Set("value", c.Filter)
	p.checkFilter(ctx, c.Filter)
	filter.Call("focus")
}

func (p *Page) onFilter(ctx app.Context, _ app.Event) {
	p.checkFilter(ctx, ctx.JSSrc().Get("value").String())
}

// checkFilter has the server look at a filter once the typing pauses.
func (p *Page) checkFilter(ctx app.Context, text string) {
	var ask bool
	if p.check, ask = p.check.Write(text); !ask {
		return
	}
	p.checks++
	turn := p.checks
	ctx.After(checkDelay, func(ctx app.Context) {
		if turn != p.checks || text != p.check.Text {
			return
		}
		browser.Fetch("GET", "/filter?expression="+url.QueryEscape(text), func(status int, body string) {
			ctx.Dispatch(func(app.Context) { p.check = p.check.Answer(text, status, body) })
		})
	})
}

func (p *Page) onLabel(ctx app.Context, _ app.Event) {
	p.desk = p.desk.Label(ctx.JSSrc().Get("value").String())
}

func (p *Page) onAim(ctx app.Context, _ app.Event) {
	p.desk = p.desk.Aim(ctx.JSSrc().Get("value").String())
	p.lookAround(ctx)
}

func (p *Page) onWrite(ctx app.Context, _ app.Event) {
	p.desk = p.desk.Write(ctx.JSSrc().Get("value").String())
}

// onKey sends on Enter, unless it ends a word in an input method.
func (p *Page) onKey(ctx app.Context, e app.Event) {
	if e.Get("key").String() != "Enter" || e.Get("shiftKey").Bool() || e.Get("isComposing").Bool() {
		return
	}
	e.PreventDefault()
	p.onSubmit(ctx, e)
}

func (p *Page) onSubmit(ctx app.Context, _ app.Event) {
	// The text area keeps its own text: what is there counts.
	text := app.Window().GetElementByID("composer-text")
	p.desk = p.desk.Write(text.Get("value").String())
	p.apply(ctx, Desk.Submit)
	if p.desk.DraftError == "" {
		text.Set("value", "")
	}
}
