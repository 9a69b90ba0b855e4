package client_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// source is where a client's tokens come from.
type source struct {
	w    *world
	mu   sync.Mutex
	life int // seconds
	err  error
}

func (s *source) token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	return s.w.token(s.life), nil
}

func (s *source) become(life int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life, s.err = life, err
}

func TestATokenIsReplacedOnTheConnectionThatStands(t *testing.T) {
	w := newWorld(t, order{Guarded: true})
	// Of a life of three seconds one is left for it, in which a machine may well
	// stand still.
	var took int
	for _, life := range []int{3, 10, 30} {
		before := w.stats().Accepted
		w.tokenIsReplaced(life)
		if took = w.stats().Accepted - before; took == 1 {
			return
		}
	}
	t.Errorf("it took %d connections", took)
}

// tokenIsReplaced has a user come whose tokens live so many seconds, and waits
// until two of them were replaced.
func (w *world) tokenIsReplaced(life int) {
	t := w.t
	t.Helper()
	s := &source{w: w, life: life}
	u := w.user(client.Config{Token: s.token})
	defer func() { _ = u.Close() }()
	if c := next[client.Connected](u); c.Hello.User != "alice" || c.Hello.Expires == 0 || c.Hello.Open {
		t.Fatalf("%+v", c.Hello)
	}
	u.subscribe("talk")
	first := next[client.Refreshed](u)
	s.become(3600, nil)
	if second := next[client.Refreshed](u); second.Expires <= first.Expires {
		t.Errorf("it ends at %d, after one that ended at %d", second.Expires, first.Expires)
	}
	u.publish("talk", 1)
	u.wants("1")
}

func TestAnExpiredTokenIsReplacedByComingBack(t *testing.T) {
	w := newWorld(t, order{Guarded: true})
	s := &source{w: w, life: 3}
	u := w.user(client.Config{Token: s.token})
	u.subscribe("talk")
	u.publish("talk", 1)
	u.wants("1")
	lost := errors.New("the login is away")
	s.become(0, lost)
	if e := next[client.TokenFailed](u); !errors.Is(e.Err, lost) {
		t.Fatalf("%+v", e)
	}
	e := next[client.Disconnected](u)
	if code, _ := client.CloseCode(e.Err); code != protocol.CloseTokenExpired || e.Final {
		t.Fatalf("%+v", e)
	}
	s.become(3600, nil)
	u.publish("talk", 2)
	u.wants("2")
}

