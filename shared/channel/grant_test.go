package channel_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func TestGrantsAllowWhatTheySayAndNothingElse(t *testing.T) {
	g := grants(t, `{"chat:*": ["subscribe","publish"], "chat:go": ["history"], "user:{sub}:#": ["presence"]}`)
	for _, test := range []struct {
		op   channel.Op
		name string
		want bool
	}{
		{channel.Subscribe, "chat:go", true},
		{channel.Publish, "chat:go", true},
		{channel.History, "chat:go", true}, // by the other grant
		{channel.Presence, "chat:go", false},
		{channel.History, "chat:rust", false},
		{channel.Subscribe, "chat", false},
		{channel.Subscribe | channel.History, "chat:go", true},
		{channel.Subscribe | channel.Presence, "chat:go", false},
		{channel.Presence, "user:alice", true},
		{channel.Presence, "user:alice:x", true},
		{channel.Presence, "user:bob", false},
		{channel.Subscribe, "user:alice", false},
		{0, "chat:go", false},
	} {
		if filters, ok := g.Allow(test.op, test.name, "alice"); ok != test.want || filters != nil {
			t.Errorf("%v on %s: %v, through %q", test.op, test.name, ok, filters)
		}
	}
	if _, ok := channel.Grants(nil).Allow(channel.Subscribe, "a", ""); ok {
		t.Error("no grants allow something")
	}
}

func TestAFilterIsNeverLoosenedByAnotherGrant(t *testing.T) {
	g := grants(t, `{
		"a:#": {"ops": ["subscribe"], "filter": "x == 1"},
		"a:b": ["subscribe", "history", "publish"],
		"*:b": {"ops": ["presence"], "filter": "y == 2"},
		"a:*": {"ops": ["subscribe"], "filter": "x == 1"}
	}`)
	for _, test := range []struct {
		op      channel.Op
		name    string
		filters []string
		ok      bool
	}{
		{channel.Subscribe, "a:b", []string{"y == 2", "x == 1"}, true},
		{channel.History, "a:b", []string{"y == 2", "x == 1"}, true}, // granted without one
		{channel.Subscribe, "a", []string{"x == 1"}, true},
		{channel.Publish, "a:b", nil, true},
		{channel.Presence, "a:b", nil, true},
		{channel.History, "a:c", []string{"x == 1"}, false}, // for another rule that allows it
		{channel.History, "b:c", nil, false},
	} {
		if filters, ok := g.Allow(test.op, test.name, ""); ok != test.ok || !slices.Equal(filters, test.filters) {
			t.Errorf("%v on %s: %v, through %q", test.op, test.name, ok, filters)
		}
	}
}

