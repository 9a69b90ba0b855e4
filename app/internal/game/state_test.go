package game

import (
	"encoding/json"
	"testing"

	"fanlight/shared/demo/four"
)

func event(t *testing.T, e four.Event) []byte {
	t.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func played(moves string) four.Game {
	return four.Game{Seats: [2]four.Seat{{Player: "a", Name: "Ann"}, {Player: "b", Name: "Bob"}}, Round: 1, Moves: moves}
}

func TestAnEventThatIsToldTwiceChangesNothing(t *testing.T) {
	s := State{Me: "a"}.Take(event(t, four.Event{Epoch: "e", Offset: 3, Do: four.Move, Player: "a", Game: played("3")}))
	if s.Game.Moves != "3" || s.Said != "Ann plays column 4." || s.Words() != "It is Bob's turn." || s.May(0) {
		t.Errorf("%+v", s)
	}
	if again := s.Take(event(t, four.Event{Epoch: "e", Offset: 2, Do: four.Join, Player: "b", Game: played("")})); again != s {
		t.Errorf("%+v", again)
	}
	s = s.Take(event(t, four.Event{Epoch: "e", Offset: 4, Do: four.Move, Player: "b", Game: played("33")}))
	if s.Words() != "It is your turn." || !s.May(3) || s.Column(3) != "Column 4, Ann, Bob" {
		t.Errorf("%+v %q", s, s.Column(3))
	}
}

func TestOnlyOnesOwnRejectionIsAProblem(t *testing.T) {
	s := State{Me: "a"}.Take(event(t, four.Event{Epoch: "e", Offset: 1, Player: "b", Rejected: "no", Game: played("")}))
	if s.Problem != "" {
		t.Errorf("%+v", s)
	}
	s = s.Take(event(t, four.Event{Epoch: "e", Offset: 2, Player: "a", Rejected: "no", Game: played("")}))
	if s.Problem != "no" {
		t.Errorf("%+v", s)
	}
	s = s.Take(event(t, four.Event{Epoch: "e", Offset: 3, Do: four.Move, Player: "b", Game: played("3")}))
	if s.Problem != "" {
		t.Errorf("it still is when the game has gone on: %+v", s)
	}
}

func TestTheLobbyShowsOpenGamesAndCountsARoundOnce(t *testing.T) {
	l := List{}
	for _, text := range []string{`{"game":"x","names":["Ann",""]}`, `{"game":"y","names":["Eve",""]}`, `{"game":"x","names":["Ann","Bob"],"round":1}`, `{"game":"y","over":true}`, `null`} {
		l = l.Listed([]byte(text))
	}
	if len(l.Games) != 1 || l.Games[0].Game != "x" || l.Games[0].Round != 1 {
		t.Errorf("%+v", l.Games)
	}
	if l.Waiting() != "" {
		t.Errorf("nobody waits, and it sends one to %q", l.Waiting())
	}
	l = l.Listed([]byte(`{"game":"w","names":["Max",""]}`)).Listed([]byte(`{"game":"z","names":["Zoe",""]}`))
	if l.Waiting() != "w" {
		t.Errorf("it sends one to %q, not to who has waited for longer", l.Waiting())
	}
	for range 2 {
		l = l.Scored([]byte(`{"game":"x","round":1,"names":["Ann","Bob"],"winner":2}`))
	}
	if r := l.Ranks(); len(r) != 2 || r[0] != (Rank{"Bob", 1, 1}) || r[1] != (Rank{"Ann", 0, 1}) {
		t.Errorf("%+v", r)
	}
}
