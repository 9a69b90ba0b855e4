package game

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/how"
	"fanlight/app/ui/tag"
	"fanlight/app/ui/widget"
	"fanlight/shared/client"
	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

const (
	path          = "/game/"
	identityKey   = "fanlight.game.me"
	answerTimeout = 15 * time.Second
	watchersEvery = 5 * time.Second
)

// me is who plays in this browser; the key is told to the referee alone.
type me struct {
	Player string `json:"player"`
	Key    string `json:"key"`
}

// myself returns who plays in this tab: of two tabs, each may have a seat.
func myself() (m me) {
	// What can't be read was not stored by us.
	if json.Unmarshal([]byte(browser.Session.Get(identityKey)), &m) != nil || m.Key == "" || m.Player == "" {
		m = me{Player: rand.Text()[:12], Key: rand.Text()}
		if text, err := json.Marshal(m); err == nil {
			browser.Session.Set(identityKey, string(text))
		}
	}
	return m
}

// Page is one game.
type Page struct {
	app.Compo

	link     *live.Link
	id       string
	me       me
	state    State
	user     string
	watchers int
	busy     bool // a command is on its way
	ready    bool
	how      *how.How
	release  func()
}

// New returns a game's page; it lives on the link while it is mounted.
func New(link *live.Link, id string) *Page {
	p := &Page{link: link, id: id}
	p.how = how.New(link, p.about)
	return p
}

// OnMount implements [app.Mounter].
func (p *Page) OnMount(ctx app.Context) {
	p.release = func() {}
	if !four.ValidGame(p.id) {
		p.state.Problem = "No game can be called that: small letters and digits, 32 at the most."
		return
	}
	p.ready, p.me, p.user = true, myself(), live.StoredUser()
	p.state = State{Me: p.me.Player}
	p.release = p.link.Watch(func(b live.Batch) {
		ctx.Dispatch(func(ctx app.Context) {
			held := browser.Focused()
			p.take(b)
			ctx.Defer(func(app.Context) { held.Keep(p.next()) })
		})
	})
	p.subscribe()
	p.count(ctx)
}

// OnDismount implements [app.Dismounter].
func (p *Page) OnDismount() {
	p.release()
	if !p.ready {
		return
	}
	p.ready = false
	_ = p.link.Unsubscribe(four.GameChannel + p.id) // the link may be closed already
}

// subscribe begins with the last event, which has the whole game.
func (p *Page) subscribe() {
	from := client.SubscribeOptions{Rewind: &protocol.Rewind{Count: 1}}
	if err := p.link.SubscribeWith(four.GameChannel+p.id, from); err != nil {
		p.state.Problem = err.Error()
	}
}

// take shows what the referee has said.
func (p *Page) take(b live.Batch) {
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Received:
			if ev.Channel == four.GameChannel+p.id && !ev.Foreign {
				p.state = p.state.Take(ev.Data)
			}
		case client.Reset:
			if ev.Channel == four.GameChannel+p.id {
				p.state = p.state.Forget()
			}
		case client.Refused:
			if ev.Channel == four.GameChannel+p.id {
				p.state.Problem = ev.Err.Error()
			}
		}
	}
}

// send asks the referee for something, and first to look after the game, which
// it may have forgotten.
func (p *Page) send(ctx app.Context, c four.Command) {
	if p.busy || !p.ready {
		return
	}
	p.busy, p.state.Problem = true, ""
	c.ID, c.Player, c.Key = rand.Text()[:12], p.me.Player, p.me.Key
	c.Round, c.Ply = p.state.Game.Round, len(p.state.Game.Moves)
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		_, err := p.link.PublishWith(wait, four.OpenChannel, four.Open{Game: p.id}, client.PublishOptions{})
		if err == nil {
			_, err = p.link.PublishWith(wait, four.MoveChannel+p.id, c, client.PublishOptions{Key: c.ID})
		}
		ctx.Dispatch(func(app.Context) {
			if p.busy = false; err != nil {
				p.state.Problem = err.Error()
			}
		})
	})
}

// next is where one is whose button is gone, since it did what it says: at the
// board, or, when there is nothing to play, at what begins another round.
func (p *Page) next() string {
	if p.state.Game.Result != "" {
		return "game-again"
	}
	return "column-0"
}