func TestGrantsAsJSONComeBackInTheOrderOfTheirPatterns(t *testing.T) {
	g := grants(t, ` {"chat:*":["publish","subscribe","publish"], "alerts:#": {"filter":"level == \"warn\"","ops":["history"]}} `)
	b, err := json.Marshal(g)
	if want := `{"alerts:#":{"ops":["history"],"filter":"level == \"warn\""},"chat:*":["subscribe","publish"]}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	if !grants(t, string(b)).Equal(g) {
		t.Errorf("%s is another", b)
	}
	for text, want := range map[string]string{`{}`: `{}`, `null`: `{}`} {
		if b, err := json.Marshal(grants(t, text)); err != nil || string(b) != want {
			t.Errorf("%s became %s, %v", text, b, err)
		}
	}
	if g.Equal(grants(t, `{"chat:*":["publish","subscribe"]}`)) {
		t.Error("other grants are equal")
	}
}

func TestWrongGrantsAreRefusedAndToldWhy(t *testing.T) {
	many := make([]string, 0, channel.MaxGrants+1)
	for i := range channel.MaxGrants + 1 {
		many = append(many, fmt.Sprintf(`"a%d":["publish"]`, i))
	}
	if g := grants(t, "{"+strings.Join(many[1:], ",")+"}"); len(g) != channel.MaxGrants {
		t.Errorf("%d grants", len(g))
	}
	long := func(n int) string {
		return `{"a":{"ops":["subscribe"],"filter":"` + strings.Repeat("x", n) + `"}}`
	}
	grants(t, long(protocol.MaxFilter))
	for text, why := range map[string]string{
		`[]`:                                     "an object",
		`"chat"`:                                 "an object",
		`7`:                                      "an object",
		`true`:                                   "an object",
		`{"":["publish"]}`:                       "can't be empty",
		`{"A":["publish"]}`:                      "begins with",
		`{"a":[]}`:                               "no operation",
		`{"a":null}`:                             "no operation",
		`{"a":{}}`:                               "no operation",
		`{"a":{"filter":"x == 1"}}`:              "no operation",
		`{"a":["write"]}`:                        `"write" is not an operation`,
		`{"a":["Publish"]}`:                      "is not an operation",
		`{"a":[7]}`:                              "its value is",
		`{"a":["publish",null]}`:                 "is not an operation",
		`{"a":"publish"}`:                        "its value is",
		`{"a":7}`:                                "its value is",
		`{"a":{"ops":"publish"}}`:                "its value is",
		`{"a":{"ops":["publish"],"fliter":"x"}}`: "its value is",
		`{"a":{"ops":["publish"],"filter":7}}`:   "its value is",
		`{"a":["publish"],"a":["subscribe"]}`:    "twice",
		`{"a":{"` + strings.Repeat("x", 8000) + `":1}}`: "its value is",
		`{"a":["` + strings.Repeat("x", 8000) + `"]}`:   "is not an operation",
		`{"` + strings.Repeat("x", 8000) + `":[]}`:      "at most 128 characters",
		"{" + strings.Join(many, ",") + "}":             "more than 64",
		long(protocol.MaxFilter + 1):                    "its filter has 513 bytes",
	} {
		g := channel.Grants{{}}
		if err := json.Unmarshal([]byte(text), &g); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.60s: %v; want %q", text, err, why)
		} else if len(err.Error()) > 500 {
			t.Errorf("%.60s: it takes %d bytes to say so", text, len(err.Error()))
		}
		if len(g) != 1 {
			t.Errorf("%.60s left %v behind", text, g)
		}
	}
}

func TestOperationsHaveNames(t *testing.T) {
	for op := range channel.All + 1 {
		if back, err := channel.ParseOps(op.Names()); err != nil || back != op {
			t.Errorf("%q became %v, %v", op.Names(), back, err)
		}
	}
	if s := channel.All.String(); s != "subscribe,publish,history,presence" {
		t.Error(s)
	}
}

func FuzzGrants(f *testing.F) {
	for _, seed := range []string{
		`{"chat:*":["subscribe","publish","history","presence"]}`, `{"a:#":{"ops":["history"],"filter":"x == \"\u00e9\""}}`, `{}`, `null`,
		`{"a":["publish"],"a":["publish"]}`, `{"a":["publish"]`, `{"user:{sub}:#":["presence"]} `, `[]`, `{"a":{"ops":["publish"],"x":1}}`, `{"a":["publish"]}x`,
	} {
		f.Add([]byte(seed), "a:b", "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, name, sub string) {
		var g, again channel.Grants
		if json.Unmarshal(text, &g) != nil {
			return
		}
		b, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &again); err != nil || !again.Equal(g) {
			t.Fatalf("%s became %s: %v", text, b, err)
		}
		if len(g) > channel.MaxGrants {
			t.Fatalf("%d grants", len(g))
		}
		// What all grants allow is what one of them allows, and all filters hold.
		for op := channel.Subscribe; op < channel.All; op <<= 1 {
			filters, ok := g.Allow(op, name, sub)
			want := false
			for i, one := range g {
				own, allowed := g[i:i+1].Allow(op, name, sub)
				want = want || allowed
				if len(own) > 0 && !slices.Contains(filters, one.Filter) {
					t.Fatalf("%s: %q is not among %q", b, own, filters)
				}
			}
			if ok != want {
				t.Fatalf("%s: %v on %q for %q", b, op, name, sub)
			}
		}
	})
}

func grants(t *testing.T, text string) channel.Grants {
	t.Helper()
	var g channel.Grants
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatalf("%.60s: %v", text, err)
	}
	return g
}
