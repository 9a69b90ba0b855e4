package filter_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"fanlight/server/internal/filter"
	"fanlight/shared/protocol"
)

func compile(t testing.TB, text string) *filter.Filter {
	t.Helper()
	f, err := filter.Compile(text)
	if err != nil {
		t.Fatalf("%s: %+v", text, err)
	}
	return f
}

func TestAFilterMatchesByTags(t *testing.T) {
	loud := protocol.Tags{"level": "error", "cpu": 95.5, "host": "web-1", "limit": 90.0, "zero": 0.0}
	for text, want := range map[string]bool{
		`level in ["warn","error"] && cpu > 90`: true,
		`level in ["warn","error"] && cpu > 99`: false,
		`level in ["warn", "info"]`:             false,
		`level not in ["warn", "info"]`:         true,
		`!(level in ["error"])`:                 false,
		`cpu in [1, 95.5, -3]`:                  true,
		`zero in [-0]`:                          true,
		`cpu in [1, 2]`:                         false,
		`"x" in ["x"]`:                          true,
		`level == "error"`:                      true,
		`"error" == level`:                      true,
		`level != 'error'`:                      false,
		`level < "f" and level >= "e"`:          true,
		"level == `error`":                      true,
		`cpu == 95.5`:                           true,
		`cpu > 95 && cpu < 96`:                  true,
		`95 < cpu < 96`:                         true,
		`cpu >= 0x5f and cpu <= 1_000`:          true,
		`zero > -1`:                             true,
		`zero == -0.0`:                          true,
		`cpu > limit`:                           true,
		`level == host`:                         false,
		`level != host`:                         true,
		`host startsWith "web" && not (host endsWith "2") && host contains "-"`: true,
		`host not contains "eb"`:           false,
		`"web-1-a" startsWith host`:        true,
		`true`:                             true,
		`false || true`:                    true,
		`not false and !false`:             true,
		`1 < 2`:                            true,
		`level == "warn" || cpu > 90`:      true,
		`level == "error" // as a comment`: true,
	} {
		if got := compile(t, text).Match(loud); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// What a publication does not say can't speak for it: neither == nor != nor a
// ! around them lets it through.
func TestATagThatIsMissingOrOfAnotherTypeMatchesNothing(t *testing.T) {
	for _, tags := range []protocol.Tags{
		nil,
		{},
		{"other": "x"},
		{"level": 5.0, "cpu": "high", "a": "5", "b": 5.0}, // of the wrong types
	} {
		for _, text := range []string{
			`level == "x"`, `level != "x"`, `!(level == "x")`, `not (level != "x")`,
			`level in ["x"]`, `level not in ["x"]`, `!(level in ["x"])`,
			`level contains "x"`, `level not contains "x"`, `level startsWith ""`, `"x" endsWith level`,
			`level < "x"`, `!(level < "x")`,
			`cpu == 5`, `cpu != 5`, `cpu > 5`, `!(cpu > 5)`, `cpu in [5]`, `cpu not in [5]`,
			`a == b`, `a != b`, `!(a == b)`, `a < b`, `!(a >= b)`,
			`cpu > 5 || true`,
		} {
			if compile(t, text).Match(tags) {
				t.Errorf("%s matches %v", text, tags)
			}
		}
		for _, text := range []string{`true`, `true || cpu > 5`, `false || true`, `!(false && cpu > 5)`} {
			if !compile(t, text).Match(tags) {
				t.Errorf("%s does not match %v: nothing has to be looked at", text, tags)
			}
		}
	}
}

// Names of the library's functions, and most of its words, are names like others.
func TestTagsMayBeCalledAsTheyLike(t *testing.T) {
	for _, name := range []string{"count", "len", "filter", "all", "type", "map", "now", "if", "else", "env", "_", "a_1", "text", "number", "alike"} {
		f := compile(t, name+" == 1")
		if !f.Match(protocol.Tags{name: 1.0}) || f.Match(protocol.Tags{name: 2.0}) {
			t.Errorf("%s does not work as a name", name)
		}
	}
}

func TestWhatAFilterLooksAtIsTold(t *testing.T) {
	f := compile(t, `level in ["warn"] && (cpu > 90 || level == host) && 1 < 2`)
	if got := f.Names(); !slices.Equal(got, []string{"cpu", "host", "level"}) {
		t.Error(got)
	}
	if got := compile(t, "true").Names(); len(got) != 0 {
		t.Error(got)
	}
	if f.String() != `level in ["warn"] && (cpu > 90 || level == host) && 1 < 2` {
		t.Error(f)
	}
}

func TestAWrongExpressionIsRefusedWithItsPlace(t *testing.T) {
	for text, at := range map[string]int{
		"":                              1,
		"  \n ":                         1,
		`level`:                         1,
		`level ==`:                      9,
		`level = "x"`:                   7,
		`level == "x" cpu > 1`:          14,
		`level == "x" && `:              17,
		`(level == "x"`:                 14,
		`level == "x")`:                 13,
		`level == "x`:                   12,
		`über == "x"`:                   1,
		`level == "ü" && cpu = 5`:       21,
		`level == "🙂🙂" && 🙂 > 5`:        18,
		"level == \"x\" &&\n\n cpu + 1": 23,
		`Level == "x"`:                  1,
		`level == "x" && aVeryLongName12345678901234567890 > 1`: 17,
		`level == true`:                 10,
		`level == nil`:                  10,
		`level == "x" && 5`:             17,
		`level == 5 && cpu == "x"`:      0,
		`"x" == 5`:                      5,
		`level in ["a", 5]`:             16,
		`level in []`:                   10,
		`level in level`:                7,
		`level in ["a", cpu]`:           16,
		`5 in ["a"]`:                    3,
		`cpu contains 5`:                5,
		`-level > 5`:                    1,
		`+5 > cpu`:                      1,
		`-(level == "x")`:               1,
		`cpu + 1 > 5`:                   5,
		`["a"] == level`:                1,
		`(a == 1) == (b == 2)`:          4,
		`cpu > 99999999999999999999999`: 7,
		`cpu > 99999999999999999999999 && a == 1`: 7,
		`cpu > 1e999 `: 7,
	} {
		_, err := filter.Compile(text)
		var e *protocol.Error
		if at == 0 {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Code != protocol.CodeFilterInvalid || e.Field != "filter" || e.At != at || e.Message == "" {
			t.Errorf("%q: %+v, want it at %d", text, err, at)
		}
	}
}

func TestAHostileExpressionIsRefused(t *testing.T) {
	deep := strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200)
	if !compile(t, deep).Match(nil) {
		t.Error("parentheses around true make it false")
	}
	for _, text := range []string{
		strings.Repeat("(", protocol.MaxFilter),
		strings.Repeat("!", protocol.MaxFilter),
		strings.Repeat("[", protocol.MaxFilter),
		strings.Repeat("-", protocol.MaxFilter),
		strings.Repeat("{", protocol.MaxFilter),
		strings.Repeat("not ", protocol.MaxFilter/4),
		strings.Repeat("a.", protocol.MaxFilter/2),
		"[" + strings.Repeat("1,", 200) + "1] == cpu",
		`cpu in 1..1e9`, `cpu in 1..1000000000`, `1..1e9`, `len(1..1000000000) > 1`,
		`any(1..1000000000, # > 5)`, `all([1], {# > 0})`, `map([1], #) == cpu`, `count([1], true) > 0`,
		`reduce(1..10, #acc + #) > 0`, `filter([1], true) == cpu`, `[1] | len() > 0`,
		`level.foo == "x"`, `level["foo"] == "x"`, `level[0:1] == "x"`, `level?.foo == "x"`, `level.foo()`, `level()`, `foo("x") == "x"`,
		`level matches "(a+)+$"`, `level not matches "a"`, `level matches level`,
		`$env == 1`, `$env.level == "x"`, `$env["level"] == "x"`, `# == 1`, `.level == "x"`, `::level == 1`, `::len("x") == 1`,
		`let x = 1; x == 1`, `true; true`, `true ? true : false`, `level ?? "x" == "x"`, `if true { true } else { false }`,
		`{"a": 1} == 1`, `b"x" == level`, `nil == nil`, `nil`,
		`cpu ** 9999999 > 1`, `cpu ^ 2 > 1`, `cpu % 2 == 0`, `"a" + "b" == level`, `cpu * 1 == 1`, `cpu / 0 == 1`,
		`now() == 1`, `date("2020") == 1`, `repeat("a", 1000000000) == level`, `upper(level) == "X"`, `env == {}`,
		`Text(level) == "x"`, `Number(cpu) == 1`, `Alike(a, b) == 1`, `Text == "x"`,
		"level == \"\xff\"", "level == \"x\x00", "\x00",
		"/*", "// only a comment", `level == "\u{ffffff}"`,
	} {
		_, err := filter.Compile(text)
		var e *protocol.Error
		if !errors.As(err, &e) || e.Code != protocol.CodeFilterInvalid || e.At < 1 || e.At > len(text)+1 {
			t.Errorf("%.60q: %+v", text, err)
		}
	}
	_, err := filter.Compile(`level == "` + strings.Repeat("x", protocol.MaxFilter) + `"`)
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != protocol.CodeFilterInvalid || e.Limit != protocol.MaxFilter {
		t.Errorf("one that is too long: %v", err)
	}
}

func TestTheSameTextIsTheSameFilter(t *testing.T) {
	c := filter.NewCache(3)
	get := func(text string) *filter.Filter {
		f, err := c.Get(text)
		if err != nil || f.String() != text {
			t.Fatalf("%s: %v, %v", text, f, err)
		}
		return f
	}
	a, b := get("a == 1"), get("b == 1")
	if get("a == 1") != a || a == b {
		t.Error("the same text is another filter")
	}
	if _, err := c.Get("a = 1"); err == nil {
		t.Error("a wrong one is not refused")
	}
	get("c == 1")
	get("a == 1") // so that b is the one least used
	get("d == 1")
	if get("a == 1") != a {
		t.Error("what is used falls out")
	}
	if get("b == 1") == b {
		t.Error("the cache keeps more than it may")
	}
}

// For the race detector.
func TestEverybodyMayUseACacheAndItsFiltersAtOnce(t *testing.T) {
	c := filter.NewCache(4)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				n := (g + i) % 6
				f, err := c.Get(fmt.Sprintf("n == %d", n))
				if err != nil || !f.Match(protocol.Tags{"n": float64(n)}) || f.Match(protocol.Tags{"n": -1.0}) {
					t.Errorf("%d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
}

// Whatever comes is compiled or refused with its place; what was compiled can
// be matched with anything, twice with the same outcome.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`level in ["warn","error"] && cpu > 90`, `!(a == b) or c contains "ü" and 1 < d <= 0x1f`,
		`cpu in 1..1e9`, `level matches "(a+)+$"`, `any(1..9, # > 5)`, "a == `x``y`", `a?.b ?? c ? d : e`,
		`let x = 1; x`, `"\u{1f642}" == a`, `b'\x00' in [[]]`, `-`, `::a`, `[1,2,`, `(((`, `a not in [-1, -2.5e3]`,
	} {
		f.Add(seed, "warn", 91.5)
	}
	f.Fuzz(func(t *testing.T, text, value string, number float64) {
		got, err := filter.Compile(text)
		if err != nil {
			var e *protocol.Error
			if !errors.As(err, &e) || e.Code != protocol.CodeFilterInvalid || e.At < 1 != (e.Limit > 0) || e.At > len(text)+1 {
				t.Fatalf("%q: %+v", text, err)
			}
			return
		}
		for _, tags := range []protocol.Tags{nil, {"level": value, "cpu": number, "a": value, "b": value, "c": number, "d": number}} {
			if first, again := got.Match(tags), got.Match(tags); first != again {
				t.Fatalf("%q matches %v and does not", text, tags)
			}
		}
		for _, name := range got.Names() {
			if err := (protocol.Tags{name: ""}).Check(); err != nil {
				t.Fatalf("%q looks at %q: %v", text, name, err)
			}
			// With every name there, in either type, it still ends.
			got.Match(protocol.Tags{name: value})
			got.Match(protocol.Tags{name: number})
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	f := compile(b, `level in ["warn","error"] && cpu > 90`)
	for name, tags := range map[string]protocol.Tags{
		"yes":     {"level": "error", "cpu": 95.0},
		"no":      {"level": "error", "cpu": 5.0},
		"missing": {},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Match(tags)
			}
		})
	}
}
