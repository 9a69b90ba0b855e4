package game

import (
	"encoding/json"
	"slices"
	"strconv"

	"fanlight/shared/demo/four"
)

// State is what a page knows of its game. It is a value; [State.Take] returns
// the next one.
type State struct {
	Game   four.Game
	Me     string // the player's id in this browser
	epoch  string
	offset uint64
	// Said is what happened last, as far as [State.Words] do not say it, Problem why the player's own last command
	// was rejected.
	Said, Problem string
}

// Take returns the state after an event; one that is told twice changes nothing.
func (s State) Take(data []byte) State {
	var e four.Event
	if json.Unmarshal(data, &e) != nil || e.Epoch == s.epoch && e.Offset <= s.offset {
		return s
	}
	s.Game, s.epoch, s.offset = e.Game, e.Epoch, e.Offset
	switch {
	case e.Rejected == "":
		s.Said, s.Problem = said(e), "" // what was too early may not be any more
	case e.Player == s.Me:
		s.Problem = e.Rejected
	}
	return s
}

// Forget returns the state of one whose game is gone with Redis.
func (s State) Forget() State {
	return State{Me: s.Me, Problem: "The server has lost this game. Join to begin it anew."}
}

func said(e four.Event) string {
	g := e.Game
	seat := g.Seat(e.Player)
	if seat < 0 {
		return ""
	}
	name := g.Seats[seat].Name
	switch {
	case e.Do == four.Move && g.Moves != "":
		return name + " plays column " + strconv.Itoa(int(g.Moves[len(g.Moves)-1]-'0')+1) + "."
	case e.Do == four.Resign:
		return ""
	case e.Do == four.Rematch && g.Result != "":
		return name + " wants a rematch."
	case e.Do == four.Rematch:
		return "A new round begins."
	}
	return name + " is here."
}

func outcome(g four.Game) string {
	if g.Winner == 0 {
		return "The board is full: a draw."
	}
	winner, loser := g.Seats[g.Winner-1].Name, g.Seats[2-g.Winner].Name
	if g.Result == four.Resigned {
		return loser + " resigns, " + winner + " wins."
	}
	return winner + " wins."
}

// Seat returns the seat of whoever is at this browser, 0 or 1, or -1.
func (s State) Seat() int { return s.Game.Seat(s.Me) }

// Words says where the game stands.
func (s State) Words() string {
	g, turn := s.Game, s.Game.Turn()
	switch {
	case g.Seats[0].Player == "":
		return "Nobody is here yet. Join, and share this page's address."
	case g.Round == 0 && s.Seat() >= 0:
		return "You wait for somebody else. Share this page's address."
	case g.Round == 0:
		return g.Seats[0].Name + " waits for somebody to join."
	case g.Result != "":
		return outcome(g)
	case turn == s.Seat():
		return "It is your turn."
	}
	return "It is " + g.Seats[turn].Name + "'s turn."
}

// May reports whether a disc of this browser's player may go into a column now.
func (s State) May(column int) bool {
	return s.Seat() >= 0 && s.Game.Turn() == s.Seat() && !s.Game.Full(column)
}

// Column says what lies in a column, from the bottom, for who can't see it.
func (s State) Column(column int) string {
	text := "Column " + strconv.Itoa(column+1)
	for _, who := range s.Game.Board()[column] {
		if who != 0 {
			text += ", " + s.Game.Seats[who-1].Name
		}
	}
	if s.Game.Full(column) {
		return text + ", full"
	}
	return text
}

// List is what the lobby knows: the newest first.
type List struct {
	Games  []four.Listing
	scores []four.Score
}

const (
	maxGames  = 20
	maxScores = 1000
	maxRanks  = 10
)

// Listed returns the list after a game was told of.
func (l List) Listed(data []byte) List {
	var game four.Listing
	if json.Unmarshal(data, &game) != nil || game.Game == "" {
		return l
	}
	games := slices.DeleteFunc(slices.Clone(l.Games), func(g four.Listing) bool { return g.Game == game.Game })
	if !game.Over {
		games = append([]four.Listing{game}, games...)
	}
	l.Games = games[:min(len(games), maxGames)]
	return l
}

// Waiting returns the game in which somebody has waited the longest for another
// player, or "".
func (l List) Waiting() string {
	for _, g := range slices.Backward(l.Games) {
		if g.Round == 0 {
			return g.Game
		}
	}
	return ""
}

// Scored returns the list after a round has ended.
func (l List) Scored(data []byte) List {
	var score four.Score
	if json.Unmarshal(data, &score) != nil || slices.Contains(l.scores, score) || len(l.scores) == maxScores {
		return l
	}
	l.scores = append(slices.Clone(l.scores), score)
	return l
}

// Rank is a player's place on the leaderboard.
type Rank struct {
	Name        string
	Wins, Games int
}

// Ranks returns who has won the most, by name.
func (l List) Ranks() []Rank {
	var ranks []Rank
	for _, s := range l.scores {
		for i, name := range s.Names {
			at := slices.IndexFunc(ranks, func(r Rank) bool { return r.Name == name })
			if at < 0 {
				at, ranks = len(ranks), append(ranks, Rank{Name: name})
			}
			ranks[at].Games++
			if s.Winner == i+1 {
				ranks[at].Wins++
			}
		}
	}
	slices.SortStableFunc(ranks, func(a, b Rank) int { return b.Wins - a.Wins })
	return ranks[:min(len(ranks), maxRanks)]
}
