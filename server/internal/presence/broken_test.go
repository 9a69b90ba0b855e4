package presence

import (
	"context"
	"errors"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

func TestOneBrokenChannelDoesNotHoldUpTheOthers(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{TTL: testTTL})
		s.rdb.Set(context.Background(), s.keys("broken")[2], "somebody else's", time.Minute)
		r.enter("broken", "c1", "ann")
		if _, err := r.List(context.Background(), "broken"); !errors.Is(err, &protocol.Error{Code: protocol.CodeUnavailable}) {
			t.Errorf("a list of the broken channel fails with %v", err)
		}
		r.enter("room", "c1", "ann")
		r.expect("room", 1, 1, "c1")
		if r.isAway() {
			t.Error("Redis is taken for away")
		}
		s.rdb.Del(context.Background(), s.keys("broken")[2])
		eventually(t, "ann", func() bool { return r.list("broken").Connections == 1 })
	})
}

func TestABrokenChannelIsNotTriedAllTheTime(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		s.rdb.Set(context.Background(), s.keys("broken")[2], "somebody else's", time.Minute)
		r.list("room") // so that Redis knows the script
		r.enter("broken", "c1", "ann")
		if _, err := r.List(context.Background(), "broken"); err == nil {
			t.Error("the broken channel has a list")
		}
		r.takes(50, "50 lists", func() {
			for range 50 {
				r.list("room")
			}
		})
	})
}

func TestLeavesPastTheBoundExpireInstead(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{TTL: testTTL, Grace: -1})
		r.mu.Lock()
		r.maxLeaving = 1
		r.mu.Unlock()
		w := s.watch("room")
		r.enter("room", "c1", "ann")
		r.enter("room", "c2", "bob")
		r.enter("room", "c3", "eve")
		r.list("room")
		r.gate.shut()
		r.enter("room", "c4", "zoe")
		eventually(t, "the failure", r.isAway)
		r.Leave("room", "c1", true)
		r.Leave("room", "c2", true)
		r.mu.Lock()
		leaving := r.leaving
		r.mu.Unlock()
		if leaving != 1 {
			t.Errorf("%d leaves wait", leaving)
		}
		r.gate.open()
		w.expect("join ann", "join bob", "join eve")
		got := map[string]bool{w.next(): true, w.next(): true}
		if !got["leave ann"] || !got["join zoe"] {
			t.Errorf("got %v", got)
		}
		w.expect("leave bob")
		r.expect("room", 2, 2, "c3 c4")
	})
}
