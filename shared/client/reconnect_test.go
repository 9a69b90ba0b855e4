package client

import (
	"errors"
	"slices"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

var errCut = errors.New("cut")

func TestAClientComesBackAfterItsLinkBroke(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.end(errCut)
		d := event[Disconnected](w)
		if !errors.Is(d.Err, errCut) || d.Final || d.Retry > 200*time.Millisecond {
			t.Fatalf("%+v", d)
		}
		if e := event[Connecting](w); e.Attempt != 1 {
			t.Fatalf("%+v", e)
		}
		w.connected()
	})
}

func TestAttemptsAreCountedFromTheLastConnection(t *testing.T) {
	play(t, Config{}, func(w *world) {
		for n := 1; n <= 5; n++ {
			w.next().accept <- errCut
			if e := event[Connecting](w); e.Attempt != n {
				t.Fatalf("attempt %d is called %d", n, e.Attempt)
			}
		}
		w.connected().end(errCut)
		if e := event[Connecting](w); e.Attempt != 1 {
			t.Fatalf("%+v", e)
		}
	})
}

func TestCloseCodesDecideWhetherTheClientReturns(t *testing.T) {
	for code, back := range map[protocol.CloseCode]bool{
		protocol.CloseShutdown: true, protocol.CloseSlowConsumer: true, 1001: true, 1011: true,
		protocol.CloseBadRequest: false, protocol.CloseVersion: false, 1000: false, protocol.CloseTooLarge: false,
	} {
		play(t, Config{}, func(w *world) {
			waiting := w.publish(w.t.Context(), "a", 1)
			w.connected().end(&closedError{code: code, reason: "because"})
			d := event[Disconnected](w)
			if got, ok := CloseCode(d.Err); !ok || got != code || d.Final == back {
				t.Fatalf("%d: %+v", code, d)
			}
			if back {
				w.connected()
				return
			}
			o := <-waiting
			if got, _ := CloseCode(o.err); !errors.Is(o.err, ErrClosed) || got != code {
				t.Fatalf("a waiting publish was told %v", o.err)
			}
			if err := w.c.Subscribe("a"); !errors.Is(err, ErrClosed) {
				t.Fatalf("Subscribe was told %v", err)
			}
			time.Sleep(time.Hour)
			w.wantTold()
		})
	}
}

func TestTheCloseCodeCountsThoughWritingFailedFirst(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.broken = true
		w.publish(w.t.Context(), "a", 1)
		time.Sleep(linger / 2)
		p.end(&closedError{code: protocol.CloseBadRequest})
		if d := event[Disconnected](w); !d.Final {
			t.Fatalf("%+v", d)
		}
	})
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.broken = true
		w.publish(w.t.Context(), "a", 1)
		if d := event[Disconnected](w); !errors.Is(d.Err, errPipe) {
			t.Fatalf("%+v", d)
		}
	})
}

func TestARefusedHelloSaysWhy(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.next()
		p.accept <- nil
		p.say(refusal(1, protocol.CodeVersion))
		d := event[Disconnected](w)
		code, ok := CloseCode(d.Err)
		if !d.Final || !ok || code != protocol.CloseVersion || !errors.Is(d.Err, &protocol.Error{Code: protocol.CodeVersion}) {
			t.Fatalf("%+v", d)
		}
	})
}

func TestAnErrorWithoutAnIDExplainsTheClose(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.say(refusal(0, protocol.CodeBinary))
		p.end(&closedError{code: protocol.CloseUnsupportedData})
		if d := event[Disconnected](w); !errors.Is(d.Err, &protocol.Error{Code: protocol.CodeBinary}) {
			t.Fatalf("%+v", d)
		}
	})
}

func TestAServerThatSaysNoHelloIsLeft(t *testing.T) {
	play(t, Config{DialTimeout: 3 * time.Second}, func(w *world) {
		start := time.Now()
		p := w.next()
		p.accept <- nil
		<-p.left
		if took := time.Since(start); took != 3*time.Second {
			t.Fatalf("after %v", took)
		}
		if d := event[Disconnected](w); !errors.Is(d.Err, errDialTimeout) || d.Final {
			t.Fatalf("%+v", d)
		}
	})
}

