package channel_test

import (
	"regexp"
	"strings"
	"testing"

	"fanlight/shared/channel"
)

// grammar is what the package's comment promises.
var grammar = regexp.MustCompile(`\A[a-z0-9][a-z0-9_.:-]{0,127}\z`)

func TestNamesOfTheGrammarAreTaken(t *testing.T) {
	for _, name := range []string{"a", "0", "realtime_channel", "news:eu.west-1", "a:", "a::b", "9lives", strings.Repeat("x", 128)} {
		if err := channel.Validate(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestOtherNamesAreRefusedAndToldWhy(t *testing.T) {
	for name, why := range map[string]string{
		"":                       "empty",
		strings.Repeat("x", 129): "at most 128 characters, not 129",
		":a":                     "begins with",
		"_a":                     "begins with",
		"A":                      "begins with",
		"é":                      "begins with",
		"aB":                     "character 2",
		"a b":                    "character 2",
		"ab/c":                   "character 3",
		"a{b}":                   "character 2",
		"aé":                     "character 2",
		"a\n":                    "character 2",
		"a\xff":                  "character 2",
		"a\x00":                  "character 2",
	} {
		if err := channel.Validate(name); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v; want %q", name, err, why)
		}
	}
}

func TestANamespaceIsWhatStandsBeforeTheFirstColon(t *testing.T) {
	for name, want := range map[string]string{"a": "", "a:b": "a", "a:b:c": "a", "a:": "a", "a.b:c": "a.b"} {
		if got := channel.Namespace(name); got != want {
			t.Errorf("%q is in %q, want %q", name, got, want)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, name := range []string{"", "a", "A", "a:b", "a b", "é", "a\n", strings.Repeat("a", 128), strings.Repeat("a", 129)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := channel.Validate(name)
		if (err == nil) != grammar.MatchString(name) {
			t.Fatalf("%q: %v", name, err)
		}
		if err == nil && !strings.HasPrefix(name, channel.Namespace(name)) {
			t.Fatalf("%q is in %q", name, channel.Namespace(name))
		}
	})
}
