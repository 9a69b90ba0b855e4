package client

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

// tokens is a source of tokens: t1, t2 and so on, or an error.
type tokens struct {
	mu    sync.Mutex
	asked int
	err   error
	stuck bool // until its context ends
}

func (s *tokens) next(ctx context.Context) (string, error) {
	s.mu.Lock()
	s.asked++
	asked, err, stuck := s.asked, s.err, s.stuck
	s.mu.Unlock()
	if stuck {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return "t" + strconv.Itoa(asked), err
}

// become has the source answer otherwise from now on, and returns how often it
// was asked.
func (s *tokens) become(err error, stuck bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.stuck = err, stuck
	return s.asked
}

var errLogin = errors.New("the login is away")

// helloFor is the hello to a token that lives so long, by a server's clock that
// is far from ours.
func helloFor(life time.Duration) string {
	return `{"id":1,"hello":{"version":1,"client":"c1","ping":3600000,"time":1000000,"user":"alice","expires":` + micros(life) + `}}`
}

func micros(life time.Duration) string {
	return strconv.FormatInt((life + time.Second).Microseconds(), 10)
}

// connectedWith takes the next attempt up to the hello, and wants the token.
func (w *world) connectedWith(token string, life time.Duration) *peer {
	w.t.Helper()
	p := w.next()
	p.accept <- nil
	p.wants(`{"id":1,"connect":{"version":1,"token":"` + token + `"}}`)
	p.say(helloFor(life))
	w.told()
	return p
}

// refreshes waits for the refresh, answers it, and returns how long it took.
func (p *peer) refreshes(id int, token, answer string) time.Duration {
	p.t.Helper()
	start := time.Now()
	p.wants(`{"id":` + strconv.Itoa(id) + `,"refresh":{"token":"` + token + `"}}`)
	took := time.Since(start)
	p.say(`{"id":` + strconv.Itoa(id) + `,` + answer + `}`)
	return took
}

func TestATokenIsAskedForBeforeEachConnection(t *testing.T) {
	var source tokens
	play(t, Config{Token: source.next, BackoffBase: time.Millisecond}, func(w *world) {
		p := w.connectedWith("t1", time.Hour)
		p.end(&closedError{code: protocol.CloseTokenExpired})
		start := time.Now()
		p = w.connectedWith("t2", time.Hour)
		if took := time.Since(start); took > time.Millisecond {
			t.Errorf("the way back took %v", took)
		}
		p.end(errCut)
		w.connectedWith("t3", time.Hour)
	})
}

func TestATokenIsWrittenAsJSON(t *testing.T) {
	play(t, Config{User: "ada", Token: func(context.Context) (string, error) { return `a"b`, nil }}, func(w *world) {
		p := w.next()
		p.accept <- nil
		p.wants(`{"id":1,"connect":{"version":1,"user":"ada","token":"a\"b"}}`)
	})
}

func TestATokenIsReplacedAtTwoThirdsOfItsLifeOrTenSecondsBeforeItsEnd(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		time.Hour:        40 * time.Minute,
		24 * time.Second: 14 * time.Second,
		12 * time.Second: 8 * time.Second,
	} {
		t.Run(life.String(), func(t *testing.T) {
			var source tokens
			play(t, Config{Token: source.next}, func(w *world) {
				start := time.Now()
				p := w.connectedWith("t1", life)
				if took := p.refreshes(2, "t2", `"refreshed":{"expires":`+micros(life+time.Since(start)+want)+`}`); took > want || took < want*9/10 {
					t.Errorf("replaced after %v, not %v", took, want)
				}
				e := event[Refreshed](w)
				// By the server's clock the next one ends later by what passed.
				left := time.Duration(e.Expires-1e6)*time.Microsecond - time.Since(start)
				took := p.refreshes(3, "t3", `"refreshed":{"expires":`+micros(time.Hour)+`}`)
				if most := refreshMost(left); took > most || took < most*8/10 {
					t.Errorf("replaced again after %v, not %v", took, most)
				}
			})
		})
	}
}

// refreshMost is the latest moment, by the documentation's words.
func refreshMost(life time.Duration) time.Duration {
	if life >= 20*time.Second {
		return min(life*2/3, life-10*time.Second)
	}
	return life * 2 / 3
}

func TestAllTheSamePointsInTimeAreNotChosenByAllClients(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[refreshAfter(time.Hour)] = true
	}
	if len(seen) < 2 {
		t.Errorf("always %v", seen)
	}
}

func TestASourceThatFailsIsAskedAgainWhileTheTokenLives(t *testing.T) {
	var source tokens
	play(t, Config{Token: source.next, BackoffBase: time.Second, BackoffCap: 2 * time.Second}, func(w *world) {
		p := w.connectedWith("t1", time.Minute)
		source.become(errLogin, false)
		for n := range 3 {
			e := event[TokenFailed](w)
			if !errors.Is(e.Err, errLogin) || e.Retry > 2*time.Second || e.Retry < 0 {
				t.Fatalf("failure %d: %+v", n, e)
			}
		}
		source.become(nil, false)
		p.refreshes(2, "t5", `"refreshed":{"expires":`+micros(time.Hour)+`}`)
		event[Refreshed](w)
		p.silent()
	})
}

