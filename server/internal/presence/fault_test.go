package presence

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

func TestTheMembersOfAKilledRelayExpire(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		dead := s.relay(Config{TTL: testTTL})
		relays := []*relay{s.relay(Config{}), s.relay(Config{}), s.relay(Config{})}
		w := s.watch("room")
		dead.enter("room", "c1", "ann")
		dead.enter("room", "c2", "bob")
		dead.list("room")
		dead.kill()
		killed := time.Now()
		for i, r := range relays {
			r.enter("room", fmt.Sprint("r", i), "zoe")
			r.list("room")
		}
		relays[0].enter("room", "c3", "ann") // found her way to another relay
		relays[0].expect("room", 6, 3, "c1 c2 c3 r0 r1 r2")

		// Three relays see it expire, long before they have to refresh their own;
		// one of them tells.
		w.expect("join ann", "join bob", "join zoe", "leave bob")
		if took := time.Since(killed); took < testTTL/2 {
			t.Errorf("the leave was told after %v", took)
		}
		for _, r := range relays {
			r.expect("room", 4, 2, "c3 r0 r1 r2")
		}
		w.quiet()
	})
}

func TestWhoAsksRemovesWhatHasExpired(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		const many = 2*maxSwept + 10 // more than one call removes
		dead, other := s.relay(Config{TTL: time.Hour}), s.relay(Config{})
		w := s.watch("room")
		for i := range many {
			dead.enter("room", fmt.Sprint("c", i), "")
		}
		dead.list("room")
		dead.kill()
		// The other has no member there, and so no reason to look by itself.
		s.expire("room")
		other.expect("room", 0, 0, "")
		for range 2 * many {
			w.next()
		}
		w.quiet()
	})
}

func TestNothingStaysInRedis(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{TTL: testTTL})
		r.enter("room", "c1", "ann")
		r.list("room")
		r.kill()
		for _, key := range s.keys("room") {
			if ttl := s.rdb.PTTL(context.Background(), key).Val(); ttl <= 0 || ttl > testTTL+testGrace+keyAge {
				t.Errorf("%s lives for %v", key, ttl)
			}
		}
	})
}

func TestAFlushedRedisIsFilledAgainInSilence(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{TTL: testTTL}), s.relay(Config{TTL: testTTL})
		w := s.watch("room")
		one.enter("room", "c1", "ann")
		one.enter("room", "c2", "bob")
		one.list("room")
		two.enter("room", "c3", "eve")
		two.enter("room", "c4", "")
		two.list("room")
		s.lose("room")
		eventually(t, "all four", func() bool { return one.list("room").Connections == 4 })
		two.expect("room", 4, 4, "c1 c2 c3 c4")
		w.expect("join ann", "join bob", "join eve", "join c4")
		w.quiet()
	})
}

func TestWhoAsksNoticesThatRedisWasFlushed(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		r.enter("room", "c1", "ann")
		r.list("room")
		s.lose("room")
		eventually(t, "ann", func() bool { return clients(r.list("room")) == "c1" })
	})
}

func TestWhoAsksNoticesThatRedisIsBack(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		r.mu.Lock()
		r.maxLeaving = 0
		r.mu.Unlock()
		r.gate.shut()
		r.enter("room", "c1", "ann")
		eventually(t, "the failure", r.isAway)
		r.Leave("room", "c1", true) // nothing is left to try again
		r.gate.open()
		r.list("room")
		if r.isAway() {
			t.Error("Redis is taken for away still")
		}
	})
}

func TestWhoLeavesWhileRedisIsEmptyIsToldToHaveLeft(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		w := s.watch("room")
		r.enter("room", "c1", "ann")
		r.enter("room", "c2", "bob")
		r.list("room")
		s.lose("room")
		r.Leave("room", "c1", true)
		w.expect("join ann", "join bob", "leave ann")
		r.expect("room", 1, 1, "c2")
	})
}

func TestEvictedKeysAreReplaced(t *testing.T) {
	for name, evicted := range map[string][]int{"expiry": {0}, "arrivals": {1}, "members": {2}, "both sets": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			onEachRedis(t, func(t *testing.T, s *site) {
				dead, r := s.relay(Config{Grace: -1}), s.relay(Config{})
				dead.Enter("room", protocol.Member{Client: "c9", User: "eve"}, false)
				dead.list("room")
				dead.kill()
				w := s.watch("room")
				r.enter("room", "c1", "ann")
				r.enter("room", "c2", "bob")
				r.list("room")
				for _, i := range evicted {
					s.rdb.Del(context.Background(), s.keys("room")[i])
				}
				eventually(t, "both", func() bool {
					p := r.list("room")
					return clients(p) == "c1 c2" && p.Users == 2
				})
				r.Leave("room", "c2", true)
				w.expect("join ann", "join bob", "leave bob")
				r.expect("room", 1, 1, "c1")
			})
		})
	}
}

func TestRedisForgetsTheScript(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		if s.mini == nil {
			return // its scripts are those of all tests; it did not know this one at first
		}
		r := s.relay(Config{})
		for i := range 3 {
			s.rdb.ScriptFlush(context.Background())
			r.enter("room", fmt.Sprint("c", i), "ann")
		}
		r.expect("room", 3, 1, "c0 c1 c2")
	})
}

