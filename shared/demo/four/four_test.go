package four

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const (
	annKey = "the secret of ann"
	bobKey = "the secret of bob"
)

func keyOf(player string) string {
	return map[string]string{"ann": annKey, "bob": bobKey}[player]
}

// sat is a game that ann and bob have joined.
func sat(t *testing.T) Game {
	t.Helper()
	g := Game{}
	for _, who := range []string{"ann", "bob"} {
		g = take(t, g, Command{Do: Join, Player: who, Key: keyOf(who), Name: who})
	}
	return g
}

func take(t *testing.T, g Game, c Command) Game {
	t.Helper()
	g, rejected := Apply(g, c)
	if rejected != "" {
		t.Fatalf("%+v: %s", c, rejected)
	}
	return g
}

// play has ann and bob move in turn.
func play(t *testing.T, g Game, columns string) Game {
	t.Helper()
	for _, column := range columns {
		who := g.Seats[g.Turn()].Player
		g = take(t, g, Command{Do: Move, Player: who, Key: keyOf(who), Column: int(column - '0'), Round: g.Round, Ply: len(g.Moves)})
	}
	return g
}

func TestFourInARowWinInEveryDirection(t *testing.T) {
	for name, columns := range map[string]string{
		"across": "0011223", "up": "0101010", "rising": "01122323363", "falling": "65544343303",
	} {
		g := play(t, sat(t), columns)
		if g.Result != Won || g.Winner != 1 || g.Turn() != -1 {
			t.Errorf("%s: %+v", name, g)
		}
		if before := play(t, sat(t), columns[:len(columns)-1]); before.Result != "" {
			t.Errorf("%s: won a move too early", name)
		}
	}
}

func TestAFullBoardWithoutALineIsDrawn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		g := sat(t)
		for g.Result == "" {
			if column := random.IntN(Columns); !g.Full(column) {
				g = play(t, g, string(rune('0'+column)))
			}
		}
		if err := check(g); err != nil {
			t.Fatalf("%v: %+v", err, g)
		}
		if g.Result == Drawn {
			if g.Winner != 0 || len(g.Moves) != Columns*Rows {
				t.Errorf("%+v", g)
			}
			return
		}
	}
	t.Error("no game was ever drawn")
}

func TestWhatIsNotAllowedIsRejectedWithAReasonAndChangesNothing(t *testing.T) {
	g := sat(t)
	full := play(t, g, "000000")
	over := play(t, g, "0101010")
	for _, c := range []struct {
		game   Game
		do     Command
		reason string
	}{
		{g, Command{Do: Move, Player: "bob", Key: bobKey, Round: 1}, "not your turn"},
		{g, Command{Do: Move, Player: "ann", Key: bobKey, Round: 1}, "somebody else's"},
		{g, Command{Do: Move, Player: "eve", Key: "a secret of eve's", Round: 1}, "watching"},
		{g, Command{Do: Join, Player: "eve", Key: "a secret of eve's", Name: "eve"}, "Both seats"},
		{g, Command{Do: Move, Player: "ann", Key: annKey, Round: 1, Column: 7}, "no such column"},
		{g, Command{Do: Move, Player: "ann", Key: annKey, Round: 1, Column: -1}, "no such column"},
		{g, Command{Do: Move, Player: "ann", Key: annKey, Round: 2}, "another round"},
		{g, Command{Do: Move, Player: "ann", Key: annKey, Round: 1, Ply: 2}, "too late"},
		{g, Command{Do: Rematch, Player: "ann", Key: annKey, Round: 1}, "not over"},
		{full, Command{Do: Move, Player: "ann", Key: annKey, Round: 1, Ply: 6}, "full"},
		{over, Command{Do: Move, Player: "bob", Key: bobKey, Round: 1, Ply: 7}, "over"},
		{over, Command{Do: Resign, Player: "bob", Key: bobKey, Round: 1}, "over"},
		{Game{}, Command{Do: Join, Player: "ann", Key: annKey}, "needs a name"},
		{Game{}, Command{Do: Join, Player: "ann", Key: "short", Name: "ann"}, "no command"},
	} {
		after, rejected := Apply(c.game, c.do)
		if !strings.Contains(rejected, c.reason) || after != c.game {
			t.Errorf("%+v: %q, and %+v", c.do, rejected, after)
		}
	}
}

