package referee

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

// retry is the wait before Redis is asked again that did not answer.
const retry = 200 * time.Millisecond

// table is a game that is looked after. One goroutine runs it.
type table struct {
	referee *Referee
	id      string
	ctx     context.Context // ends with the referee, or when the game is forgotten
	cancel  context.CancelFunc
	touched time.Time // the referee's mutex guards it
	idle    *time.Timer

	last four.Event // what stands on the game's channel
}

func (t *table) run() {
	if !t.restore() {
		return
	}
	since := &protocol.Since{Epoch: t.last.Epoch, Offset: t.last.Offset}
	err := t.referee.cfg.Relay.Subscribe(t.ctx, protocol.Subscribe{Channel: four.MoveChannel + t.id, Since: since}, func(m protocol.Message) {
		switch {
		case m.Reset != nil, m.Subscribed != nil && m.Subscribed.Reset != nil:
			t.restore() // the commands are gone: maybe the game is too
		case m.Publication != nil && !m.Publication.Foreign:
			t.idle.Reset(t.referee.cfg.Idle)
			t.referee.touch(t)
			t.judge(m.Publication)
		}
	})
	if t.ctx.Err() == nil {
		t.referee.cfg.Log.Warn("a game is without a referee", "game", t.id, "error", err)
	}
}

// restore reads where the game stands; it reports false when its time is over.
func (t *table) restore() bool {
	return t.until("reading a game", func() error {
		page, err := t.referee.cfg.Relay.Last(t.ctx, four.GameChannel+t.id, 1)
		if err != nil {
			return err
		}
		t.last = four.Event{}
		if len(page.Publications) > 0 {
			// Nobody else may publish there.
			return json.Unmarshal(page.Publications[0].Data, &t.last)
		}
		return nil
	})
}

// judge publishes what becomes of a command.
func (t *table) judge(p *protocol.Publication) {
	if p.Epoch == t.last.Epoch && p.Offset <= t.last.Offset {
		return // it was told already
	}
	var c four.Command
	_ = json.Unmarshal(p.Data, &c) // what is no command is rejected as one
	if len(c.Key) >= four.MinKey && len(c.Key) <= four.MaxKey {
		hash := sha256.Sum256([]byte(t.id + " " + c.Key))
		c.Key = hex.EncodeToString(hash[:])
	}
	before := t.last.Game
	e := four.Event{Epoch: p.Epoch, Offset: p.Offset, Do: c.Do, ID: c.ID, Player: c.Player}
	if e.Game, e.Rejected = four.Apply(before, c); len(e.ID) > four.MaxID || len(e.Player) > four.MaxID || len(e.Do) > four.MaxID {
		e.ID, e.Player, e.Do = "", "", "" // it would be said to all
	}
	key := t.id + "/" + p.Epoch + "/" + strconv.FormatUint(p.Offset, 10)
	after := e.Game
	names := [2]string{after.Seats[0].Name, after.Seats[1].Name}
	// The event comes last: after a crash before it, all of it is done again.
	if before.Result == "" && after.Result != "" {
		score := four.Score{Game: t.id, Round: after.Round, Names: names, Winner: after.Winner}
		if !t.tell(four.LeaderboardChannel, score, key, nil) {
			return
		}
	}
	if before.Seats != after.Seats || before.Round != after.Round || before.Result != after.Result {
		listing := four.Listing{Game: t.id, Names: names, Round: after.Round, Over: after.Result != ""}
		if !t.tell(four.LobbyChannel, listing, key, nil) {
			return
		}
	}
	if t.tell(four.GameChannel+t.id, e, key, &e) {
		t.last = e
	}
}

// tell publishes until that has worked, or until the game's time is over. After
// a failure an event may be there already, for longer than its key protects.
func (t *table) tell(channel string, what any, key string, event *four.Event) bool {
	data, err := json.Marshal(what)
	if err != nil {
		panic("referee: " + err.Error()) // plain structs can be marshalled
	}
	failed := false
	return t.until("publishing", func() error {
		if failed && event != nil && t.told(event) {
			return nil
		}
		_, err := t.referee.cfg.Relay.Publish(t.ctx, protocol.Publish{Channel: channel, Data: data, Key: key})
		failed = err != nil
		return err
	})
}

// told reports whether an event, or one behind it, is on the game's channel.
func (t *table) told(e *four.Event) bool {
	page, err := t.referee.cfg.Relay.Last(t.ctx, four.GameChannel+t.id, 1)
	if err != nil || len(page.Publications) == 0 {
		return false
	}
	var last four.Event
	return json.Unmarshal(page.Publications[0].Data, &last) == nil && last.Epoch == e.Epoch && last.Offset >= e.Offset
}

// until tries until there is no error; it reports false when the game's time
// was over before. A refusal will not change, and ends the game here.
func (t *table) until(what string, try func() error) bool {
	for {
		err := try()
		if err == nil || t.ctx.Err() != nil {
			return err == nil
		}
		var e *protocol.Error
		if !errors.As(err, &e) || e.Code != protocol.CodeUnavailable {
			t.referee.cfg.Log.Error("a game is given up", "game", t.id, "while", what, "error", err)
			t.cancel()
			return false
		}
		pause := time.NewTimer(retry)
		select {
		case <-pause.C:
		case <-t.ctx.Done():
			pause.Stop()
			return false
		}
	}
}
