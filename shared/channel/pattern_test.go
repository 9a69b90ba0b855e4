package channel_test

import (
	"regexp"
	"strings"
	"testing"

	"fanlight/shared/channel"
)

func TestPatternsMeanWhatTheCommentSays(t *testing.T) {
	for _, test := range []struct{ pattern, sub, matches, others string }{
		{"chat", "", "chat", "chat: chat:go cha chatt"},
		{"chat:go", "", "chat:go", "chat chat:go:eu chat:goo chat:"},
		{"chat:*", "", "chat:go chat: chat:a.b-c_d", "chat chat:go:eu chatx:go"},
		{"*", "", "chat a", "chat:go a:"},
		{"*:go", "", "chat:go news:go", "go chat:go:eu chat:rust"},
		{"a:*:c", "", "a:b:c a::c", "a:c a:b:b:c a:b"},
		{"#", "", "a a:b a:b:c a::", ""},
		{"user:alice:#", "", "user:alice user:alice:x user:alice:x:y user:alice:", "user user:bob user:alicex user:alice.x"},
		{"*:#", "", "a a:b a:b:c", ""},
		{"user:{sub}:#", "alice", "user:alice user:alice:x", "user:bob user user:"},
		{"user:{sub}", "a.b-c_1", "user:a.b-c_1", "user:a"},
		{"{sub}:in", "alice", "alice:in", "bob:in"},
		{"a::b", "", "a::b", "a:b a:x:b"},
		// A subject that is not one segment matches nothing, not even what
		// looks the same.
		{"user:{sub}", "", "", "user: user:alice"},
		{"user:{sub}", "alice:x", "", "user:alice:x user:alice user:x"},
		{"user:{sub}:#", "alice:x", "", "user:alice:x user:alice"},
		{"user:{sub}", "Alice", "", "user:alice user:Alice"},
		{"user:{sub}", "*", "", "user:alice user:*"},
		{"user:{sub}", "#", "", "user:alice user"},
		{"user:{sub}", "{sub}", "", "user:alice"},
	} {
		pattern := parse(t, test.pattern)
		if pattern.String() != test.pattern {
			t.Errorf("%q became %q", test.pattern, pattern)
		}
		for name := range strings.FieldsSeq(test.matches) {
			if !pattern.Match(name, test.sub) {
				t.Errorf("%q, for %q, does not match %q", pattern, test.sub, name)
			}
		}
		for name := range strings.FieldsSeq(test.others) {
			if pattern.Match(name, test.sub) {
				t.Errorf("%q, for %q, matches %q", pattern, test.sub, name)
			}
		}
	}
}

func TestThePatternOfNothingMatchesNothing(t *testing.T) {
	for _, name := range []string{"", "a", "a:b"} {
		if (channel.Pattern{}).Match(name, "a") {
			t.Errorf("it matches %q", name)
		}
	}
}

func TestWrongPatternsAreRefusedAndToldWhy(t *testing.T) {
	for text, why := range map[string]string{
		"":                          "empty",
		strings.Repeat("a", 129):    "at most 128 characters, not 129",
		":a":                        "begins with",
		"_a":                        "begins with",
		"A":                         "begins with",
		"a b":                       "character 2 is another",
		"aB":                        "character 2 is another",
		"a\x00":                     "character 2 is another",
		"é":                         "begins with",
		"a:é":                       "character 3 is another",
		"chat*":                     "character 5 of a pattern: '*'",
		"chat:*x":                   "character 6 of a pattern",
		"chat:**":                   "character 6 of a pattern",
		"chat:x#":                   "character 7 of a pattern",
		"#:a":                       "only be the last",
		"a:#:b":                     "only be the last",
		"a:#:":                      "only be the last",
		"user:{sub}x":               "character 6 of a pattern",
		"user:{user}":               "character 6 of a pattern",
		"user:{}":                   "character 6 of a pattern",
		"user:{SUB}":                "character 6 of a pattern",
		"user:" + "{sub}" + "{sub}": "character 6 of a pattern",
	} {
		if p, err := channel.ParsePattern(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, %v; want %q", text, p, err, why)
		}
	}
}

func TestMatchingAllocatesNothing(t *testing.T) {
	pattern := parse(t, "user:{sub}:*:#")
	if n := testing.AllocsPerRun(100, func() { pattern.Match("user:alice:a:b:c", "alice") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParsePattern compares patterns with regular expressions of the same
// meaning.
func FuzzParsePattern(f *testing.F) {
	for _, seed := range [][3]string{
		{"chat:*", "chat:go", ""},
		{"#", "a:b", ""},
		{"user:{sub}:#", "user:alice", "alice"},
		{"user:{sub}", "user:a:b", "a:b"},
		{"a:#:b", "a", ""},
		{"a::b", "a::b", ""},
		{"*", "a:", ""},
		{"*:*", "a:", ""},
		{"{sub}", "a\n", "a\n"},
		{"", "", ""},
		{"user:{sub}", "user:", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	grammar := regexp.MustCompile(`\A([a-z0-9*#]|\{sub\}).*\z`)
	segment := regexp.MustCompile(`\A([a-z0-9_.-]*|\*|\{sub\}|#)\z`)
	oneSegment := regexp.MustCompile(`\A[a-z0-9_.-]+\z`)
	f.Fuzz(func(t *testing.T, text, name, sub string) {
		pattern, err := channel.ParsePattern(text)
		segments := strings.Split(text, ":")
		valid := len(text) <= channel.MaxLen && grammar.MatchString(text)
		expression := ""
		for i, s := range segments {
			valid = valid && segment.MatchString(s) && (s != "#" || i == len(segments)-1)
			if s != "#" && i > 0 {
				expression += ":"
			}
			switch s {
			case "*":
				expression += "[^:]*"
			case "#":
				if i > 0 {
					expression += "(:.*)?"
				} else {
					expression += ".*"
				}
			case "{sub}":
				if oneSegment.MatchString(sub) {
					expression += regexp.QuoteMeta(sub)
				} else {
					expression += `[^\s\S]`
				}
			default:
				expression += regexp.QuoteMeta(s)
			}
		}
		if valid != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil || channel.Validate(name) != nil {
			return
		}
		if want := regexp.MustCompile(`\A(?s:` + expression + `)\z`).MatchString(name); pattern.Match(name, sub) != want {
			t.Fatalf("%q on %q for %q: %v", text, name, sub, !want)
		}
	})
}

func parse(t *testing.T, text string) channel.Pattern {
	t.Helper()
	pattern, err := channel.ParsePattern(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return pattern
}