func TestWhoHasNoValidTokenStaysAway(t *testing.T) {
	w := newWorld(t, order{Guarded: true})
	good := w.token(60)
	for name, token := range map[string]string{
		"forged":  good[:strings.LastIndex(good, ".")+1] + strings.Repeat("A", 43),
		"garbage": "garbage",
	} {
		u := w.user(client.Config{Token: func(context.Context) (string, error) { return token, nil }})
		e := next[client.Disconnected](u)
		if code, _ := client.CloseCode(e.Err); code != protocol.CloseUnauthorized || !e.Final {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestWhatIsNotGrantedIsRefusedAndNothingElseSuffers(t *testing.T) {
	w := newWorld(t, order{Guarded: true})
	s := &source{w: w, life: 3600}
	u := w.user(client.Config{Token: s.token})
	denied := &protocol.Error{Code: protocol.CodePermission}
	u.subscribe("talk")
	if _, err := u.Publish(t.Context(), "news", 1); !errors.Is(err, denied) {
		t.Error(err)
	}
	if _, err := u.Presence(t.Context(), "talk"); !errors.Is(err, denied) {
		t.Error(err)
	}
	u.publish("talk", 1)
	u.wants("1")
	nobody := w.user(client.Config{})
	if err := nobody.Subscribe("talk"); err != nil {
		t.Fatal(err)
	}
	if e := next[client.Refused](nobody); !errors.Is(e.Err, denied) {
		t.Errorf("%+v", e)
	}
}

// publishTagged publishes numbers with a level, "warn" for every third.
func publishTagged(u *user, from, to int) (last protocol.Published) {
	u.t.Helper()
	for n := from; n < to; n++ {
		level := "info"
		if n%3 == 0 {
			level = "warn"
		}
		var err error
		last, err = u.PublishWith(u.t.Context(), "talk", n, client.PublishOptions{Tags: protocol.Tags{"level": level, "n": n}})
		if err != nil {
			u.t.Fatal(err)
		}
	}
	return last
}

func TestAFilterHoldsLiveAndInWhatIsRecovered(t *testing.T) {
	w := newWorld(t, order{Ping: 1000})
	u, publisher := w.user(client.Config{}), newUser(t, client.Config{URL: w.Direct})
	if err := u.SubscribeWith("talk", client.SubscribeOptions{Filter: `level == "warn" && n > 0`}); err != nil {
		t.Fatal(err)
	}
	if s := next[client.Subscribed](u); !s.Filtered {
		t.Fatalf("%+v", s)
	}
	publishTagged(publisher, 0, 8)
	for _, n := range []int{3, 6} {
		if r := u.wants(strconv.Itoa(n)); r.Tags["level"] != "warn" || r.Tags["n"] != float64(n) {
			t.Errorf("%+v", r)
		}
	}
	w.do("deaden")
	publishTagged(publisher, 8, 11)
	w.do("heal")
	recovered := 0
	for came := false; !came; { // a slow machine may have it come back more than once
		switch e := next[client.Event](u).(type) {
		case client.Subscribed:
			if !e.Filtered {
				t.Fatalf("%+v", e)
			}
			recovered += e.Recovered
		case client.Received:
			if came = string(e.Data) == "9"; !came {
				t.Fatalf("%+v", e)
			}
		}
	}
	if recovered != 1 {
		t.Errorf("%d were recovered", recovered)
	}
	last := publishTagged(publisher, 11, 12)
	// A quiet channel's position goes past what was left out.
	eventually(t, "the position is the channel's", func() bool {
		at, ok := u.Position("talk")
		return ok && at.Offset == last.Offset && at.Last == last.ID
	})
	publishTagged(publisher, 12, 13)
	u.wants("12")
	all := u.rest()
	if count[client.Gap](all)+count[client.Received](all) > 0 {
		t.Errorf("it was told %+v", all)
	}
}

func TestAWrongFilterIsRefusedWithItsPlace(t *testing.T) {
	u := newWorld(t, order{}).user(client.Config{})
	if err := u.SubscribeWith("talk", client.SubscribeOptions{Filter: `level = "warn"`}); err != nil {
		t.Fatal(err)
	}
	var refusal *protocol.Error
	if e := next[client.Refused](u); !errors.As(e.Err, &refusal) || refusal.Code != protocol.CodeFilterInvalid || refusal.At != 7 {
		t.Errorf("%+v", e)
	}
}

func TestABurstThatIsTooFastArrivesInTheEndOnce(t *testing.T) {
	w := newWorld(t, order{PublishRate: 20})
	u := w.user(client.Config{})
	u.subscribe("n")
	const all = 50
	publishAll(t, u, 0, all)()
	if n := count[client.Limited](u.restAfter(t, all)); n == 0 {
		t.Error("nobody said that it was too fast")
	}
}

// restAfter waits for n different publications, closes the client, and returns
// all that it was told.
func (u *user) restAfter(t *testing.T, n int) []client.Event {
	t.Helper()
	var all []client.Event
	seen := map[string]bool{}
	for len(seen) < n {
		e := next[client.Event](u)
		all = append(all, e)
		if r, ok := e.(client.Received); ok {
			if seen[string(r.Data)] {
				t.Errorf("%s came twice", r.Data)
			}
			seen[string(r.Data)] = true
		}
	}
	return append(all, u.rest()...)
}
