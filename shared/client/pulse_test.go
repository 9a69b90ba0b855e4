package client

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/shared/protocol"
)

// pong answers the ping that must come next, and returns when it came.
func (p *peer) pong() time.Time {
	p.t.Helper()
	c := p.commands()[0]
	if c.Ping == nil {
		p.t.Fatalf("%+v is no ping", c)
	}
	now := time.Now()
	p.say(string(protocol.AppendMessage(nil, &protocol.Message{ID: c.ID, Pong: &protocol.Pong{Time: now.UnixMicro()}})))
	return now
}

func TestAQuietLinkIsPingedAtTheServersInterval(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		last := time.Now()
		for range 3 {
			now := p.pong()
			if gap := now.Sub(last); gap != 25*time.Second {
				t.Fatalf("pinged after %v", gap)
			}
			last = now
		}
		w.wantTold()
	})
}

func TestPingsMayComeFasterThanTheyTimeOut(t *testing.T) {
	play(t, Config{PingInterval: time.Second, PongTimeout: time.Minute}, func(w *world) {
		p := w.connected()
		last := p.pong()
		for range 3 {
			now := p.pong()
			if gap := now.Sub(last); gap != time.Second {
				t.Fatalf("pinged after %v", gap)
			}
			last = now
		}
	})
}

func TestTheServerHearsFromUsWhileItTalks(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second}, func(w *world) {
		p := w.connected()
		start := time.Now()
		for time.Since(start) < 9*time.Second {
			time.Sleep(time.Second)
			p.say(publication("a", "e", 1, "1"))
			p.silent()
		}
		if gap := p.pong().Sub(start); gap != 10*time.Second {
			t.Fatalf("pinged after %v", gap)
		}
	})
}

func TestALinkThatAnswersNothingIsLeft(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second, PongTimeout: 3 * time.Second}, func(w *world) {
		p := w.connected()
		start := time.Now()
		<-p.left
		if took := time.Since(start); took != 13*time.Second {
			t.Fatalf("after %v", took)
		}
		if d := event[Disconnected](w); !errors.Is(d.Err, errDead) || d.Final {
			t.Fatalf("%+v", d)
		}
		w.connected()
	})
}

func TestALinkThatOnlyTakesIsLeft(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second, PongTimeout: 3 * time.Second}, func(w *world) {
		p := w.connected()
		start := time.Now()
		for time.Since(start) < 12*time.Second {
			w.publish(w.t.Context(), "a", 1)
			time.Sleep(time.Second)
		}
		<-p.left
		if took := time.Since(start); took != 13*time.Second {
			t.Fatalf("after %v", took)
		}
	})
}

func TestALinkThatTakesNothingIsLeft(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.deaf = true
		w.publish(w.t.Context(), "a", 1)
		start := time.Now()
		<-p.left
		if took := time.Since(start); took > writeTimeout+linger {
			t.Fatalf("after %v", took)
		}
		p = w.connected()
		p.commands() // and the publish goes out again
	})
}

func TestAnyFrameAnswersAPing(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second, PongTimeout: 3 * time.Second}, func(w *world) {
		p := w.connected()
		p.frame()
		time.Sleep(2 * time.Second)
		p.say(publication("a", "e", 1, "1"))
		time.Sleep(2 * time.Second)
		w.wantTold()
	})
}

func TestAHandlerThatTakesLongIsNotHeldAgainstTheLink(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second, PongTimeout: 3 * time.Second}, func(w *world) {
		p := w.connected()
		w.subscribedTo(p)
		w.held <- struct{}{}
		p.say(publication("a", "e", 5, "1"))
		// The server still hears from us; its answers are not read.
		for range 6 {
			p.pong()
		}
		<-w.held
		time.Sleep(5 * time.Second)
		for _, e := range w.told() {
			if d, ok := e.(Disconnected); ok {
				t.Fatalf("%+v", d)
			}
		}
		p.pong()
	})
}

func TestAHandlerOfConnectedMayTakeLong(t *testing.T) {
	play(t, Config{PingInterval: 10 * time.Second, PongTimeout: 3 * time.Second}, func(w *world) {
		w.told()
		w.held <- struct{}{} // Connecting was handled
		p := w.next()
		p.accept <- nil
		p.frame()
		p.say(hello)
		for range 6 {
			p.pong()
		}
		<-w.held
		p.pong()
		event[Connected](w)
		w.wantTold()
	})
}

