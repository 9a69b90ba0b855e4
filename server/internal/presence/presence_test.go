package presence

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

func TestEverybodyIsSeenFromEveryRelay(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{}), s.relay(Config{})
		two.Enter("room", protocol.Member{Client: "c2", User: "bob", Since: 2000}, false)
		one.Enter("room", protocol.Member{Client: "c1", User: "ann", Since: 1000}, false)
		one.Enter("room", protocol.Member{Client: "c3", Since: 1763902443123457}, false)
		one.enter("elsewhere", "c1", "ann")
		one.list("room")
		two.expect("room", 3, 3, "c1 c2 c3")
		one.expect("room", 3, 3, "c1 c2 c3")
		got := fmt.Sprint(two.list("room").Members)
		if want := "[{c1 ann 1000} {c2 bob 2000} {c3  1763902443123457}]"; got != want {
			t.Errorf("the members are %v, not %v", got, want)
		}
	})
}

func TestNobodyIsOnAnEmptyChannel(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		p := r.list("room")
		if p.Channel != "room" || p.Connections != 0 || p.Users != 0 || p.Members == nil || len(p.Members) != 0 {
			t.Errorf("got %+v", p)
		}
		if n := s.rdb.Exists(context.Background(), s.keys("room")...).Val(); n != 0 {
			t.Errorf("asking made %d keys", n)
		}
	})
}

func TestAUserWithThreeConnectionsIsOneUser(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{}), s.relay(Config{})
		w := s.watch("room")
		one.enter("room", "c1", "ann")
		one.list("room")
		two.enter("room", "c2", "ann")
		two.enter("room", "c3", "ann")
		two.expect("room", 3, 1, "c1 c2 c3")

		one.Leave("room", "c1", true)
		one.expect("room", 2, 1, "c2 c3")
		two.Leave("room", "c3", false)
		two.expect("room", 1, 1, "c2")
		two.Leave("room", "c2", true)
		w.expect("join ann", "leave ann")
		one.expect("room", 0, 0, "")
		w.quiet()
	})
}

func TestWhoLeavesIsThereUntilTheGraceIsOver(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		patient := s.relay(Config{Grace: time.Hour})
		w := s.watch("room")
		patient.enter("room", "c1", "ann")
		patient.list("room")
		patient.Leave("room", "c1", true)
		patient.expect("room", 1, 1, "c1")
		s.expire("room")
		patient.expect("room", 0, 0, "")
		w.expect("join ann", "leave ann")

		r := s.relay(Config{}) // nobody asks it
		r.enter("room", "c2", "bob")
		r.list("room")
		began := time.Now()
		r.Leave("room", "c2", true)
		w.expect("join bob", "leave bob")
		// Redis counts milliseconds of its own.
		if took := time.Since(began); took < testGrace-2*time.Millisecond {
			t.Errorf("the leave was told after %v", took)
		}
		r.expect("room", 0, 0, "")
	})
}

func TestAUserWhoReconnectsWithinTheGraceDoesNotFlap(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{Grace: time.Hour}), s.relay(Config{})
		w := s.watch("room")
		one.enter("room", "c1", "ann")
		one.Leave("room", "unknown", true)
		one.enter("room", "c9", "bob")
		one.list("room")
		one.Leave("room", "c1", true)
		one.list("room")
		two.enter("room", "c2", "ann") // another connection, on another relay
		two.expect("room", 2, 2, "c2 c9")
		one.Leave("room", "c9", true)
		one.list("room")
		s.expire("room", "c1", "c9")
		two.expect("room", 1, 1, "c2")
		w.expect("join ann", "join bob", "leave bob")
		w.quiet()
	})
}

func TestANamelessConnectionThatResubscribesDoesNotFlap(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: time.Hour})
		w := s.watch("room")
		r.enter("room", "c1", "")
		r.enter("room", "c2", "")
		r.list("room")
		r.Leave("room", "c1", false)
		r.Leave("room", "c2", false)
		r.list("room")
		r.enter("room", "c1", "")
		r.expect("room", 2, 2, "c1 c2")
		s.expire("room", "c2")
		r.expect("room", 1, 1, "c1")
		w.expect("join c1", "join c2", "leave c2")

		r.Leave("room", "c1", false) // and it can leave again
		r.expect("room", 1, 1, "c1")
		s.expire("room", "c1")
		r.expect("room", 0, 0, "")
		w.expect("leave c1")
	})
}