func TestAServerThatSpeaksNonsenseIsLeft(t *testing.T) {
	for _, nonsense := range []string{"<html>", "[1]", `"x"`, `{"id":"x"}`, "\x00", `{"id":1,"pong":{"time":1}}`} {
		play(t, Config{}, func(w *world) {
			p := w.next()
			p.accept <- nil
			p.say(nonsense)
			if d := event[Disconnected](w); !errors.Is(d.Err, errBadFrame) {
				t.Fatalf("%q before the hello: %+v", nonsense, d)
			}
		})
	}
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.say(publication("a", "e", 1, "1"), "{")
		if d := event[Disconnected](w); !errors.Is(d.Err, errBadFrame) {
			t.Fatalf("%+v", d)
		}
	})
}

func TestWhatAClientDoesNotKnowIsSkipped(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.connected()
		p.say(`{"novelty":{"a":1}}`, "", `{"id":99,"pong":{"time":1}}`, "null", `{}`)
		w.wantTold()
	})
}

func TestAServerThatDropsAtOnceIsNotHammered(t *testing.T) {
	play(t, Config{}, func(w *world) {
		start, n := time.Now(), 0
		for time.Since(start) < 10*time.Minute {
			w.connected().end(errCut)
			n++
		}
		// A wait of up to 20 s, 10 on average, makes about 60, after a few quick ones.
		if n > 120 {
			t.Fatalf("%d connections in ten minutes", n)
		}
	})
}

func TestAConnectionThatHeldEarnsAQuickReturn(t *testing.T) {
	play(t, Config{}, func(w *world) {
		for range 20 {
			w.next().accept <- errCut
		}
		for range 10 {
			w.connected().end(errCut)
		}
		p := w.connected()
		time.Sleep(21 * time.Second)
		p.end(errCut)
		if d := event[Disconnected](w); d.Retry > 200*time.Millisecond {
			t.Fatalf("waits %v", d.Retry)
		}
	})
}

func TestReconnectEndsTheWait(t *testing.T) {
	play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour}, func(w *world) {
		w.connected().end(errCut)
		event[Disconnected](w)
		start := time.Now()
		w.told()
		w.c.Reconnect()
		p := w.connected()
		if took := time.Since(start); took != 0 {
			t.Fatalf("after %v", took)
		}
		// Not waiting, it is not remembered for the next time either.
		w.c.Reconnect()
		p.end(errCut)
		d := event[Disconnected](w)
		start = time.Now()
		w.next()
		if took := time.Since(start); took != d.Retry {
			t.Fatalf("waited %v, not the %v it said", took, d.Retry)
		}
	})
}

func TestAHandlerMayReconnect(t *testing.T) {
	var c *Client
	handle := func(e Event) {
		if _, ok := e.(Disconnected); ok {
			c.Reconnect()
		}
	}
	play(t, Config{BackoffBase: time.Hour, BackoffCap: time.Hour, OnEvent: handle}, func(w *world) {
		c = w.c
		start := time.Now()
		w.connected().end(errCut)
		w.connected().end(errCut)
		w.connected()
		if took := time.Since(start); took != 0 {
			t.Fatalf("after %v", took)
		}
	})
}

func TestTheHelloIsTheAnswerToConnect(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.next()
		p.accept <- nil
		p.say(`{"id":9,"hello":{"version":1,"client":"wrong"}}`, publication("a", "e", 1, "1"), hello)
		if c := event[Connected](w); c.Hello.Client != "c1" {
			t.Fatalf("%+v", c)
		}
	})
}

func TestStaleIsToldOnceABuild(t *testing.T) {
	play(t, Config{Build: "mine"}, func(w *world) {
		var stale []string
		for _, build := range []string{"mine", "", "next", "next", "mine", "other", "next"} {
			p := w.next()
			p.accept <- nil
			p.say(`{"id":1,"hello":{"version":1,"build":"` + build + `"}}`)
			for _, e := range w.told() {
				if s, ok := e.(Stale); ok {
					stale = append(stale, s.Build)
				}
			}
			p.end(errCut)
		}
		if want := []string{"next", "other"}; !slices.Equal(stale, want) {
			t.Fatalf("told %q, not %q", stale, want)
		}
	})
}