func TestANudgePingsAtOnceOrTriesAtOnce(t *testing.T) {
	play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour}, func(w *world) {
		p := w.connected()
		start := time.Now()
		w.c.nudge()
		p.pong()
		p.end(errCut)
		synctest.Wait()
		w.c.nudge()
		w.connected()
		if took := time.Since(start); took != 0 {
			t.Fatalf("after %v", took)
		}
	})
}

func TestALateTimerGivesTheLinkOneMoreChance(t *testing.T) {
	start := time.Now()
	after := func(d time.Duration) time.Time { return start.Add(d) }
	p := newPulse(10*time.Second, 2*time.Second, start)
	p.resume(start)
	if ping, _, _ := p.check(after(10 * time.Second)); !ping {
		t.Fatal("no ping was due")
	}
	p.pinged(after(10 * time.Second))
	// The laptop slept: the timer for 12 s fires at 60.
	if _, dead, wait := p.check(after(60 * time.Second)); dead || wait != 2*time.Second {
		t.Fatalf("dead %v, wait %v", dead, wait)
	}
	if _, dead, _ := p.check(after(62 * time.Second)); !dead {
		t.Fatal("a second chance, and a third")
	}
	p.read(after(62 * time.Second))
	p.resume(after(62 * time.Second))
	p.pinged(after(80 * time.Second))
	if _, dead, _ := p.check(after(90 * time.Second)); dead {
		t.Fatal("a new ping has a chance of its own")
	}
}

func TestLatencyIsToldOnTheServersClock(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.next()
		p.accept <- nil
		p.frame()
		time.Sleep(200 * time.Millisecond) // a slow hello: half of it may be wrong
		ahead := time.Hour
		server := func() int64 { return time.Now().Add(ahead).UnixMicro() }
		p.say(string(protocol.AppendMessage(nil, &protocol.Message{ID: 1, Hello: &protocol.Hello{Version: 1, Ping: 1000, Time: server()}})))
		w.told()
		if err := w.c.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.say(`{"id":2,"subscribed":{"channel":"a","offset":0}}`)
		say := func(offset uint64, age time.Duration) time.Duration {
			p.say(string(protocol.AppendPublication(nil, &protocol.Publication{
				Channel: "a", Epoch: "e", Offset: offset, Time: server() - age.Microseconds(), Data: []byte("1"),
			})))
			return event[Received](w).Latency
		}
		if l := say(1, 500*time.Millisecond); l != 600*time.Millisecond {
			t.Errorf("after the hello %v", l)
		}
		if l := say(2, -time.Second); l != 0 {
			t.Errorf("from the future %v", l)
		}
		c := p.commands()[0]
		p.say(string(protocol.AppendMessage(nil, &protocol.Message{ID: c.ID, Pong: &protocol.Pong{Time: server()}})))
		if l := say(3, 500*time.Millisecond); l != 500*time.Millisecond {
			t.Errorf("after a quick pong %v", l)
		}
	})
}

func TestTheClockBelievesTheShortestOfItsLastSamples(t *testing.T) {
	start := time.Now()
	k := clock{start: start}
	good := start.Add(10 * time.Millisecond)
	k.add(start, good, k.local(start)+5_000)
	for n := range 7 {
		sent := start.Add(time.Duration(n) * time.Minute)
		k.add(sent, sent.Add(time.Second), k.local(sent)) // off by half a second
	}
	if k.offset != 0 {
		t.Errorf("offset %d while the good sample is there", k.offset)
	}
	k.add(start, start.Add(time.Second), k.local(start))
	if k.offset != -500_000 {
		t.Errorf("offset %d after it has gone", k.offset)
	}
	for _, server := range []int64{1 << 62, -1 << 62, -1 << 63, 1<<63 - 1} {
		k := clock{start: start}
		k.add(start, start, server)
		if k.since(-server, start) < 0 || k.since(server, start) < 0 {
			t.Errorf("a server's time of %d makes a negative latency", server)
		}
	}
}
