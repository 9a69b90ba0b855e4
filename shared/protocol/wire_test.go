package protocol_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"fanlight/shared/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code says now")

// The golden files are the protocol for whoever writes a client in another
// language: a change there is a change of the protocol.

var position = protocol.Position{Epoch: "3k7q2mxa", Offset: 42}

var commands = []protocol.Command{
	{ID: 1, Connect: &protocol.Connect{Version: 1}},
	{ID: 2, Connect: &protocol.Connect{Version: 1, Flush: 16, User: "ada"}},
	{ID: 3, Subscribe: &protocol.Subscribe{Channel: "news"}},
	{ID: 4, Subscribe: &protocol.Subscribe{Channel: "news", Since: &protocol.Since{Epoch: "3k7q2mxa", Offset: 41, Last: "ID41"}}},
	{ID: 5, Subscribe: &protocol.Subscribe{Channel: "news", Rewind: &protocol.Rewind{Count: 10}}},
	{ID: 6, Subscribe: &protocol.Subscribe{Channel: "news", Rewind: &protocol.Rewind{Age: 60000}}},
	{ID: 7, Publish: &protocol.Publish{Channel: "news", Data: json.RawMessage(`{"n":1}`)}},
	{ID: 8, Publish: &protocol.Publish{Channel: "news", Data: json.RawMessage(`"hi"`), Key: "k1"}},
	{ID: 9, Presence: &protocol.PresenceOf{Channel: "news"}},
	{ID: 10, Ping: &protocol.Ping{}},
	{ID: 11, Connect: &protocol.Connect{Version: 1, Token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"}},
	{ID: 12, Refresh: &protocol.Refresh{Token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"}},
	{ID: 13, Subscribe: &protocol.Subscribe{Channel: "news", Filter: `level == "warn"`}},
	{ID: 14, Publish: &protocol.Publish{Channel: "news", Data: json.RawMessage(`1`), Tags: protocol.Tags{"cpu": 93.5, "level": "warn"}}},
	{ID: 1<<64 - 1, Unsubscribe: &protocol.Unsubscribe{Channel: "news"}},
}

var member = protocol.Member{Client: "C1", User: "ada", Since: 1763902443123456}

var messages = []protocol.Message{
	{ID: 1, Hello: &protocol.Hello{Version: 1, Build: "b1", Client: "C1", Ping: 25000, Time: 1763902443123456, Limits: protocol.DefaultLimits}},
	{ID: 2, Subscribed: &protocol.Subscribed{Channel: "empty"}},
	{ID: 3, Subscribed: &protocol.Subscribed{Channel: "news", Position: position}},
	{ID: 4, Subscribed: &protocol.Subscribed{Channel: "news", Position: position, Last: "ID42", Recovered: 3}},
	{ID: 5, Subscribed: &protocol.Subscribed{
		Channel: "news", Position: position, Last: "ID42",
		Gap:   &protocol.Gap{Channel: "news", Epoch: "3k7q2mxa", From: 7, To: 9, Count: 3},
		Reset: &protocol.Reset{Channel: "news", Epoch: "3k7q2mxa", Was: protocol.Position{Epoch: "old", Offset: 7}},
	}},
	{ID: 6, Unsubscribed: &protocol.Unsubscribed{Channel: "news"}},
	{ID: 7, Published: &protocol.Published{Channel: "news", Position: position, ID: "ID42"}},
	{ID: 8, Published: &protocol.Published{Channel: "news", Position: position, ID: "ID42", Duplicate: true}},
	{ID: 9, Pong: &protocol.Pong{Time: 1763902443123456}},
	{ID: 10, Presence: &protocol.Presence{Channel: "news", Connections: 2, Users: 1, Members: []protocol.Member{member}}},
	{ID: 1, Hello: &protocol.Hello{
		Version: 1, Client: "C1", Ping: 25000, Time: 1763902443123456, Limits: protocol.DefaultLimits,
		User: "ada", Expires: 1763906043123456, Open: true,
	}},
	{ID: 3, Subscribed: &protocol.Subscribed{Channel: "news", Position: position, Filtered: true}},
	{ID: 12, Refreshed: &protocol.Refreshed{Expires: 1763906043123456}},
	{ID: 13, Error: &protocol.Error{Code: protocol.CodeFilterInvalid, Message: "unexpected token", Field: "filter", At: 7}},
	{ID: 14, Error: &protocol.Error{Code: protocol.CodeRateLimited, Message: "too fast", Limit: 100, RetryAfter: 250}},
	{ID: 11, Error: &protocol.Error{Code: protocol.CodeTooLarge, Message: "a message has at most 65536 bytes, not 65537", Field: "data", Limit: 65536}},
	{Error: &protocol.Error{Code: protocol.CodeBadFrame, Message: "not a JSON object"}},
	{Publication: &protocol.Publication{Channel: "news", Epoch: "3k7q2mxa", Offset: 42, ID: "ID42", Time: 1763902443123456, Data: json.RawMessage(`{"n":1}`)}},
	{Publication: &protocol.Publication{Channel: "news", Time: 1763902443123456, Foreign: true, Data: json.RawMessage(`"hello"`)}},
	{Publication: &protocol.Publication{
		Channel: "news", Epoch: "3k7q2mxa", Offset: 43, ID: "ID43", Time: 1763902443123456,
		Tags: protocol.Tags{"cpu": 93.5, "level": "warn"}, Data: json.RawMessage(`1`),
	}},
	{Gap: &protocol.Gap{Channel: "news", Epoch: "3k7q2mxa", From: 7, To: 9, Count: 3}},
	{Reset: &protocol.Reset{Channel: "news", Was: position}},
	{Moved: &protocol.Moved{Channel: "news", Position: position, Last: "ID42"}},
	{Join: &protocol.Join{Channel: "news", Member: member}},
	{Leave: &protocol.Leave{Channel: "news", Member: member}},
}

var bodies = []any{
	&protocol.PublishResponse{
		Status:    protocol.StatusSuccess,
		Published: protocol.Published{Channel: protocol.DefaultChannel, Position: position, ID: "ID42"},
		Message:   json.RawMessage(`"Hello WebSocket!"`),
	},
	&protocol.Problem{Title: "Request Entity Too Large", Status: 413, Detail: "a body has at most 131072 bytes", Code: protocol.CodeTooLarge, Field: "body", Limit: 131072},
	&protocol.Problem{Title: "Not Found", Status: 404, Detail: "there is nothing at /x", Code: protocol.CodeNotFound},
	&protocol.Problem{Title: "Too Many Requests", Status: 429, Detail: "too fast", Code: protocol.CodeRateLimited, At: 1, RetryAfter: 250},
	&protocol.TicketResponse{Ticket: "T1", Expires: 1763902473123456},
	&protocol.FilterResponse{Tags: []string{"cpu", "level"}},
	&protocol.FilterResponse{Error: &protocol.Error{Code: protocol.CodeFilterInvalid, Message: "unexpected token", Field: "expression", At: 7}},
	&protocol.Identity{Name: "reader", About: "reads everything"},
	&protocol.TokenResponse{Token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", Expires: 1763902473123456},
	&protocol.VersionResponse{Protocol: protocol.Subprotocol, Build: "b1", Go: "go1.26", Revision: "abc", Redis: "embedded"},
}

func TestCommandsAreOnTheWireAsTheGoldenFileSays(t *testing.T) {
	golden(t, "commands.jsonl", commands)
	everyFieldIsUsed(t, commands)
}

func TestMessagesAreOnTheWireAsTheGoldenFileSays(t *testing.T) {
	golden(t, "messages.jsonl", messages)
	everyFieldIsUsed(t, messages)
}

func TestBodiesAreOnTheWireAsTheGoldenFileSays(t *testing.T) {
	golden(t, "bodies.jsonl", bodies)
}

// golden checks that values are encoded as the file's lines, and that the
// lines are decoded to the same values.
func golden[T any](t *testing.T, file string, values []T) {
	t.Helper()
	var want [][]byte
	for _, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b)
	}
	path := "testdata/" + file
	if *update {
		if err := os.WriteFile(path, append(bytes.Join(want, []byte("\n")), '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for line := range protocol.Lines(content) {
		if i == len(values) {
			t.Fatalf("%s has more lines than the test has values", path)
		}
		if !bytes.Equal(line, want[i]) {
			t.Errorf("%s:%d\nthe file says %s\nthe code says %s", path, i+1, line, want[i])
		}
		decoded := reflect.New(reflect.TypeOf(values[i]))
		if reflect.TypeOf(values[i]).Kind() == reflect.Pointer {
			decoded.Elem().Set(reflect.New(reflect.TypeOf(values[i]).Elem()))
		}
		if err := json.Unmarshal(line, decoded.Interface()); err != nil {
			t.Errorf("%s:%d: %v", path, i+1, err)
		} else if !reflect.DeepEqual(decoded.Elem().Interface(), any(values[i])) {
			t.Errorf("%s:%d is read as %+v, not as %+v", path, i+1, decoded.Elem(), values[i])
		}
		i++
	}
	if i < len(values) {
		t.Errorf("%s has %d lines, for %d values", path, i, len(values))
	}
}

// everyFieldIsUsed checks that no kind of frame was left out.
func everyFieldIsUsed[T any](t *testing.T, values []T) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	for i := range typ.NumField() {
		used := false
		for _, v := range values {
			used = used || !reflect.ValueOf(v).Field(i).IsZero()
		}
		if !used {
			t.Errorf("no example of %s.%s", typ, typ.Field(i).Name)
		}
	}
}

func TestTheServerReadsTheGoldenCommands(t *testing.T) {
	for _, want := range commands {
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := protocol.DecodeCommand(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v, %v", line, got, err)
		}
	}
}

func TestTheClientReadsTheGoldenMessagesFromOneFrame(t *testing.T) {
	frame, err := os.ReadFile("testdata/messages.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.DecodeMessages(frame)
	if err != nil || !reflect.DeepEqual(got, messages) {
		t.Errorf("%v: %+v", err, got)
	}
	got, err = protocol.DecodeMessages(append(frame, "nonsense\n{}"...))
	if err == nil || len(got) != len(messages) {
		t.Errorf("of a frame with a bad line come %d messages and error %v; want those before it", len(got), err)
	}
}

func TestTheServerWritesTheGoldenMessages(t *testing.T) {
	for _, m := range messages {
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got := protocol.AppendMessage([]byte("x"), &m)
		if m.Publication != nil {
			got = protocol.AppendPublication([]byte("x"), m.Publication)
		}
		if string(got) != "x"+string(want) {
			t.Errorf("written %s, want %s", got, want)
		}
	}
}