func TestASourceThatNeverHasATokenAgainIsLeftAloneAfterTheEnd(t *testing.T) {
	var source tokens
	play(t, Config{Token: source.next}, func(w *world) {
		p := w.connectedWith("t1", 30*time.Second)
		source.become(errLogin, false)
		start := time.Now()
		for time.Since(start) < 30*time.Second {
			time.Sleep(time.Second)
			w.told()
		}
		asked := source.become(errLogin, false)
		time.Sleep(10 * time.Second)
		if source.become(errLogin, false) != asked {
			t.Error("it was asked after the end")
		}
		p.end(&closedError{code: protocol.CloseTokenExpired})
		if e := event[Disconnected](w); e.Final {
			t.Fatalf("%+v", e)
		}
		e := event[Disconnected](w) // the attempt without a token
		if !errors.Is(e.Err, errLogin) || e.Final {
			t.Fatalf("%+v", e)
		}
		source.become(nil, false)
		if p := w.next(); p == nil {
			t.Fatal("it did not come back")
		}
	})
}

func TestARefusedRefreshIsToldAndTriedAgain(t *testing.T) {
	var source tokens
	play(t, Config{Token: source.next}, func(w *world) {
		p := w.connectedWith("t1", time.Hour)
		p.refreshes(2, "t2", `"error":{"code":"unauthorized","message":"of somebody else","retry_after":7000}`)
		e := event[TokenFailed](w)
		if !errors.Is(e.Err, &protocol.Error{Code: protocol.CodeUnauthorized}) || e.Retry < 7*time.Second {
			t.Fatalf("%+v", e)
		}
		p.refreshes(3, "t3", `"refreshed":{"expires":`+micros(2*time.Hour)+`}`)
		event[Refreshed](w)
	})
}

func TestASourceThatGivesTheSameTokenIsNotAskedWithoutPause(t *testing.T) {
	var source tokens
	play(t, Config{Token: source.next}, func(w *world) {
		const life = 30 * time.Second
		p := w.connectedWith("t1", life)
		for id := 2; ; id++ {
			select {
			case <-p.up:
				p.say(`{"id":` + strconv.Itoa(id) + `,"refreshed":{"expires":` + micros(life) + `}}`)
			case <-time.After(life):
				if asked := source.become(nil, false); asked > 12 {
					t.Errorf("it was asked %d times", asked)
				}
				return
			}
		}
	})
}

func TestATokenThatNoServerTakesIsNotSent(t *testing.T) {
	play(t, Config{Token: func(context.Context) (string, error) { return strings.Repeat("x", protocol.MaxToken+1), nil }}, func(w *world) {
		if e := event[Disconnected](w); e.Final || !errors.Is(e.Err, errLongToken) {
			t.Fatalf("%+v", e)
		}
	})
}

func TestASourceThatIsStuckIsGivenUp(t *testing.T) {
	source := tokens{stuck: true}
	play(t, Config{Token: source.next, DialTimeout: time.Second}, func(w *world) {
		if e := event[Disconnected](w); !errors.Is(e.Err, context.DeadlineExceeded) {
			t.Fatalf("%+v", e)
		}
		source.become(nil, false)
		p := w.connectedWith("t2", 10*time.Second)
		source.become(nil, true)
		if e := event[TokenFailed](w); !errors.Is(e.Err, context.DeadlineExceeded) {
			t.Fatalf("%+v", e)
		}
		p.end(errCut) // while it is asked, perhaps
		event[Disconnected](w)
	})
}

func TestWhoIsRefusedForGoodStaysAway(t *testing.T) {
	for _, code := range []protocol.CloseCode{protocol.CloseUnauthorized, protocol.CloseRevoked, protocol.ClosePermission} {
		var source tokens
		play(t, Config{Token: source.next}, func(w *world) {
			p := w.connectedWith("t1", time.Hour)
			p.end(&closedError{code: code})
			if e := event[Disconnected](w); !e.Final {
				t.Errorf("%d: %+v", code, e)
			}
		})
	}
}

func TestWithoutATokenNothingIsReplaced(t *testing.T) {
	for name, hello := range map[string]string{
		"no token":    helloFor(-time.Second),
		"an odd life": `{"id":1,"hello":{"ping":3600000,"time":-9223372036854775808,"expires":9223372036854775807}}`,
		"no life":     helloFor(0),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{Token: func(context.Context) (string, error) { return "", nil }}, func(w *world) {
				p := w.next()
				p.accept <- nil
				p.wants(`{"id":1,"connect":{"version":1}}`)
				p.say(hello)
				w.told()
				p.silent()
			})
		})
	}
}

func TestAServerThatIsTooBusyToConnectToIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	play(t, Config{}, func(w *world) {
		p := w.next()
		p.accept <- nil
		p.frame()
		p.say(`{"id":1,"error":{"code":"too_many_connections","message":"too many","retry_after":5000}}`)
		if e := event[Disconnected](w); e.Final || e.Retry < 5*time.Second {
			t.Fatalf("%+v", e)
		}
	})
}