// count asks now and then who is there.
func (p *Page) count(ctx app.Context) {
	if !p.ready {
		return
	}
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, watchersEvery)
		defer cancel()
		who, err := p.link.Presence(wait, four.GameChannel+p.id)
		if err == nil {
			ctx.Dispatch(func(app.Context) { p.watchers = who.Connections })
		}
	})
	ctx.After(watchersEvery, p.count)
}

// here counts who is there, players and those who watch; "" while that is not known.
func (p *Page) here() string {
	if p.watchers == 0 {
		return ""
	}
	return strconv.Itoa(p.watchers) + " here, whoever watches included"
}

func (p *Page) onJoin(ctx app.Context, e app.Event) {
	e.PreventDefault()
	name := live.CleanUser(app.Window().GetElementByID("game-name").Get("value").String())
	p.send(ctx, four.Command{Do: four.Join, Name: name})
}

// Render implements [app.Composer].
func (p *Page) Render() app.UI {
	s := p.state
	playing := s.Seat() >= 0
	return app.Div().Class("game").Body(
		app.Div().Class("game-head").Body(
			app.H1().Text("Four in a row"),
			app.P().ID("game-status").Attr("role", "status").DataSet("turn", strconv.Itoa(s.Game.Turn())).DataSet("result", s.Game.Result).Text(s.Words()),
			app.P().ID("game-said").Class("hint").Attr("role", "status").Text(s.Said),
			app.P().ID("game-problem").Class("problem").Attr("role", "alert").Text(s.Problem),
		),
		tag.Section().Class("panel").Aria("label", "Players").Body(
			app.Range(s.Game.Seats[:]).Slice(func(i int) app.UI {
				name := s.Game.Seats[i].Name
				if name == "" {
					name = "a free seat"
				} else if s.Seat() == i {
					name += " (you)"
				}
				return app.P().Class("seat seat-" + strconv.Itoa(i+1)).Text(name)
			}),
			app.P().ID("game-watchers").Class("hint").Text(p.here()),
			app.Div().Class(hidden(!p.ready)).Body(widget.Line("game-share", "Share this game, to play or to watch", browser.Origin()+path+p.id)),
		),
		p.renderBoard(),
		app.Div().Class("game-do").Body(
			tag.Form().ID("game-join").Class(hidden(playing || s.Game.Round > 0)).OnSubmit(p.onJoin).Body(
				tag.Label().Attr("for", "game-name").Text("Your name"),
				tag.Input().ID("game-name").Attr("type", "text").Attr("maxlength", four.MaxName).Attr("autocomplete", "off").Attr("value", p.user),
				tag.Button().ID("game-enter").Class("primary").Attr("type", "submit").Text("Join").Attr("disabled", off(p.ready)),
			),
			tag.Button().ID("game-resign").Class(hidden(!playing || s.Game.Turn() < 0)).Text("Resign").OnClick(func(ctx app.Context, _ app.Event) {
				p.send(ctx, four.Command{Do: four.Resign})
			}),
			tag.Button().ID("game-again").Class(hidden(!playing || s.Game.Result == "")).Text("Rematch").OnClick(func(ctx app.Context, _ app.Event) {
				p.send(ctx, four.Command{Do: four.Rematch})
			}),
		),
		p.how,
	)
}

func (p *Page) renderBoard() app.UI {
	board := p.state.Game.Board()
	line, won := p.state.Game.Line()
	columns := make([]app.UI, four.Columns)
	for c := range four.Columns {
		cells := make([]app.UI, four.Rows)
		for i := range four.Rows {
			r := four.Rows - 1 - i
			class := "cell cell-" + strconv.Itoa(board[c][r])
			for _, at := range line {
				if won && at == [2]int{c, r} {
					class += " is-line"
				}
			}
			cells[i] = tag.Span().Class(class)
		}
		columns[c] = tag.Button().ID("column-"+strconv.Itoa(c)).Class("column").Aria("label", p.state.Column(c)).
			Aria("disabled", strconv.FormatBool(!p.state.May(c))).
			OnClick(func(ctx app.Context, _ app.Event) {
				if p.state.Seat() >= 0 { // one that may not is told why
					p.send(ctx, four.Command{Do: four.Move, Column: c})
				}
			}, app.EventScope(strconv.Itoa(c))).Body(cells...)
	}
	return app.Div().ID("board").Class("board").Attr("role", "group").Aria("label", "Board").DataSet("moves", p.state.Game.Moves).Body(columns...)
}

func hidden(yes bool) string {
	if yes {
		return "is-hidden"
	}
	return "is-shown"
}

func off(ready bool) any { return !ready }
