package protocol_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

func TestOneLineKeepsDataThatIsOnOneLine(t *testing.T) {
	for _, data := range []string{`1`, `{"a": [1,  2]}`, `"a\nb"`, `null`} {
		if got := protocol.OneLine(json.RawMessage(data)); string(got) != data {
			t.Errorf("%s became %s", data, got)
		}
	}
	for data, want := range map[string]string{
		"{\n  \"a\": 1,\r\n  \"b\": \"x  y\"\n}": `{"a":1,"b":"x  y"}`,
		"\t1\n":                                  `1`,
		"[1,\r2]":                                `[1,2]`,
		"\r\n\"\"\r":                             `""`,
	} {
		if got := protocol.OneLine(json.RawMessage(data)); string(got) != want {
			t.Errorf("%q became %q, want %q", data, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("{\n\"a\":\r[1,\t2]}")
	f.Fuzz(func(t *testing.T, data string) {
		if !json.Valid([]byte(data)) {
			t.Skip()
		}
		got := protocol.OneLine(json.RawMessage(data))
		if bytes.ContainsAny(got, "\r\n") {
			t.Fatalf("%q became %q", data, got)
		}
		var before, after any
		if err := json.Unmarshal([]byte(data), &before); err != nil {
			t.Skip() // a number out of range
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", data, got)
		}
	})
}

func TestWhatSomebodyTypesIsJSONIfItCanBe(t *testing.T) {
	for text, want := range map[string]string{
		"hello":       `"hello"`,
		"":            `""`,
		"1":           `1`,
		` {"a": 1} `:  `{"a": 1}`,
		"{\"a\":\n1}": `{"a":1}`,
		`"quoted"`:    `"quoted"`,
		`{"a":`:       `"{\"a\":"`,
		"a\nb":        `"a\nb"`,
		"<b>&":        `"<b>&"`,
		"true":        `true`,
		"nul":         `"nul"`,
		"  two ":      `"  two "`,
	} {
		if got := protocol.TextOrJSON([]byte(text)); string(got) != want {
			t.Errorf("%q became %s, want %s", text, got, want)
		}
	}
}

func TestAPlainReaderSeesTextWithoutItsQuotes(t *testing.T) {
	for data, want := range map[string]string{
		`"hello"`:      "hello",
		`""`:           "",
		`"a\nb\u00e9"`: "a\nbé",
		`{"a": "b"}`:   `{"a": "b"}`,
		`12`:           `12`,
		`null`:         `null`,
		`"\ud800"`:     "\ufffd", // half a surrogate pair is no character
		`"half`:        `"half`,
	} {
		if got := protocol.Plain(json.RawMessage(data)); string(got) != want {
			t.Errorf("%s is shown as %q, want %q", data, got, want)
		}
	}
	if got := protocol.Plain(nil); len(got) != 0 {
		t.Errorf("nothing is shown as %q", got)
	}
}

// What somebody typed into one plain socket comes out of another: exactly, if
// it is text; with the same meaning, if it is JSON.
func FuzzTextOrJSONToPlain(f *testing.F) {
	for _, text := range []string{"hello", `"quoted"`, "a\r\nb", "{\"a\":\n1}", "\u2028", "<", "1e400", strings.Repeat("[", 20)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		data := protocol.TextOrJSON([]byte(text))
		if !json.Valid(data) || bytes.ContainsAny(data, "\r\n") || !utf8.Valid(data) {
			t.Fatalf("%q became %q", text, data)
		}
		shown := protocol.Plain(data)
		if !utf8.Valid(shown) {
			t.Fatalf("%q is shown as %q", text, shown)
		}
		if !json.Valid([]byte(text)) && string(shown) != text {
			t.Fatalf("text %q came out as %q", text, shown)
		}
		if got := string(protocol.Plain(protocol.Text(text))); got != text {
			t.Fatalf("text %q came out as %q", text, got)
		}
	})
}
