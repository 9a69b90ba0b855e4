package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

func TestARefusedCommandSaysWhyAndKeepsItsID(t *testing.T) {
	for line, want := range map[string]struct {
		id    uint64
		code  protocol.Code
		field string
	}{
		``:                                      {0, protocol.CodeBadFrame, ""},
		`hello`:                                 {0, protocol.CodeBadFrame, ""},
		`null`:                                  {0, protocol.CodeBadFrame, ""},
		`7`:                                     {0, protocol.CodeBadFrame, ""},
		`"ping"`:                                {0, protocol.CodeBadFrame, ""},
		`[{}]`:                                  {0, protocol.CodeBadFrame, ""},
		`{"id":1,`:                              {0, protocol.CodeBadFrame, ""},
		`{"id":1,"ping":{}} {"id":2,"ping":{}}`: {0, protocol.CodeBadFrame, ""},

		`{}`:                   {0, protocol.CodeUnknownCommand, ""},
		`{"id":7}`:             {7, protocol.CodeUnknownCommand, ""},
		`{"id":7,"dance":{}}`:  {7, protocol.CodeUnknownCommand, ""},
		`{"id":7,"ping":null}`: {7, protocol.CodeUnknownCommand, ""},
		`{"id":7,"ping":{},"subscribe":{"channel":"a"}}`: {7, protocol.CodeUnknownCommand, ""},

		`{"ping":{}}`:                                  {0, protocol.CodeBadRequest, "id"},
		`{"id":0,"ping":{}}`:                           {0, protocol.CodeBadRequest, "id"},
		`{"id":-1,"ping":{}}`:                          {0, protocol.CodeBadRequest, "id"},
		`{"id":1.5,"ping":{}}`:                         {0, protocol.CodeBadRequest, "id"},
		`{"id":"7","ping":{}}`:                         {0, protocol.CodeBadRequest, "id"},
		`{"id":18446744073709551616,"ping":{}}`:        {0, protocol.CodeBadRequest, "id"},
		`{"id":7,"ping":1}`:                            {7, protocol.CodeBadRequest, "ping"},
		`{"subscribe":{"channel":7},"id":7}`:           {7, protocol.CodeBadRequest, "subscribe.channel"},
		`{"id":7,"connect":{"version":"1"}}`:           {7, protocol.CodeBadRequest, "connect.version"},
		`{"id":7,"connect":{"version":1,"flush":1.5}}`: {7, protocol.CodeBadRequest, "connect.flush"},
	} {
		c, err := protocol.DecodeCommand([]byte(line))
		var e *protocol.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", line, err)
			continue
		}
		if c.ID != want.id || e.Code != want.code || e.Field != want.field {
			t.Errorf("%s: id %d, %s in %q; want %+v", line, c.ID, e.Code, e.Field, want)
		}
		if strings.Contains(e.Message, "protocol.") {
			t.Errorf("%s: a client is told of our Go types: %s", line, e.Message)
		}
	}
}

func FuzzDecodeCommand(f *testing.F) {
	for _, line := range []string{
		`{"id":1,"connect":{"version":1}}`, `{"id":2,"subscribe":{"channel":"a"}}`, `{"id":3,"publish":{"channel":"a","data":[1]}}`,
		`{"id":4,"subscribe":{"channel":7}}`, `{"id":5,"ping":1}`, `null`, `[]`, `{"ID":6,"Ping":{}}`, "{\"id\":7,\xff}", `{"id":8,"id":null}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := protocol.DecodeCommand(line)
		if err != nil {
			var e *protocol.Error
			if !errors.As(err, &e) || e.Status() == 0 || e.Message == "" {
				t.Fatalf("error %#v", err)
			}
			var loose map[string]json.RawMessage
			var id uint64
			exact := json.Unmarshal(line, &loose) == nil && len(loose) > 0 && json.Unmarshal(loose["id"], &id) == nil
			// Of names that differ only in case, the last one counts, and of one that
			// is there twice too, unless it is null; that is encoding/json's, and not
			// promised.
			exact = exact && string(loose["id"]) != "null"
			for name := range loose {
				exact = exact && (name == "id" || !strings.EqualFold(name, "id"))
			}
			if exact && c.ID != id {
				t.Fatalf("the id was %d and is lost: %+v", id, c)
			}
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := protocol.DecodeCommand(again); err != nil || twice.ID != c.ID || c.ID == 0 {
			t.Fatalf("%s is taken, but not %s: %v", line, again, err)
		}
	})
}

func FuzzAppendPublication(f *testing.F) {
	f.Add("news", "3k7q2mxa", uint64(42), "ID42", int64(1763902443123456), `{"n":1}`, false)
	f.Add("a.b:c-d_e", "", uint64(0), "", int64(0), `"<\u2028>"`, true)
	f.Add("a", "e", uint64(1<<64-1), "i", int64(-1), ` [1,
		2] `, false)
	f.Add("a", "e", uint64(1), "i", int64(1), "1e999", false)
	f.Fuzz(func(t *testing.T, channel, epoch string, offset uint64, id string, micros int64, data string, foreign bool) {
		if !json.Valid([]byte(data)) || !utf8.ValidString(data) || !plain(channel+epoch+id) {
			t.Skip()
		}
		p := protocol.Publication{Channel: channel, Time: micros, Foreign: foreign, Data: protocol.OneLine(json.RawMessage(data))}
		if !foreign {
			p.Epoch, p.Offset, p.ID = epoch, offset, id
		}
		line := protocol.AppendPublication(nil, &p)
		if bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("more than one line: %q", line)
		}
		ms, err := protocol.DecodeMessages(line)
		if err != nil || len(ms) != 1 || !reflect.DeepEqual(ms[0], protocol.Message{Publication: &p}) {
			t.Fatalf("%s is read as %+v, %v", line, ms, err)
		}
		// What encoding/json would have written means the same. Numbers are
		// compared as they are spelled: data may hold one that no float64 does.
		want, err := json.Marshal(protocol.Message{Publication: &p})
		if err != nil {
			t.Fatal(err)
		}
		byHand, err := spelled(line)
		if err != nil {
			t.Fatalf("%s is not JSON: %v", line, err)
		}
		byJSON, err := spelled(want)
		if err != nil {
			t.Fatalf("%s is not JSON: %v", want, err)
		}
		if epoch != "" && offset != 0 && id != "" && !reflect.DeepEqual(byHand, byJSON) {
			t.Fatalf("%s is not %s", line, want)
		}
	})
}

func spelled(line []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	return v, d.Decode(&v)
}

func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

func TestLinesAreTheValuesOfAFrame(t *testing.T) {
	for frame, want := range map[string][]string{
		"":                    nil,
		"\n":                  nil,
		"\n \r\n\t\n":         nil,
		"{}":                  {"{}"},
		"{}\n":                {"{}"},
		"{}\n[]":              {"{}", "[]"},
		"\n{}\r\n\n [] \n1\n": {"{}", "[]", "1"},
	} {
		var got []string
		for line := range protocol.Lines([]byte(frame)) {
			got = append(got, string(line))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q has the lines %q, want %q", frame, got, want)
		}
	}
	for line := range protocol.Lines([]byte("1\n2\n3")) {
		if string(line) == "2" {
			break // whoever has enough may stop
		}
	}
}
