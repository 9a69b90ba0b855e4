package chat

import (
	"encoding/json"
	"slices"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/address"
	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
)

const (
	// visitedKey is where the browser keeps the rooms that were visited, of
	// which maxVisited are shown.
	visitedKey = "fanlight.chat.rooms"
	maxVisited = 12
)

// Visited returns the rooms with one put first, bounded and each once.
func Visited(rooms []string, room string) []string {
	all := slices.DeleteFunc(slices.Clone(rooms), func(r string) bool { return r == room || !address.ValidName(r) })
	all = append([]string{room}, all...)
	return all[:min(len(all), maxVisited)]
}

func visited() (rooms []string) {
	// What can't be read was not stored by us.
	_ = json.Unmarshal([]byte(browser.Local.Get(visitedKey)), &rooms)
	return rooms
}

func visit(room string) {
	if text, err := json.Marshal(Visited(visited(), room)); err == nil {
		browser.Local.Set(visitedKey, string(text))
	}
}

// Lobby is the list of rooms.
type Lobby struct {
	app.Compo

	rooms   []string
	problem string
	ready   bool
}

// NewLobby returns the list of rooms.
func NewLobby() *Lobby { return &Lobby{rooms: []string{DefaultRoom}} }

// OnMount implements [app.Mounter].
func (l *Lobby) OnMount(app.Context) {
	l.ready = true
	l.rooms = []string{DefaultRoom}
	for _, room := range visited() {
		if room != DefaultRoom && address.ValidName(room) && len(l.rooms) < maxVisited {
			l.rooms = append(l.rooms, room)
		}
	}
}

// Render implements [app.Composer].
func (l *Lobby) Render() app.UI {
	return app.Div().Class("chat-lobby").Body(
		app.Div().Class("chat-head").Body(
			app.H1().Text("Chat"),
			app.P().Text("A room is an address: whoever goes there is in it. Each has a history, and it survives a reload, "+
				"a server that restarts, and a Redis that is away, with nothing lost or doubled."),
		),
		tag.Section().Class("panel").Aria("labelledby", "rooms-title").Body(
			tag.H2().ID("rooms-title").Text("Rooms"),
			tag.Ul().ID("rooms").Class("chat-rooms").Body(
				app.Range(l.rooms).Slice(func(i int) app.UI {
					return tag.Li().Body(tag.A().Attr("href", roomPath+l.rooms[i]).Text(l.rooms[i]))
				}),
			),
			tag.Form().ID("room-form").Class("chat-enter").OnSubmit(l.onEnter).Body(
				tag.Label().Attr("for", "room-name").Text("Another room, new or not"),
				tag.Input().ID("room-name").Attr("type", "text").Attr("placeholder", "tea-kitchen").Attr("autocomplete", "off").
					Attr("autocapitalize", "none").Attr("spellcheck", "false").Attr("maxlength", 200).
					Aria("describedby", "room-problem").Attr("disabled", off(l.ready)),
				tag.Button().ID("room-enter").Class("primary").Attr("type", "submit").Text("Enter").Attr("disabled", off(l.ready)),
				app.P().ID("room-problem").Class("problem").Role("alert").Text(l.problem),
			),
		),
	)
}

func (l *Lobby) onEnter(ctx app.Context, e app.Event) {
	e.PreventDefault()
	var room string
	room, l.problem = CheckRoom(app.Window().GetElementByID("room-name").Get("value").String())
	if l.problem == "" {
		ctx.Navigate(roomPath + room)
	}
}