func TestChangesAreToldWhenRedisIsBack(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: -1, TTL: time.Minute})
		w := s.watch("room")
		r.enter("room", "c1", "ann")
		r.list("room")

		r.gate.shut()
		r.Leave("room", "c1", true)
		r.enter("room", "c2", "bob")
		_, err := r.List(context.Background(), "room")
		if !errors.Is(err, &protocol.Error{Code: protocol.CodeUnavailable}) {
			t.Errorf("a list without Redis fails with %v", err)
		}
		eventually(t, "the failure", r.isAway)
		r.gate.open()
		eventually(t, "bob alone", func() bool { return clients(r.list("room")) == "c2" })
		w.next() // ann's join; then bob's and her leave, in any order
		if a, b := w.next(), w.next(); min(a, b) != "join bob" || max(a, b) != "leave ann" {
			t.Errorf("got %s, %s", a, b)
		}
		w.quiet()
	})
}

func TestALostAnswerTellsNothingTwice(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{TTL: time.Minute, Grace: time.Hour})
		w := s.watch("room")
		r.list("room") // so that Redis knows the script
		r.gate.deafen()
		r.enter("room", "c1", "ann")
		eventually(t, "the failure", r.isAway)
		w.expect("join ann")
		r.gate.open()
		eventually(t, "the return", func() bool { return !r.isAway() })
		r.list("room")

		r.gate.deafen()
		r.Leave("room", "c1", false)
		eventually(t, "the failure", r.isAway)
		r.gate.open()
		eventually(t, "the return", func() bool { return !r.isAway() })
		r.expect("room", 1, 1, "c1") // in her grace
		w.quiet()
	})
}

// Nobody could refresh; so the first one to come back must not take the others
// for gone.
func TestARedisThatWasAwayForLongMakesNobodyFlap(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{TTL: 3 * testTTL}), s.relay(Config{TTL: 3 * testTTL})
		w := s.watch("room")
		one.enter("room", "c1", "ann")
		one.list("room")
		two.enter("room", "c2", "bob")
		two.list("room")
		for _, r := range []*relay{one, two} {
			r.gate.shut()
			r.enter("other", "c0", "zoe")
			eventually(t, "the failure", r.isAway)
		}
		s.expire("room")

		one.gate.open()
		eventually(t, "one's return", func() bool { return !one.isAway() })
		one.expect("room", 2, 2, "c1 c2")
		two.gate.open()
		eventually(t, "two's return", func() bool { return !two.isAway() })
		one.expect("room", 2, 2, "c1 c2")
		eventually(t, "an end to the caution", func() bool { return one.steady() && two.steady() })
		two.expect("room", 2, 2, "c1 c2")
		one.enter("room", "c3", "zoe")
		w.expect("join ann", "join bob", "join zoe")
	})
}

// expire makes members of a channel, or all, as old as if nobody had refreshed
// them, or their grace were over.
func (s *site) expire(channel string, clients ...string) {
	s.t.Helper()
	key := s.keys(channel)[0]
	if len(clients) == 0 {
		clients = s.rdb.ZRange(context.Background(), key, 0, -1).Val()
	}
	for _, c := range clients {
		if err := s.rdb.ZAddXX(context.Background(), key, redis.Z{Member: c}).Err(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestAllMembersAreRefreshedWhenRedisIsBack(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		r.enter("room", "c1", "ann")
		r.list("room")
		expiry := func() float64 { return s.rdb.ZScore(context.Background(), s.keys("room")[0], "c1").Val() }
		before := expiry()
		r.gate.shut()
		r.enter("other", "c1", "ann")
		eventually(t, "the failure", r.isAway)
		r.gate.open()
		eventually(t, "a refresh", func() bool { return expiry() > before })
	})
}

func TestARelayThatWasCutOffForLongJoinsItsMembersAgain(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{TTL: testTTL}), s.relay(Config{TTL: testTTL})
		w := s.watch("room")
		one.enter("room", "c1", "ann")
		one.list("room")
		two.enter("room", "c2", "bob")
		two.list("room")
		two.gate.shut()
		w.expect("join ann", "join bob", "leave bob")
		one.expect("room", 1, 1, "c1")
		two.gate.open()
		w.expect("join bob")
		one.expect("room", 2, 2, "c1 c2")
	})
}

func TestNobodyWaitsForARedisThatDoesNotAnswer(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		r.gate.stall()
		release := r.gate.hold()
		defer release()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := range 10_000 {
				r.enter(fmt.Sprint("room-", i%100), fmt.Sprint("c", i), "ann")
			}
			for i := range 5_000 {
				r.Leave(fmt.Sprint("room-", i%100), fmt.Sprint("c", i), true)
			}
		}()
		select {
		case <-ended: // and no command has
		case <-time.After(patience):
			t.Fatal("somebody waits")
		}
		release()
		began := time.Now()
		r.Close()
		if took := time.Since(began); took > 3*timeout { // there are a hundred channels
			t.Errorf("closing took %v", took)
		}
	})
}

func TestARedisThatIsStartingIsWaitedFor(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		if s.mini == nil {
			return // only miniredis can be made to say so
		}
		r := s.relay(Config{})
		s.mini.SetError("LOADING Redis is loading the dataset in memory")
		r.enter("room", "c1", "ann")
		eventually(t, "the failure", r.isAway)
		s.mini.SetError("")
		eventually(t, "ann", func() bool { return !r.isAway() })
		r.expect("room", 1, 1, "c1")
	})
}
