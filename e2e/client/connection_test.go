package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestAClientConnectsAndIsToldHello(t *testing.T) {
	w := newWorld(t, order{Build: "b1", Ping: 7000, Message: 5000, Frame: 9000, Subscriptions: 7})
	u := w.user(client.Config{})
	if c := next[client.Connecting](u); c.Attempt != 1 {
		t.Errorf("%+v", c)
	}
	c := next[client.Connected](u)
	if h := c.Hello; h.Version != 1 || h.Build != "b1" || h.Ping != 7000 || h.Client == "" ||
		h.Limits != (protocol.Limits{Message: 5000, Frame: 9000, Subscriptions: 7}) || c.RTT <= 0 {
		t.Errorf("%+v", c)
	}
	if n := count[client.Stale](u.rest()); n != 0 {
		t.Error("a client that names no build is stale")
	}
}

func TestAClientComesBackByItselfAfterTheServerRestarted(t *testing.T) {
	w := newWorld(t, order{})
	bob := w.user(client.Config{})
	bob.subscribe("news")
	w.do("stop")
	d := next[client.Disconnected](bob)
	if code, ok := client.CloseCode(d.Err); !ok || code != protocol.CloseShutdown || d.Final {
		t.Fatalf("%+v", d)
	}
	w.do("start")
	next[client.Connected](bob)
	next[client.Subscribed](bob)
	alice := w.user(client.Config{})
	alice.publish("news", "back again")
	bob.wants(`"back again"`)
}

func TestACutLinkIsReplaced(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	u.subscribe("news")
	for range 3 {
		w.do("cut")
		d := next[client.Disconnected](u)
		if code, ok := client.CloseCode(d.Err); ok || d.Final {
			t.Fatalf("code %d, %+v", code, d)
		}
		next[client.Subscribed](u)
	}
	u.publish("news", 1)
	u.wants("1")
}

func TestAHalfOpenLinkIsNoticedByThePingAndLeft(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{
		PingInterval: 50 * time.Millisecond, PongTimeout: 300 * time.Millisecond, DialTimeout: 300 * time.Millisecond,
	})
	u.subscribe("news")
	w.do("deaden")
	if d := next[client.Disconnected](u); !strings.Contains(d.Err.Error(), "ping") {
		t.Fatalf("%+v", d)
	}
	// New links are no better, and don't hold the client up for ever either.
	next[client.Disconnected](u)
	w.do("heal")
	next[client.Connected](u)
	next[client.Subscribed](u)
	u.publish("news", 1)
	u.wants("1")
}

func TestAPingKeepsAQuietLink(t *testing.T) {
	w := newWorld(t, order{Ping: 100}) // the relay's patience is 250 ms
	// A machine that stands still for as long ends a link, whatever is sent. Without
	// pings none lasts; with them one of a few does.
	var lost []client.Event
	for range 5 {
		u := w.user(client.Config{})
		u.subscribe("news")
		// Time itself is tested: that nothing happens until the relay's patience is
		// over four times. Nothing tells of that.
		time.Sleep(time.Second)
		u.publish("news", 1)
		lost = slices.DeleteFunc(u.rest(), func(e client.Event) bool {
			d, ok := e.(client.Disconnected)
			return !ok || d.Final
		})
		if len(lost) == 0 {
			return
		}
	}
	t.Errorf("%+v", lost)
}

func TestATerminalCloseCodeIsNotRetried(t *testing.T) {
	for _, code := range []string{"4500", "4502", "1009", "1000"} {
		u := newUser(t, client.Config{URL: controlURL + "/scripted/close-" + code})
		d := next[client.Disconnected](u)
		got, ok := client.CloseCode(d.Err)
		if !ok || !d.Final || !strings.Contains(d.Err.Error(), code) || !strings.Contains(d.Err.Error(), "as the script says") {
			t.Errorf("%s: code %d, %+v", code, got, d)
		}
		if err := u.Subscribe("news"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: Subscribe says %v", code, err)
		}
		if left := u.rest(); len(left) != 0 {
			t.Errorf("%s: then came %+v", code, left)
		}
	}
}

func TestOtherCloseCodesAreRetried(t *testing.T) {
	for _, code := range []string{"4000", "4001", "4499", "1001", "1012", "3000"} {
		u := newUser(t, client.Config{URL: controlURL + "/scripted/close-" + code})
		for range 2 {
			next[client.Connected](u)
			if d := next[client.Disconnected](u); d.Final || !strings.Contains(d.Err.Error(), code) {
				t.Errorf("%s: %+v", code, d)
			}
		}
		_ = u.Close()
	}
}

func TestWhatComesRightBeforeACloseIsReceived(t *testing.T) {
	const all = 500
	u := newUser(t, client.Config{URL: controlURL + "/scripted/burst-500", BackoffBase: time.Hour, BackoffCap: time.Hour})
	if err := u.Subscribe("news"); err != nil {
		t.Fatal(err)
	}
	for n := range all {
		if r := next[client.Received](u); r.Offset != uint64(n+1) {
			t.Fatalf("after %d came %d", n, r.Offset)
		}
	}
	d := next[client.Disconnected](u)
	if code, _ := client.CloseCode(d.Err); code != protocol.CloseShutdown {
		t.Fatalf("%+v", d)
	}
}

func TestReconnectEndsTheWait(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{BackoffBase: time.Hour, BackoffCap: time.Hour})
	next[client.Connected](u)
	w.do("cut")
	next[client.Disconnected](u)
	u.Reconnect()
	next[client.Connected](u)
}

func TestAStaleBuildIsToldOnce(t *testing.T) {
	w := newWorld(t, order{Build: "old"})
	u := w.user(client.Config{Build: "old"})
	next[client.Connected](u)
	w.do("stop")
	w.do("start", "new")
	if s := next[client.Stale](u); s.Build != "new" {
		t.Fatalf("%+v", s)
	}
	w.do("cut")
	next[client.Connected](u)
	if n := count[client.Stale](u.rest()); n != 0 {
		t.Error("it was told again")
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, order{})
	for range 3 {
		u := w.user(client.Config{})
		u.subscribe("news")
		last := u.rest()
		if len(last) != 1 {
			t.Fatalf("%+v", last)
		}
		d, ok := last[0].(client.Disconnected)
		if !ok || !d.Final || !errors.Is(d.Err, client.ErrClosed) {
			t.Fatalf("%+v", d)
		}
	}
	eventually(t, "all links are gone", func() bool { return w.stats().Links == 0 })
	if n := w.stats().Accepted; n != 3 {
		t.Errorf("%d connections", n)
	}
}
