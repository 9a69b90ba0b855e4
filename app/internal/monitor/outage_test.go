package monitor

import (
	"strings"
	"testing"
)

const away503 = `{"title":"Service Unavailable","status":503,"detail":"messages do not flow through Redis","code":"unavailable"}`

// at is a time of day that is so many milliseconds after the start.
func at(ms int64) int64 { return start + ms }

// silence is an outage that has heard something at the start, and nothing since.
func silence(t *testing.T) Outage {
	t.Helper()
	o := NewOutage(at(-100)).Hear(at(0), at(5))
	if o.Flow != Flowing {
		t.Fatalf("it is %s", o.Flow)
	}
	return o
}

func TestASilenceIsAskedAboutBeforeThreeSecondsAreOver(t *testing.T) {
	o := silence(t)
	if next, ask := o.Tick(at(2000)); ask || next.Flow != Flowing {
		t.Errorf("after two seconds it is %s, asked %v", next.Flow, ask)
	}
	o, ask := o.Tick(at(2500))
	if !ask || o.Flow != Asking || o.Since != at(0) {
		t.Errorf("it is %s since %d, asked %v", o.Flow, o.Since-start, ask)
	}
	if _, again := o.Tick(at(3600)); again {
		t.Error("it is asked again before there is an answer")
	}
}

func TestWhyNothingComesIsToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		linked, network bool
		status          int
		text            string
		at              int64
		want            Flow
		words           string
	}{
		"Redis is away":            {true, true, 503, away503, 2600, RedisAway, "Redis is away since " + clock(start) + ": messages do not flow through Redis."},
		"no network":               {false, false, 0, "", 2600, Offline, "This device is offline since "},
		"a relay that is gone":     {false, true, 0, "", 2600, RelayGone, "The relay of this tab is gone"},
		"all is well, they say":    {true, true, 200, `{"status":"ready"}`, 2600, Asking, "Nothing has come since "},
		"all is well, they insist": {true, true, 200, `{"status":"ready"}`, 7000, Mute, "none reports since "},
		"something in between":     {true, true, 502, "<html>", 7000, Mute, "none reports since "},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := silence(t).Tick(at(2500))
			o = o.Connect(c.linked, c.network, at(2500)).Answer(c.status, c.text, at(c.at))
			if o.Flow != c.want || !strings.Contains(o.Words(), c.words) {
				t.Errorf("it is %s: %s", o.Flow, o.Words())
			}
			// The words are the same while it lasts: they are read aloud.
			words := o.Words()
			if o, _ = o.Tick(at(c.at + 5000)); c.want != Asking && o.Words() != words {
				t.Errorf("then it is %s: %s", o.Flow, o.Words())
			}
			if o = o.Hear(at(c.at+9000), at(c.at+9005)); o.Flow != Flowing || o.Words() != "" || o.Steady != at(c.at+9005) {
				t.Errorf("after it, it is %s: %s", o.Flow, o.Words())
			}
		})
	}
}

func TestAnOutageIsKeptInMindForAsLongAsItIsDrawn(t *testing.T) {
	o, _ := silence(t).Tick(at(2500))
	o = o.Answer(503, away503, at(2600))
	for s := int64(3); s <= 200; s++ {
		o, _ = o.Tick(at(s * second))
	}
	o = o.Hear(at(201*second), at(201*second))
	if len(o.Past) != 1 || o.Past[0].From != at(0) || o.Past[0].To != at(200*second) {
		t.Fatalf("it was %+v", o.Past)
	}
	// The relays have forgotten its beginning: the page has not.
	s := State{Outage: o}
	s = s.Take([]News{sample("a", 100, without).after(101), sample("a", 201), sample("a", 202)}, at(203*second))
	if away := s.Away(); len(away) != 1 || away[0].From != at(0) || away[0].To < at(200*second) {
		t.Errorf("it is drawn as %+v", away)
	}
	o, _ = o.Hear(at(220*second), at(220*second)).Tick(at(223 * second))
	if o = o.Answer(503, away503, at(225*second)); len(o.Past) != 2 || o.Past[1].From != at(220*second) {
		t.Errorf("with another one it is %+v", o.Past)
	}
	o, _ = o.Hear(at(600*second), at(600*second)).Tick(at(600 * second))
	if len(o.Past) != 0 {
		t.Errorf("ten minutes later it is %+v", o.Past)
	}
}

func TestBeforeTheFirstReportOneWaitsAndAsks(t *testing.T) {
	o := NewOutage(at(0))
	if o, ask := o.Tick(at(1000)); ask || o.Flow != Waiting {
		t.Errorf("it is %s, asked %v", o.Flow, ask)
	}
	o, ask := o.Tick(at(2500))
	if !ask || o.Flow != Waiting || o.Words() != "" {
		t.Errorf("it is %s, asked %v: %s", o.Flow, ask, o.Words())
	}
	if o = o.Answer(503, away503, at(2600)); o.Flow != RedisAway {
		t.Errorf("it is %s", o.Flow)
	}
}
