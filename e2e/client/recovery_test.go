package client_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// leisurely is a client that stays away until it is told to come back.
var leisurely = client.Config{BackoffBase: time.Hour, BackoffCap: time.Hour}

// absent cuts the links and has something happen before the user is back.
func (w *world) absent(u *user, meanwhile func()) {
	w.t.Helper()
	w.do("cut")
	next[client.Disconnected](u)
	meanwhile()
	u.Reconnect()
}

// publishes sends the numbers from one to another, and returns the last one's
// acknowledgement.
func (u *user) publishes(channel string, from, to int) (last protocol.Published) {
	u.t.Helper()
	for n := from; n <= to; n++ {
		last = u.publish(channel, n)
	}
	return last
}

// wantsNext wants these events and no other between them.
func (u *user) wantsNext(check ...func(client.Event) bool) {
	u.t.Helper()
	for i, ok := range check {
		if e := next[client.Event](u); !ok(e) {
			u.t.Fatalf("event %d is %T %+v", i, e, e)
		}
	}
}

// came is a publication with the data, recovered or live.
func came(data int, recovered bool) func(client.Event) bool {
	return func(e client.Event) bool {
		r, ok := e.(client.Received)
		return ok && string(r.Data) == strconv.Itoa(data) && r.Recovered == recovered
	}
}

// is is exactly this event.
func is[E interface {
	client.Event
	comparable
}](want E) func(client.Event) bool {
	return func(e client.Event) bool {
		got, ok := e.(E)
		return ok && got == want
	}
}

func TestBobRecoversWhatHeMissedWhileHisLinkWasCut(t *testing.T) {
	w := newWorld(t, order{})
	bob, alice := w.user(leisurely), w.user(client.Config{URL: w.Direct})
	bob.subscribe("news")
	alice.publish("news", 1)
	bob.wants("1")
	for n := 2; n < 10; n += 4 {
		var last protocol.Published
		w.absent(bob, func() { last = alice.publishes("news", n, n+2) })
		next[client.Connected](bob)
		bob.wantsNext(
			is(client.Subscribed{Channel: "news", Position: last.Position, Recovered: 3}),
			came(n, true), came(n+1, true), came(n+2, true),
			is(client.Recovered{Channel: "news", Count: 3}),
		)
		alice.publish("news", n+3)
		bob.wantsNext(came(n+3, false))
	}
}

func TestWhatCameBeforeAnythingElseIsRecoveredToo(t *testing.T) {
	w := newWorld(t, order{})
	bob, alice := w.user(leisurely), w.user(client.Config{URL: w.Direct})
	bob.subscribe("quiet")
	w.absent(bob, func() { alice.publish("quiet", 1) })
	if r := bob.wants("1"); !r.Recovered || r.Offset != 1 {
		t.Fatalf("%+v", r)
	}
}

func TestNobodyMissesAnythingWhileTheRelayRestarts(t *testing.T) {
	w := newWorld(t, order{})
	bob, alice := w.user(client.Config{}), w.user(client.Config{})
	bob.subscribe("n")
	const all = 120
	wait := publishAll(t, alice, 0, all)
	for range 3 {
		w.do("stop")
		w.do("start")
	}
	wait()
	for n := range all {
		bob.wants(strconv.Itoa(n))
	}
	left := bob.rest()
	if count[client.Received](left)+count[client.Gap](left)+count[client.Reset](left) > 0 {
		t.Errorf("then came %+v", left)
	}
}

func TestAReloadResumesFromAKeptPosition(t *testing.T) {
	w := newWorld(t, order{})
	before, alice := w.user(client.Config{}), w.user(client.Config{URL: w.Direct})
	before.subscribe("news")
	p := alice.publish("news", 1)
	before.wants("1")
	at, ok := before.Position("news")
	if want := (protocol.Since{Epoch: p.Epoch, Offset: p.Offset, Last: p.ID}); !ok || at != want {
		t.Fatalf("%+v %v, not %+v", at, ok, want)
	}
	kept, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	before.rest()
	last := alice.publishes("news", 2, 4)

	var since protocol.Since
	if err := json.Unmarshal(kept, &since); err != nil {
		t.Fatal(err)
	}
	after := w.user(client.Config{})
	if err := after.SubscribeWith("news", client.SubscribeOptions{Since: &since}); err != nil {
		t.Fatal(err)
	}
	next[client.Connected](after)
	after.wantsNext(
		is(client.Subscribed{Channel: "news", Position: last.Position, Recovered: 3}),
		came(2, true), came(3, true), came(4, true), is(client.Recovered{Channel: "news", Count: 3}),
	)
	alice.publish("news", 5)
	after.wantsNext(came(5, false))
}

