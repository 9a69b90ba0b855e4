package broker

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestOurOwnMessagesKeepTheirPosition(t *testing.T) {
	for payload, want := range map[string]string{
		`{"fanlight":1,"epoch":"e1","offset":7,"prev":"p6","id":"i7","time":99,"data":{"a": [1]}}`: `{"a": [1]}`,
		`{"fanlight":1,"epoch":"e1","offset":7,"prev":"","id":"i7","time":99,"data":null}`:         `null`,
	} {
		got, _, err := decode("c", payload, 10, noon) // the limit is for others
		if want := (protocol.Publication{Channel: "c", Epoch: "e1", Offset: 7, ID: "i7", Time: 99, Data: json.RawMessage(want)}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v", payload, got, err)
		}
	}
}

func TestTagsAreReadAndForgedOnesAreLost(t *testing.T) {
	for tags, want := range map[string]protocol.Tags{
		`{"level":"warn","cpu":91.5}`: {"level": "warn", "cpu": 91.5},
		`{}`:                          nil,
		`null`:                        nil,
		`{"a":true}`:                  nil,
		`{"a":null}`:                  nil,
		`{"A":1}`:                     nil,
		`{"a":"x","b":[]}`:            nil,
		`{"a":1e999}`:                 nil,
		`[1]`:                         nil,
		`"level"`:                     nil,
		`{"a":"` + strings.Repeat("x", protocol.MaxTagText+1) + `"}`: nil,
	} {
		payload := `{"fanlight":1,"epoch":"e1","offset":7,"prev":"p6","id":"i7","time":99,"tags":` + tags + `,"data":1}`
		got, _, err := decode("c", payload, 10, noon)
		if err != nil || got.Foreign || got.Offset != 7 || !reflect.DeepEqual(got.Tags, want) {
			t.Errorf("%s is %+v, %v", tags, got, err)
		}
	}
}

func TestWhatLooksLikeOursAndIsNotIsForeign(t *testing.T) {
	for _, payload := range []string{
		`{"fanlight":1,`,
		`{"fanlight":1,}`,
		`{"fanlight":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":0,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":-1,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":1.5,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"","offset":1,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":1,"id":"","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e\"","offset":1,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":1,"id":"a b","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"` + strings.Repeat("e", 65) + `","offset":1,"id":"i","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"e","offset":1,"id":"i","time":1}`,
		`{"fanlight":1,"epoch":"e","offset":1,"id":"i","time":1,"data":1} and more`,
		`{"fanlight":2,"epoch":"e","offset":1,"id":"i","time":1,"data":1}`,
		` {"fanlight":1,"epoch":"e","offset":1,"id":"i","time":1,"data":1}`,
	} {
		got, _, err := decode("c", payload, 1000, noon)
		if err != nil || !got.Foreign || got.Offset != 0 || got.Epoch != "" || got.ID != "" || got.Time != noon.UnixMicro() {
			t.Errorf("%s is %+v, %v", payload, got, err)
		}
	}
}

func TestForeignMessagesAreTakenAsTheyAreOrRefused(t *testing.T) {
	for payload, want := range map[string]string{
		"hello":         `"hello"`,
		"":              `""`,
		`{"a":1}`:       `{"a":1}`,
		"{\n\"a\":\n1}": `{"a":1}`,
		"line\r\nline":  `"line\r\nline"`,
		"\x00":          `"\u0000"`,
		"0123456789":    `"0123456789"`,
	} {
		got, _, err := decode("c", payload, 10, noon)
		if err != nil || string(got.Data) != want || !got.Foreign {
			t.Errorf("%q is %s, %v", payload, got.Data, err)
		}
	}
	for payload, want := range map[string]error{
		"0123456789a": errForeignTooLarge,
		"a\xff":       errForeignNotUTF8,
		"\x80\x00":    errForeignNotUTF8,
	} {
		if _, _, err := decode("c", payload, 10, noon); !errors.Is(err, want) {
			t.Errorf("%q: %v", payload, err)
		}
	}
}

// Whatever arrives, what is delivered can be written to every client.
func FuzzDecode(f *testing.F) {
	for _, payload := range []string{
		`{"fanlight":1,"epoch":"e1","offset":7,"prev":"p6","id":"i7","time":99,"data":{"a": [1]}}`,
		"{\"fanlight\":1,\"epoch\":\"e1\",\"offset\":7,\"id\":\"i7\",\"time\":99,\"data\":\n[\n1]}",
		"{\"fanlight\":1,\"epoch\":\"e1\",\"offset\":7,\"id\":\"i7\",\"time\":99,\"data\":\"\xff\"}",
		"{\"fanlight\":1,\"epoch\":\"e1\",\"offset\":7,\"id\":\"i7\",\"time\":99,\"tags\":{\"a\":1.50,\n\"b\":\"\xff\"},\"data\":1}",
		`{"fanlight":1,"epoch":"e1","offset":7,"id":"i7","time":99,"tags":{"a":1e999},"data":1e999}`,
		"hello", "", "\xff", `"a"`, "[1,\n2]",
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		p, _, err := decode("c", payload, 64, noon)
		if err != nil {
			return
		}
		line := protocol.AppendPublication(nil, &p)
		ms, err := protocol.DecodeMessages(line)
		if err != nil || len(ms) != 1 || !reflect.DeepEqual(ms[0].Publication, &p) || !utf8.Valid(line) {
			t.Fatalf("%q becomes %q: %+v, %v", payload, line, ms, err)
		}
	})
}