func TestANamelessConnectionThatEndedLeavesAtOnce(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: time.Hour})
		w := s.watch("room")
		r.enter("room", "c1", "")
		r.enter("room", "c2", "")
		r.list("room")
		r.Leave("room", "c1", true)
		r.expect("room", 1, 1, "c2")
		w.expect("join c1", "join c2", "leave c1")
	})
}

func TestWithoutGraceEverybodyLeavesAtOnce(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: -1})
		w := s.watch("room")
		r.enter("room", "c1", "ann")
		r.list("room")
		r.Leave("room", "c1", false)
		r.expect("room", 0, 0, "")
		w.expect("join ann", "leave ann")
	})
}

func TestNothingIsAnnouncedWhereNobodyAsked(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: -1})
		w := s.watch("room")
		r.Enter("room", protocol.Member{Client: "c1", User: "ann"}, false)
		r.expect("room", 1, 1, "c1")
		r.Leave("room", "c1", true)
		r.expect("room", 0, 0, "")
		w.quiet()
	})
}

func TestAnyNameIsKeptAsItIs(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{Grace: -1})
		w := s.watch("room")
		for i, name := range []string{"ann\nlee", `"}`, "~c1", "3", "<b>ü\u2028", "generation"} {
			client := fmt.Sprint("c", i)
			r.enter("room", client, name)
			if p := r.list("room"); p.Users != 1 || len(p.Members) != 1 || p.Members[0].User != name {
				t.Errorf("%q is listed as %+v", name, p)
			}
			r.Leave("room", client, true)
			w.expect("join "+name, "leave "+name)
		}
	})
}

func TestAConnectionMayChangeItsName(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		w := s.watch("room")
		r.enter("room", "c1", "ann")
		r.list("room")
		r.enter("room", "c1", "bob")
		r.expect("room", 1, 1, "c1")
		w.expect("join ann", "leave ann", "join bob")
	})
}

func TestAllAreCountedAndTheLongestPresentListed(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		const all = protocol.MaxMembers + 250
		r := s.relay(Config{TTL: time.Minute, Grace: -1})
		for i := range all {
			r.Enter("room", protocol.Member{Client: fmt.Sprint("c", i), User: fmt.Sprint("u", i/2), Since: int64(all - i)}, false)
		}
		p := r.list("room")
		if p.Connections != all || p.Users != all/2 || len(p.Members) != protocol.MaxMembers {
			t.Fatalf("%d connections, %d users, %d listed", p.Connections, p.Users, len(p.Members))
		}
		for i, m := range p.Members {
			if m.Since != int64(i+1) {
				t.Fatalf("member %d is there since %d", i, m.Since)
			}
		}
	})
}

func TestARelayThatStopsLetsItsUsersMoveUnnoticed(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		one, two := s.relay(Config{Grace: time.Hour}), s.relay(Config{})
		w := s.watch("room")
		two.enter("room", "c0", "zoe")
		two.list("room")
		one.enter("room", "c1", "ann")
		one.enter("room", "c2", "bob")
		one.enter("room", "c3", "")
		one.list("room")
		one.Close()
		two.enter("room", "c4", "ann")
		two.expect("room", 3, 3, "c0 c2 c4") // bob has his grace still
		s.expire("room", "c1", "c2")
		two.expect("room", 2, 2, "c0 c4")
		w.expect("join zoe", "join ann", "join bob", "join c3", "leave c3", "leave bob")
		w.quiet()
		one.enter("room", "c5", "eve") // too late
		two.expect("room", 2, 2, "c0 c4")
	})
}

func TestNothingIsSaidTwiceWithoutNeed(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		for i := range 100 {
			r.enter(fmt.Sprint("room-", i), "c1", "ann")
		}
		for i := range 100 {
			r.list(fmt.Sprint("room-", i))
		}
		r.takes(2, "a member and a list", func() {
			r.enter("room-0", "c2", "bob")
			r.list("room-0")
		})
	})
}

func TestAMemberWhoWasNeverToldOfLeavesNoTrace(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		r := s.relay(Config{})
		w := s.watch("room")
		r.gate.shut()
		r.enter("other", "c0", "zoe") // the failure that makes the relay wait
		eventually(t, "the failure", r.isAway)
		for range 1000 {
			r.enter("room", "c1", "ann")
			r.Leave("room", "c1", true)
		}
		r.gate.open()
		eventually(t, "the return", func() bool { return !r.isAway() })
		r.expect("room", 0, 0, "")
		w.quiet()
	})
}
