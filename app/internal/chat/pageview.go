package chat

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// Render implements [app.Composer].
func (p *Page) Render() app.UI {
	room := p.name
	if room == "" {
		room = "A room" // rendered ahead of time, for all of them
	}
	return app.Div().Class("chat").Body(
		app.Div().Class("chat-head").Body(
			app.H1().ID("chat-room").Text(room),
			tag.A().Attr("href", "/chat").Text("All rooms"),
			tag.NoScript().Body(app.P().Class("problem").Text("The chat needs JavaScript and WebAssembly.")),
		),
		tag.Section().Class("panel chat-main").Aria("labelledby", "chat-room").Body(
			app.P().ID("chat-refused").Class("problem").Role("alert").Text(p.list.room.Problem),
			p.list,
			p.renderComposer(),
		),
		p.renderPeople(),
		p.how,
	)
}

// off is the value of a disabled attribute: see the playground.
func off(ready bool) any {
	if ready {
		return nil
	}
	return true
}

func (p *Page) renderComposer() app.UI {
	return app.Div().Class("chat-composer").Body(
		app.P().ID("chat-typing").Class("hint chat-typing").Text(p.typing.Words()),
		tag.Label().Attr("for", "chat-text").Class("unseen").Text("Message to the room"),
		tag.Textarea().ID("chat-text").Attr("rows", 2).Attr("placeholder", "Say something").Attr("maxlength", maxDraft).
			Title("Enter sends, Shift+Enter makes a new line").Aria("describedby", "chat-problem").
			Attr("disabled", off(p.ready)).OnInput(p.onWrite).OnKeyDown(p.onKey),
		tag.Button().ID("chat-send").Class("primary").Text("Send").Attr("disabled", off(p.ready)).OnClick(p.onSend),
		app.P().ID("chat-problem").Class("problem").Role("alert").Text(p.list.outbox.Problem),
	)
}

func (p *Page) renderPeople() app.UI {
	user, fixed := p.user, off(p.ready)
	hint := "People are called what they call themselves."
	if p.holder != "" {
		user, fixed = p.holder, true
		hint = "Your token says who you are."
	}
	faces, more := p.people.Faces(maxFaces)
	return tag.Section().ID("chat-people").Class("panel chat-people").Aria("labelledby", "chat-people-title").Body(
		app.Div().Class("chat-people-head").Body(
			tag.H2().ID("chat-people-title").Text("Who is here"),
			tag.Span().ID("chat-count").Class("hint").Text(p.people.Words()),
		),
		tag.Ul().ID("chat-faces").Class("chat-faces").Body(
			app.Range(faces).Slice(func(i int) app.UI { return renderFace(faces[i]) }),
			app.If(more > 0, func() app.UI { return tag.Li().Text("and " + strconv.Itoa(more) + " more") }),
		),
		tag.Form().ID("chat-user-form").Class("chat-user").OnSubmit(p.onName).Body(
			tag.Label().Attr("for", "chat-user").Text("Your name"),
			tag.Input().ID("chat-user").Attr("type", "text").Attr("placeholder", "Somebody").Attr("autocomplete", "off").
				Attr("spellcheck", "false").Attr("maxlength", protocol.MaxUser).Attr("value", user).
				Attr("disabled", fixed).OnChange(p.onUser),
			app.P().Class("hint").Text(hint),
		),
	)
}

func renderFace(f live.Face) app.UI {
	return tag.Li().Class(hue(f.Name)).DataSet("user", f.Name).Body(
		tag.Span().Class("dot").Aria("hidden", true), tag.Span().Text(f.Words()),
	)
}

// hold takes in whether the tab has a token, whose name then is the user's.
func (p *Page) hold(h protocol.Hello) {
	p.holder = ""
	name := p.user
	if h.Expires != 0 {
		p.holder, name = h.User, h.User
	}
	// An attribute does not clear what is in a field.
	app.Window().GetElementByID("chat-user").Set("value", name)
}

// called is who one is.
func (p *Page) called() string {
	if p.holder != "" {
		return p.holder
	}
	return p.user
}

func (p *Page) onUser(ctx app.Context, _ app.Event) {
	input := ctx.JSSrc()
	p.user = live.CleanUser(input.Get("value").String())
	input.Set("value", p.user)
	if err := p.link.SetUser(p.user); err != nil {
		app.Log(err) // the name is clean, and everything else was taken before
	}
}

// onName leaves one in the field: that Enter changed it has been told already.
func (p *Page) onName(_ app.Context, e app.Event) { e.PreventDefault() }

func (p *Page) onWrite(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	p.draft = ctx.JSSrc().Get("value").String()
	var say bool
	if p.typing, say = p.typing.Type(strings.TrimSpace(p.draft), time.Now()); !say {
		return
	}
	what := demo.ChatTyping{Tab: p.list.me.mark(), From: p.called()}
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, typingEvery)
		defer cancel()
		// Whether anybody hears it is of no account.
		_, _ = p.link.PublishWith(wait, typingChannel(p.name), what, client.PublishOptions{})
	})
}

// onKey sends on Enter, unless it ends a word in an input method.
func (p *Page) onKey(ctx app.Context, e app.Event) {
	if e.Get("key").String() != "Enter" || e.Get("shiftKey").Bool() || e.Get("isComposing").Bool() {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	p.onSend(ctx, e)
}

func (p *Page) onSend(ctx app.Context, _ app.Event) {
	// The text area keeps its own text: what is there counts.
	text := app.Window().GetElementByID("chat-text")
	l := p.list
	var m *demo.ChatMessage
	id := l.me.mark() + "." + rand.Text()[:16]
	l.set(func() {
		if l.outbox, m = l.outbox.Submit(text.Get("value").String(), id, p.called(), time.Now()); m != nil {
			l.room = l.room.Spoke()
		}
	})
	if m == nil {
		return
	}
	text.Set("value", "")
	text.Call("focus")
	p.draft, p.typing = "", p.typing.Sent()
	if !l.outbox.Away {
		p.publish(ctx, *m)
	}
	p.save()
}
