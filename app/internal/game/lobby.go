package game

import (
	"cmp"
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/app/ui/tag"
	"fanlight/shared/client"
	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

// Lobby is the list of open games, and of who wins.
type Lobby struct {
	app.Compo

	link    *live.Link
	list    List
	problem string
	ready   bool
	release func()
}

// NewLobby returns the lobby; it lives on the link while it is mounted.
func NewLobby(link *live.Link) *Lobby { return &Lobby{link: link} }

// OnMount implements [app.Mounter].
func (l *Lobby) OnMount(ctx app.Context) {
	l.ready = true
	l.release = l.link.Watch(func(b live.Batch) {
		ctx.Dispatch(func(ctx app.Context) {
			held := browser.Focused()
			l.take(b)
			ctx.Defer(func(app.Context) { held.Keep("game-match") }) // the list moves on
		})
	})
	for _, name := range []string{four.LobbyChannel, four.LeaderboardChannel} {
		if err := l.link.SubscribeWith(name, client.SubscribeOptions{Rewind: &protocol.Rewind{Count: protocol.MaxRewind}}); err != nil {
			l.problem = err.Error()
		}
	}
}

// OnDismount implements [app.Dismounter].
func (l *Lobby) OnDismount() {
	l.release()
	for _, name := range []string{four.LobbyChannel, four.LeaderboardChannel} {
		_ = l.link.Unsubscribe(name) // the link may be closed already
	}
}

func (l *Lobby) take(b live.Batch) {
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Received:
			switch {
			case ev.Foreign:
			case ev.Channel == four.LobbyChannel:
				l.list = l.list.Listed(ev.Data)
			case ev.Channel == four.LeaderboardChannel:
				l.list = l.list.Scored(ev.Data)
			}
		case client.Reset:
			l.list = List{}
		case client.Refused:
			l.problem = ev.Err.Error()
		}
	}
}

func (l *Lobby) onCreate(ctx app.Context, _ app.Event) { ctx.Navigate(path + newGame()) }

// onMatch goes where somebody waits, or waits.
func (l *Lobby) onMatch(ctx app.Context, _ app.Event) {
	ctx.Navigate(path + cmp.Or(l.list.Waiting(), newGame()))
}

func newGame() string { return strings.ToLower(rand.Text()[:10]) }

// Render implements [app.Composer].
func (l *Lobby) Render() app.UI {
	ranks := l.list.Ranks()
	return app.Div().Class("game").Body(
		app.Div().Class("game-head").Body(
			app.H1().Text("Four in a row"),
			app.P().Text("For two, and whoever watches. The referee is on the server: it alone reads the moves, and says what becomes of them."),
			app.Div().Class("game-do").Body(
				tag.Button().ID("game-match").Class("primary").Text("Find an opponent").Attr("disabled", off(l.ready)).OnClick(l.onMatch),
				tag.Button().ID("game-create").Text("New game").Attr("disabled", off(l.ready)).OnClick(l.onCreate),
			),
			app.P().ID("game-problem").Class("problem").Attr("role", "alert").Text(l.problem),
		),
		tag.Section().Class("panel").Aria("labelledby", "games-title").Body(
			tag.H2().ID("games-title").Text("Games"),
			tag.Ul().ID("games").Body(app.Range(l.list.Games).Slice(func(i int) app.UI {
				g := l.list.Games[i]
				text := g.Names[0] + " waits for you"
				if g.Round > 0 {
					text = g.Names[0] + " and " + g.Names[1]
				}
				return tag.Li().Body(tag.A().ID("open-"+g.Game).Attr("href", path+g.Game).Text(text))
			})),
			app.P().Class("hint "+hidden(len(l.list.Games) > 0)).Text("Nobody plays just now. Begin: whoever comes here sees that you wait."),
		),
		tag.Section().Class("panel").Aria("labelledby", "ranks-title").Body(
			tag.H2().ID("ranks-title").Text("Leaderboard"),
			tag.Ol().ID("ranks").Body(app.Range(ranks).Slice(func(i int) app.UI {
				return tag.Li().Text(ranks[i].Name + ": won " + strconv.Itoa(ranks[i].Wins) + " of " + strconv.Itoa(ranks[i].Games))
			})),
			app.P().Class("hint "+hidden(len(ranks) > 0)).Text("No round has ended yet."),
		),
	)
}
