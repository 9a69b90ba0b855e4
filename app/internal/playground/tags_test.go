package playground

import (
	"strings"
	"testing"

	"fanlight/shared/protocol"
)

func TestTagsAsTheyAreTyped(t *testing.T) {
	for text, want := range map[string]protocol.Tags{
		"":                             nil,
		" \t, ":                        nil,
		"level=warn":                   {"level": "warn"},
		" level=warn,  cpu=93.5\n":     {"level": "warn", "cpu": 93.5},
		`room="a b" n="7" m=-1e3`:      {"room": "a b", "n": "7", "m": -1000.0},
		`empty= other=""`:              {"empty": "", "other": ""},
		`a=Inf b=0x1 c=1_0 d=+1 e=01`:  {"a": "Inf", "b": "0x1", "c": "1_0", "d": "+1", "e": "01"},
		`a=true b=null c=[1] d=x=y`:    {"a": "true", "b": "null", "c": "[1]", "d": "x=y"},
		"a=1e999":                      {"a": "1e999"},
		`say="\"quoted\" and \\ more"`: {"say": `"quoted" and \ more`},
	} {
		got, problem := ReadTags(text)
		expect(t, text, got, want)
		expect(t, text+": the problem", problem, "")
		again, _ := ReadTags(strings.Join(WriteTags(got), " "))
		expect(t, text+": read again", again, want)
	}
}

func TestTagsThatAreNoneAreExplained(t *testing.T) {
	for text, want := range map[string]string{
		"level":                                "A tag is written name=value, unlike “level”.",
		"a=1 level warn":                       "A tag is written name=value, unlike “level”.",
		"a=1 a=2":                              "The tag a is there twice.",
		`a="b`:                                 "The tag a: the quotes do not end.",
		"Level=warn":                           "A tag's name is 1 to 32 characters of a-z",
		"a=" + strings.Repeat("x", 300):        "A tag's text has at most 256 bytes",
		strings.Join(many("t", "=1", 17), " "): "A publication has at most 16 tags",
		"=1":                                   "A tag's name is 1 to 32 characters of a-z",
	} {
		tags, problem := ReadTags(text)
		if tags != nil || !strings.HasPrefix(problem, want) {
			t.Errorf("%s: %v, %q, want %q", text, tags, problem, want)
		}
	}
}

func many(before, after string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, before+string(rune('a'+i))+after)
	}
	return all
}

// Tags of whatever kind are written so that they are read as the same.
func FuzzTags(f *testing.F) {
	f.Add("level", "warn", 1.5)
	f.Add("a", `"`, -1e-7)
	f.Add("b", "1", 1e300)
	f.Add("c", "\xa0\\\u2028", 7.0)
	f.Fuzz(func(t *testing.T, name, text string, n float64) {
		tags := protocol.Tags{name: text, "number": n}
		if tags.Check() != nil {
			return
		}
		got, problem := ReadTags(strings.Join(WriteTags(tags), " "))
		if problem != "" || len(got) != len(tags) || got[name] != tags[name] || got["number"] != tags["number"] {
			t.Fatalf("%v became %q and %v: %s", tags, WriteTags(tags), got, problem)
		}
	})
}