func TestARewindBeginsInThePastAndDoesNotRepeat(t *testing.T) {
	w := newWorld(t, order{})
	alice := w.user(client.Config{URL: w.Direct})
	alice.publishes("news", 1, 5)
	for first, rewind := range map[int]protocol.Rewind{
		4: {Count: 2}, 1: {Age: time.Hour.Milliseconds()},
	} {
		bob := w.user(leisurely)
		if err := bob.SubscribeWith("news", client.SubscribeOptions{Rewind: &rewind}); err != nil {
			t.Fatal(err)
		}
		for n := first; n <= 5; n++ {
			if r := bob.wants(strconv.Itoa(n)); !r.Recovered {
				t.Fatalf("%+v", r)
			}
		}
		bob.wantsNext(is(client.Recovered{Channel: "news", Count: 6 - first}))
		w.absent(bob, func() {})
		if s := next[client.Subscribed](bob); s.Recovered != 0 {
			t.Fatalf("%+v", s)
		}
		if left := count[client.Received](bob.rest()); left != 0 {
			t.Fatalf("%d came again", left)
		}
	}
	bob := w.user(client.Config{})
	if err := bob.SubscribeWith("news", client.SubscribeOptions{Rewind: &protocol.Rewind{Count: protocol.MaxRewind + 1}}); err != nil {
		t.Fatal(err)
	}
	next[client.Refused](bob)
}

func TestAGapIsToldExactly(t *testing.T) {
	w := newWorld(t, order{History: 5})
	bob, alice := w.user(leisurely), w.user(client.Config{URL: w.Direct})
	bob.subscribe("news")
	alice.publishes("news", 1, 3)
	bob.wants("1")
	bob.wants("2")
	bob.wants("3")
	var last protocol.Published
	w.absent(bob, func() { last = alice.publishes("news", 4, 15) })
	next[client.Connected](bob)
	bob.wantsNext(
		is(client.Subscribed{Channel: "news", Position: last.Position, Recovered: 5}),
		is(client.Gap{Gap: protocol.Gap{Channel: "news", Epoch: last.Epoch, From: 4, To: 10, Count: 7}}),
		came(11, true), came(12, true), came(13, true), came(14, true), came(15, true),
		is(client.Recovered{Channel: "news", Count: 5}),
	)
	w.absent(bob, func() {})
	if s := next[client.Subscribed](bob); s.Recovered != 0 {
		t.Fatalf("%+v", s)
	}
	if left := bob.rest(); count[client.Gap](left) != 0 {
		t.Errorf("it was told again: %+v", left)
	}
}

func TestAResetIsToldOnceAfterRedisForgotTheChannel(t *testing.T) {
	w := newWorld(t, order{})
	bob, carol := w.user(leisurely), w.user(client.Config{URL: w.Direct})
	alice := w.user(client.Config{URL: w.Direct})
	bob.subscribe("news")
	carol.subscribe("news")
	was := alice.publishes("news", 1, 2)
	for _, u := range []*user{bob, carol} {
		u.wants("1")
		u.wants("2")
	}
	var now protocol.Published
	w.absent(bob, func() {
		w.do("forget", "news")
		now = alice.publishes("news", 3, 4)
	})
	reset := is(client.Reset{Reset: protocol.Reset{Channel: "news", Epoch: now.Epoch, Was: was.Position}})
	if now.Epoch == was.Epoch || now.Offset != 2 {
		t.Fatalf("after %+v comes %+v", was, now)
	}
	// Bob learns it from the answer, and carol, who was there, from the relay.
	next[client.Connected](bob)
	bob.wantsNext(
		is(client.Subscribed{Channel: "news", Position: now.Position, Recovered: 2}), reset,
		came(3, true), came(4, true), is(client.Recovered{Channel: "news", Count: 2}),
	)
	carol.wantsNext(reset, came(3, false), came(4, false))
	alice.publish("news", 5)
	for _, u := range []*user{bob, carol} {
		u.wantsNext(came(5, false))
	}
	w.absent(bob, func() {})
	if s := next[client.Subscribed](bob); s.Recovered != 0 {
		t.Fatalf("%+v", s)
	}
	if left := bob.rest(); count[client.Reset](left)+count[client.Received](left) != 0 {
		t.Errorf("it was told again: %+v", left)
	}
}

func TestAQuietChannelIsConfirmedByThePing(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{PingInterval: 50 * time.Millisecond})
	u.subscribe("news")
	p := u.publish("news", 1)
	u.wants("1")
	u.wantsNext(is(client.Moved{Channel: "news", Position: p.Position}))
}

func TestWhoIsOnAChannelIsKnown(t *testing.T) {
	w := newWorld(t, order{Presence: true})
	bob, alice := w.user(client.Config{User: "bob"}), w.user(client.Config{User: "alice"})
	bob.subscribe("room")
	if j := next[client.Joined](bob); j.User != "bob" {
		t.Fatalf("%+v", j)
	}
	alice.subscribe("room")
	if j := next[client.Joined](bob); j.User != "alice" || j.Channel != "room" || j.Client == "" {
		t.Fatalf("%+v", j)
	}
	present, err := alice.Presence(t.Context(), "room")
	if err != nil {
		t.Fatal(err)
	}
	if present.Connections != 2 || present.Users != 2 || len(present.Members) != 2 || present.Members[0].User != "bob" {
		t.Fatalf("%+v", present)
	}
	alice.rest()
	if l := next[client.Left](bob); l.User != "alice" {
		t.Fatalf("%+v", l)
	}
	if present, err = bob.Presence(t.Context(), "room"); err != nil || present.Connections != 1 {
		t.Fatalf("%+v %v", present, err)
	}
}
