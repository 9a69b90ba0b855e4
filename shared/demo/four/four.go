package four

import "unicode/utf8"

// Where the game is played; a game's id follows on those that end with a colon.
const (
	GameChannel        = "game:"
	MoveChannel        = "move:"
	OpenChannel        = "move:lobby" // [Open]
	LobbyChannel       = "game:lobby" // [Listing]
	LeaderboardChannel = "game:leaderboard"
)

// The board.
const (
	Columns = 7
	Rows    = 6
)

// What a command does.
const (
	Join    = "join"
	Move    = "move"
	Resign  = "resign"
	Rematch = "rematch"
)

// How a round ended.
const (
	Won      = "won"
	Drawn    = "drawn"
	Resigned = "resigned"
)

const (
	// MaxName is the most bytes of a name, MaxID those of a game's or a player's id.
	MaxName = 32
	MaxID   = 32
	// MinKey and MaxKey bound a seat's secret, in bytes.
	MinKey = 16
	MaxKey = 64
)

// Command is what a player asks for.
type Command struct {
	// ID is the command's own, which comes back in its event.
	ID string `json:"id"`
	Do string `json:"do"`
	// Player names who it is, to all; Key proves it, to the referee alone.
	Player string `json:"player"`
	Key    string `json:"key"`
	Name   string `json:"name,omitempty"` // of one who joins
	Column int    `json:"column,omitempty"`
	// Round and Ply are those that the player sees: how many moves there were.
	// A command that was sent twice, or too late, does not hit another move.
	Round int `json:"round,omitempty"`
	Ply   int `json:"ply,omitempty"`
}

// Open asks the referees to look after a game.
type Open struct {
	Game string `json:"game"`
}

// Seat is a player's place. The zero value is a free one.
type Seat struct {
	Player string `json:"player,omitempty"`
	Name   string `json:"name,omitempty"`
	// Key is what a command's key must be: a hash, in events.
	Key string `json:"key,omitempty"`
}

// Game is a whole game. The zero value is one that nobody has joined.
type Game struct {
	Seats [2]Seat `json:"seats"`
	// Round counts from 1 once both are there; the seats begin in turn.
	Round int `json:"round,omitempty"`
	// Moves are the round's columns, a digit each.
	Moves string `json:"moves,omitempty"`
	// Result is how the round ended, Winner whose it is, 1 or 2, or 0.
	Result string `json:"result,omitempty"`
	Winner int    `json:"winner,omitempty"`
	// Again says who wants a rematch.
	Again [2]bool `json:"again,omitzero"`
}

// Event is what became of a command.
type Event struct {
	// Epoch and Offset are the command's, on the channel of moves.
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
	ID     string `json:"id"`
	Do     string `json:"do"`
	Player string `json:"player"`
	// Rejected is why nothing came of it; "" if it was taken.
	Rejected string `json:"rejected,omitempty"`
	Game     Game   `json:"game"`
}

// Listing is a game in the lobby; the last one of a game counts.
type Listing struct {
	Game  string    `json:"game"`
	Names [2]string `json:"names"` // "" for a seat that is free
	Round int       `json:"round"`
	Over  bool      `json:"over"`
}

// Score is a round's end. A game's round counts once, however often it is told.
type Score struct {
	Game   string    `json:"game"`
	Round  int       `json:"round"`
	Names  [2]string `json:"names"`
	Winner int       `json:"winner"` // 1 or 2, or 0 when it was drawn
}

// Turn returns whose turn it is, 0 or 1, or -1 when it is nobody's.
func (g Game) Turn() int {
	if g.Round == 0 || g.Result != "" {
		return -1
	}
	return (g.Round - 1 + len(g.Moves)) % 2
}

// Seat returns a player's seat, 0 or 1, or -1.
func (g Game) Seat(player string) int {
	for i, s := range g.Seats {
		if player != "" && s.Player == player {
			return i
		}
	}
	return -1
}

