package referee_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/demo/referee"
	"fanlight/shared/demo/four"
	"fanlight/shared/protocol"
)

// lobby is a relay on which games are opened, and no one plays.
type lobby struct {
	opened  chan string
	playing atomic.Int64 // games that are listened to
}

func (*lobby) Publish(context.Context, protocol.Publish) (protocol.Published, error) {
	return protocol.Published{}, nil
}

func (*lobby) Last(context.Context, string, int) (*protocol.HistoryResponse, error) {
	return &protocol.HistoryResponse{}, nil
}

func (l *lobby) Subscribe(ctx context.Context, req protocol.Subscribe, each func(protocol.Message)) error {
	if req.Channel != four.OpenChannel {
		l.playing.Add(1)
		defer l.playing.Add(-1)
		<-ctx.Done()
		return ctx.Err()
	}
	for {
		select {
		case game := <-l.opened:
			data, err := json.Marshal(four.Open{Game: game})
			if err != nil {
				return err
			}
			each(protocol.Message{Publication: &protocol.Publication{Data: data}})
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Whoever plays opens the game first, and then says what to do.
func TestAGameThatIsOpenedIsNotForgottenRightAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l := &lobby{opened: make(chan string)}
		go func() { _ = referee.Run(ctx, referee.Config{Relay: l, Idle: time.Hour}) }()
		l.opened <- "abc"
		time.Sleep(time.Hour - time.Millisecond)
		l.opened <- "abc"
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := l.playing.Load(); n != 1 {
			t.Errorf("%d games are looked after", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := l.playing.Load(); n != 0 {
			t.Errorf("%d games are looked after when nobody plays", n)
		}
	})
}