func TestARematchNeedsBothAndTheOtherBegins(t *testing.T) {
	g := play(t, sat(t), "0101010")
	g = take(t, g, Command{Do: Rematch, Player: "ann", Key: annKey, Round: 1})
	if g.Round != 1 {
		t.Fatal("one alone began")
	}
	g = take(t, g, Command{Do: Rematch, Player: "bob", Key: bobKey, Round: 1})
	if g.Round != 2 || g.Moves != "" || g.Result != "" || g.Turn() != 1 || g.Again != [2]bool{} {
		t.Errorf("%+v", g)
	}
	g = take(t, g, Command{Do: Resign, Player: "bob", Key: bobKey, Round: 2})
	if g.Result != Resigned || g.Winner != 1 {
		t.Errorf("%+v", g)
	}
}

// check fails if a game could not have been played.
func check(g Game) error {
	if len(g.Moves) > Columns*Rows {
		return fmt.Errorf("%d moves", len(g.Moves))
	}
	discs := 0
	for _, column := range g.Board() {
		empty := false
		for _, who := range column {
			if who != 0 {
				discs++
				if empty {
					return fmt.Errorf("a disc floats")
				}
			}
			empty = who == 0
		}
	}
	_, line := g.Line()
	switch {
	case discs != len(g.Moves):
		return fmt.Errorf("%d discs after %d moves", discs, len(g.Moves))
	case line != (g.Result == Won):
		return fmt.Errorf("a line %v, and the result is %q", line, g.Result)
	case (g.Result == Won || g.Result == Resigned) != (g.Winner != 0):
		return fmt.Errorf("%q with winner %d", g.Result, g.Winner)
	case (g.Seats[1].Player != "") != (g.Round > 0):
		return fmt.Errorf("round %d", g.Round)
	case g.Seats[0].Player != "" && g.Seats[0].Player == g.Seats[1].Player:
		return fmt.Errorf("one player has both seats")
	}
	return nil
}

func FuzzNoCommandsBreakAGame(f *testing.F) {
	f.Add([]byte{0, 1, 16, 17, 16, 17, 16, 17, 16, 64, 65})
	f.Fuzz(func(t *testing.T, script []byte) {
		g := Game{}
		players := []string{"ann", "bob", "eve", ""}
		for _, b := range script {
			who := players[b&3]
			c := Command{
				Do: []string{Join, Move, Resign, Rematch}[b>>4&3], Player: who, Key: "the secret of " + who, Name: who,
				Column: int(b>>2&3) + int(b>>6)*2 - 1, Round: g.Round, Ply: len(g.Moves),
			}
			if b == 255 {
				c.Key, c.Round = annKey, 9
			}
			after, rejected := Apply(g, c)
			if rejected != "" && after != g {
				t.Fatalf("%+v was rejected and changed %+v to %+v", c, g, after)
			}
			if err := check(after); err != nil {
				t.Fatalf("%v after %+v: %+v", err, c, after)
			}
			for i, s := range g.Seats {
				if s.Player != "" && after.Seats[i] != s {
					t.Fatalf("%+v took a seat", c)
				}
			}
			g = after
		}
	})
}

func TestNoGameTakesTheNameOfAnotherChannel(t *testing.T) {
	for id, valid := range map[string]bool{"abc1": true, "": false, "lobby": false, "leaderboard": false, "a:b": false, "A": false, strings.Repeat("a", 33): false} {
		if ValidGame(id) != valid {
			t.Errorf("%q", id)
		}
	}
}
