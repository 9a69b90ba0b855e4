package ui

import (
	"errors"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTheConnectionInWords(t *testing.T) {
	var s Status
	check := func(when, name, words, countdown string, after time.Duration) {
		t.Helper()
		if s.Name() != name || s.Words() != words || s.Countdown(noon.Add(after)) != countdown {
			t.Errorf("%s: %s, %q, %q; want %s, %q, %q", when, s.Name(), s.Words(), s.Countdown(noon.Add(after)), name, words, countdown)
		}
	}
	check("before the program", "starting", "Starting…", "", 0)
	s = s.Apply(client.Connecting{Attempt: 1}, noon)
	check("first attempt", "connecting", "Connecting…", "", 0)
	s = s.Apply(client.Connected{}, noon)
	check("hello", "connected", "Connected", "", 0)
	s = s.Apply(client.Disconnected{Err: errors.New("lost"), Retry: 2500 * time.Millisecond}, noon)
	check("lost", "away", "Away, trying again", "in 3 s", 0)
	check("a second later", "away", "Away, trying again", "in 2 s", time.Second)
	check("nearly there", "away", "Away, trying again", "", 2*time.Second)
	s = s.Apply(client.Connecting{Attempt: 1}, noon)
	check("next attempt", "away", "Away, trying again", "", 0)
	s = s.Apply(client.Subscribed{}, noon)
	check("something else", "away", "Away, trying again", "", 0)
	s = s.Apply(client.Connected{}, noon)
	check("back", "connected", "Connected", "", 0)
	s = s.Apply(client.Disconnected{Err: client.ErrClosed, Final: true}, noon)
	check("closed here", "closed", "Closed", "", 0)
}

func TestOneMayTryAtOnceWhenItIsWorthIt(t *testing.T) {
	away := func(d time.Duration) Status {
		return Status{}.Apply(client.Disconnected{Err: errors.New("lost"), Retry: d}, noon)
	}
	for _, c := range []struct {
		s    Status
		want bool
	}{
		{Status{}, false},
		{Status{}.Apply(client.Connected{}, noon), false},
		{away(300 * time.Millisecond), false},
		{away(5 * time.Second), true},
		{Status{}.Apply(client.Disconnected{Err: client.ErrClosed, Final: true}, noon), true},
	} {
		if got := c.s.Retry(noon); got != c.want {
			t.Errorf("%s: a button: %v", c.s.Name(), got)
		}
	}
}

func hello(build string) client.Event {
	return client.Connected{Hello: protocol.Hello{Build: build}}
}

func TestATabOfTheServersBuildStays(t *testing.T) {
	u := Update{Mine: "one", Ready: true}
	for _, ev := range []client.Event{hello("one"), hello("")} {
		u, found := u.Apply(ev)
		if step := u.Step(true, ""); found || step != Stay {
			t.Errorf("after %v: found %v, step %v", ev, found, step)
		}
	}
}

func TestAnIdleTabGoesOverByItselfOnceTheWorkerHasTheBuild(t *testing.T) {
	u, found := Update{Mine: "one"}.Apply(hello("two"))
	if !found {
		t.Error("the other build was not noticed")
	}
	if _, again := u.Apply(client.Stale{Build: "two"}); again {
		t.Error("the other build was found twice")
	}
	if step := u.Step(true, ""); step != Stay {
		t.Errorf("before the worker has it: %v", step)
	}
	u.Ready = true
	if step := u.Step(true, ""); step != Reload {
		t.Errorf("once the worker has it: %v", step)
	}
}

func TestATabWithSomethingToLoseOffersTheUpdate(t *testing.T) {
	u, _ := Update{Mine: "one", Ready: true}.Apply(client.Stale{Build: "two"})
	if step := u.Step(false, ""); step != Offer {
		t.Errorf("the step is %v", step)
	}
}

func TestATabReloadsByItselfOnceABuild(t *testing.T) {
	u, _ := Update{Mine: "one", Ready: true}.Apply(client.Stale{Build: "two"})
	if step := u.Step(true, "one"); step != Offer {
		t.Errorf("the second time: %v", step)
	}
	if step := u.Step(true, "zero"); step != Reload {
		t.Errorf("after leaving another build: %v", step)
	}
}

func TestAWorkerThatNeverHasTheBuildIsNotWaitedForForEver(t *testing.T) {
	u, _ := Update{Mine: "one", Late: true}.Apply(client.Stale{Build: "two"})
	if step := u.Step(true, ""); step != Offer {
		t.Errorf("the step is %v", step)
	}
}

func TestAServerThatGoesBackToOurBuildEndsTheOffer(t *testing.T) {
	u, _ := Update{Mine: "one", Ready: true}.Apply(client.Stale{Build: "two"})
	u, _ = u.Apply(hello("one"))
	if step := u.Step(false, ""); step != Stay {
		t.Errorf("the step is %v", step)
	}
}
