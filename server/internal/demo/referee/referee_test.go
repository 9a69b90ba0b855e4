package referee_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/demo/referee"
	"fanlight/server/internal/embedded"
	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// hall is a Redis, and who plays there.
type hall struct {
	t      *testing.T
	ctx    context.Context
	url    string
	player *relay.Local
}

func newHall(t *testing.T) *hall {
	t.Helper()
	redis, err := embedded.Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	h := &hall{t: t, ctx: ctx, url: redis.URL()}
	all, err := channel.ParsePattern("#")
	if err != nil {
		t.Fatal(err)
	}
	h.player = h.relay().Local("player", channel.Grants{{Pattern: all, Ops: channel.All}})
	return h
}

func (h *hall) relay() *relay.Relay {
	h.t.Helper()
	r, err := relay.New(relay.Config{RedisURL: h.url})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

// referee starts one on a relay of its own; stop waits until it is gone.
func (h *hall) referee(idle time.Duration, most int) (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.ctx)
	local := h.relay().Local("referee", referee.Grants())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := referee.Run(ctx, referee.Config{Relay: local, Idle: idle, Most: most}); !errors.Is(err, context.Canceled) {
			h.t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	h.t.Cleanup(stop)
	return stop
}

func (h *hall) publish(channel string, what any) {
	h.t.Helper()
	data, err := json.Marshal(what)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.player.Publish(h.ctx, protocol.Publish{Channel: channel, Data: data}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) open(game string) { h.publish(four.OpenChannel, four.Open{Game: game}) }

func (h *hall) join(game, who string) {
	h.publish(four.MoveChannel+game, four.Command{ID: "join " + who, Do: four.Join, Player: who, Key: "the secret of " + who, Name: who})
}

func (h *hall) move(game, who string, column, ply int) {
	h.publish(four.MoveChannel+game, four.Command{
		ID: strconv.Itoa(ply), Do: four.Move, Player: who, Key: "the secret of " + who, Column: column, Round: 1, Ply: ply,
	})
}

// events waits for as many events of a game, and returns them, oldest first.
func (h *hall) events(game string, count int) []four.Event {
	h.t.Helper()
	for {
		page, err := h.player.Last(h.ctx, four.GameChannel+game, 1000)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(page.Publications) >= count {
			all := make([]four.Event, len(page.Publications))
			for i, p := range page.Publications {
				if err := json.Unmarshal(p.Data, &all[len(all)-1-i]); err != nil {
					h.t.Fatal(err)
				}
			}
			return all
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-h.ctx.Done():
			h.t.Fatalf("%d events of %d", len(page.Publications), count)
		}
	}
}

func TestARoundIsPlayedAndItsResultIsTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.referee(0, 0)
	h.open("one")
	h.join("one", "ann")
	h.join("one", "bob")
	h.move("one", "bob", 0, 0)
	for ply, column := range []int{0, 1, 0, 1, 0, 1, 0} {
		h.move("one", []string{"ann", "bob"}[ply%2], column, ply)
	}
	all := h.events("one", 10)
	if all[2].Rejected == "" || all[2].Player != "bob" {
		t.Errorf("a move out of turn: %+v", all[2])
	}
	last := all[9]
	if last.Game.Result != four.Won || last.Game.Winner != 1 || last.Rejected != "" {
		t.Errorf("%+v", last)
	}
	for _, seat := range last.Game.Seats {
		if seat.Key == "the secret of "+seat.Player || len(seat.Key) != 64 {
			t.Errorf("a secret was told: %+v", seat)
		}
	}
	scores, err := h.player.Last(h.ctx, four.LeaderboardChannel, 10)
	if err != nil || len(scores.Publications) != 1 || string(scores.Publications[0].Data) != `{"game":"one","round":1,"names":["ann","bob"],"winner":1}` {
		t.Errorf("%v %+v", err, scores)
	}
	list, err := h.player.Last(h.ctx, four.LobbyChannel, 10)
	if err != nil || len(list.Publications) != 3 || string(list.Publications[0].Data) != `{"game":"one","names":["ann","bob"],"round":1,"over":true}` {
		t.Errorf("%v %+v", err, list)
	}
}

func TestRefereesOfSeveralRelaysNeverDisagree(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.referee(0, 0)
	h.referee(0, 0)
	random := rand.New(rand.NewPCG(3, 4))
	h.open("two")
	const count = 150
	want := four.Game{}
	for i := range count {
		who := []string{"ann", "bob", "eve"}[random.IntN(3)]
		c := four.Command{
			ID: strconv.Itoa(i), Do: []string{four.Join, four.Move, four.Move, four.Move, four.Rematch}[random.IntN(5)],
			Player: who, Key: "the secret of " + who, Name: who, Column: random.IntN(8), Round: max(1, want.Round), Ply: len(want.Moves),
		}
		want, _ = four.Apply(want, c)
		h.publish(four.MoveChannel+"two", c)
		if i == count/2 {
			h.referee(0, 0) // one that comes later
		}
	}
	all := h.events("two", count)
	for i, e := range all {
		if e.ID != strconv.Itoa(i) || e.Offset != uint64(i)+1 {
			t.Fatalf("event %d is of %s at %d", i, e.ID, e.Offset)
		}
	}
	got := all[count-1].Game
	for i := range got.Seats {
		got.Seats[i].Key = want.Seats[i].Key
	}
	if len(all) != count || got != want {
		t.Errorf("%d events, and %+v, not %+v", len(all), got, want)
	}
}

func TestARestartLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	stop := h.referee(0, 0)
	h.open("three")
	h.join("three", "ann")
	h.join("three", "bob")
	h.events("three", 2)
	stop()
	h.move("three", "ann", 3, 0) // while nobody is there
	h.referee(0, 0)
	h.move("three", "bob", 3, 1)
	all := h.events("three", 4)
	if len(all) != 4 || all[3].Game.Moves != "33" {
		t.Errorf("%+v", all)
	}
}

func TestForgottenGamesGoOnWhenTheyAreOpenedAgain(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.referee(0, 1) // room for one game
	h.open("four")
	h.join("four", "ann")
	h.events("four", 1)
	h.open("five")
	h.join("five", "ann")
	h.events("five", 1)
	h.join("four", "bob")
	h.open("four")
	all := h.events("four", 2)
	if all[1].Game.Round != 1 || all[1].Game.Seats[0].Player != "ann" {
		t.Errorf("%+v", all[1])
	}
}

func TestWhatIsNoCommandIsRejectedAndSaidToNobody(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.referee(0, 0)
	h.open("six")
	h.publish(four.MoveChannel+"six", "hello")
	h.publish(four.MoveChannel+"six", four.Command{ID: string(make([]byte, 500)), Do: "move"})
	all := h.events("six", 2)
	for _, e := range all {
		if e.Rejected == "" || e.ID != "" || e.Game != (four.Game{}) {
			t.Errorf("%+v", e)
		}
	}
}