// Board returns whose disc lies where, 1, 2 or 0; row 0 is the bottom.
func (g Game) Board() (b [Columns][Rows]int) {
	var height [Columns]int
	for i := range len(g.Moves) {
		c := int(g.Moves[i] - '0')
		b[c][height[c]] = (g.Round-1+i)%2 + 1
		height[c]++
	}
	return b
}

// Line returns the cells, as column and row, that win; ok is false if none do.
func (g Game) Line() (cells [4][2]int, ok bool) {
	b := g.Board()
	for c := range Columns {
		for r := range Rows {
			for _, d := range [4][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
				n := 0
				for ; n < 4; n++ {
					x, y := c+n*d[0], r+n*d[1]
					if x >= Columns || y < 0 || y >= Rows || b[c][r] == 0 || b[x][y] != b[c][r] { //nolint:gosec // x >= c
						break
					}
					cells[n] = [2]int{x, y}
				}
				if n == 4 {
					return cells, true
				}
			}
		}
	}
	return cells, false
}

// Full reports whether no disc fits into a column.
func (g Game) Full(column int) bool { return g.Board()[column][Rows-1] != 0 }

// Apply returns the game after a command, or the same one and why the command
// is rejected, in words for a person. It looks at nothing else, and takes a
// command's key as it is: what it is compared with was a command's key once.
func Apply(g Game, c Command) (after Game, rejected string) {
	if c.Player == "" || len(c.Player) > MaxID || len(c.ID) > MaxID || len(c.Key) < MinKey || len(c.Key) > MaxKey {
		return g, "That is no command."
	}
	seat := g.Seat(c.Player)
	if seat >= 0 && g.Seats[seat].Key != c.Key {
		return g, "That seat is somebody else's."
	}
	if c.Do == Join {
		return join(g, c, seat)
	}
	switch {
	case seat < 0:
		return g, "Only players may do that. You are watching."
	case g.Round == 0:
		return g, "Somebody else has to join first."
	case c.Round != g.Round:
		return g, "That was meant for another round."
	}
	switch c.Do {
	case Move:
		return move(g, c, seat)
	case Resign:
		if g.Result != "" {
			return g, "The round is over."
		}
		g.Result, g.Winner = Resigned, 2-seat
		return g, ""
	case Rematch:
		if g.Result == "" {
			return g, "The round is not over yet."
		}
		if g.Again[seat] = true; g.Again[0] && g.Again[1] {
			g = Game{Seats: g.Seats, Round: g.Round + 1}
		}
		return g, ""
	}
	return g, "That is no command."
}

func join(g Game, c Command, seat int) (Game, string) {
	if seat >= 0 {
		return g, "" // one who comes back
	}
	free := -1
	for i := len(g.Seats) - 1; i >= 0; i-- {
		if g.Seats[i].Player == "" {
			free = i
		}
	}
	switch {
	case free < 0:
		return g, "Both seats are taken. You can watch."
	case c.Name == "" || len(c.Name) > MaxName || !utf8.ValidString(c.Name):
		return g, "A player needs a name of at most 32 bytes."
	}
	g.Seats[free] = Seat{Player: c.Player, Name: c.Name, Key: c.Key}
	if free == 1 {
		g.Round = 1
	}
	return g, ""
}

func move(g Game, c Command, seat int) (Game, string) {
	switch {
	case g.Result != "":
		return g, "The round is over."
	case g.Turn() != seat:
		return g, "It is not your turn."
	case c.Ply != len(g.Moves):
		return g, "That move came too late: the board has changed."
	case c.Column < 0 || c.Column >= Columns:
		return g, "There is no such column."
	case g.Full(c.Column):
		return g, "That column is full."
	}
	g.Moves += string(rune('0' + c.Column))
	if _, won := g.Line(); won {
		g.Result, g.Winner = Won, seat+1
	} else if len(g.Moves) == Columns*Rows {
		g.Result = Drawn
	}
	return g, ""
}

// ValidGame reports whether a game may have an id: small letters and digits, and
// none of the channels beside the games'.
func ValidGame(id string) bool {
	if id == "" || len(id) > MaxID || id == "lobby" || id == "leaderboard" {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
