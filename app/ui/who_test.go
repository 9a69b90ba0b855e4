package ui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestAChoiceIsKeptForTheTab(t *testing.T) {
	for _, c := range []Choice{{}, {Name: "reader"}, {Token: "a.b:c.d"}} {
		if got := ParseChoice(c.String()); got != c {
			t.Errorf("%+v became %+v", c, got)
		}
	}
	if got := ParseChoice("something else"); got != (Choice{}) {
		t.Errorf("what is stored by nobody is %+v", got)
	}
}

func tokenUntil(end time.Time) string {
	return "x." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, end.Unix())) + ".y"
}

func TestWhereTokensComeFrom(t *testing.T) {
	var asked []string
	answer := func(status int, body string) ask {
		return func(_ context.Context, method, path string) (int, string) {
			asked = append(asked, method+" "+path)
			return status, body
		}
	}
	if (Choice{}).Source(answer(200, "")) != nil {
		t.Error("nobody has a source")
	}
	reader := Choice{Name: "re&ader"}
	token, err := reader.Source(answer(200, `{"token":"t1","expires":1}`))(t.Context())
	if token != "t1" || err != nil || strings.Join(asked, " ") != "POST /identities?name=re%26ader" {
		t.Errorf("%q %v, asked %q", token, err, asked)
	}
	var source sourceError
	for _, c := range []struct {
		status int
		body   string
		told   bool // to somebody, as a problem
	}{{0, "", false}, {404, `{"code":"not_found"}`, true}, {200, "<html>", true}} {
		_, err := reader.Source(answer(c.status, c.body))(t.Context())
		if err == nil || errors.As(err, &source) != c.told {
			t.Errorf("%d: %v", c.status, err)
		}
	}
	for _, c := range []struct {
		token string
		good  bool
	}{
		{tokenUntil(time.Now().Add(time.Hour)), true},
		{tokenUntil(time.Now().Add(-time.Hour)), false},
		{"what only the server can judge", true},
	} {
		got, err := Choice{Token: c.token}.Source(nil)(t.Context())
		if (err == nil) != c.good || c.good && got != c.token {
			t.Errorf("%s: %q, %v", c.token, got, err)
		}
	}
}

func as(user string, until time.Time) client.Event {
	return client.Connected{Hello: protocol.Hello{User: user, Expires: until.UnixMicro(), Open: true}}
}

func TestWhoOneIsInWords(t *testing.T) {
	var w Who
	check := func(when, name, words, problem string) {
		t.Helper()
		if w.Name() != name || !strings.Contains(w.Words(), words) || !strings.Contains(w.Problem, problem) || problem == "" && w.Problem != "" {
			t.Errorf("%s: %q, %q, %q; want %q, %q, %q", when, w.Name(), w.Words(), w.Problem, name, words, problem)
		}
	}
	until := time.Date(2026, 1, 2, 12, 5, 0, 0, time.Local)
	check("before the program", "nobody", "not known yet", "")
	w = w.Apply(client.Connected{Hello: protocol.Hello{User: "ada", Open: true}})
	check("open", "nobody", "may do everything", "")
	w = w.Choose(Choice{Name: "reader"})
	check("chosen", "reader?", "not connected as that yet", "")
	w = w.Apply(as("reader", until))
	check("connected", "reader", "You are reader, until 12:05:00. Before that, the page gets another token", "")
	w = w.Apply(client.Refreshed{Expires: until.Add(time.Minute).UnixMicro()})
	check("refreshed", "reader", "until 12:06:00", "")
	w = w.Apply(client.TokenFailed{Err: &protocol.Error{Code: protocol.CodeUnavailable, Message: "Redis is away"}})
	check("no new token", "reader", "until 12:06:00", "There is no new token yet. It says: Redis is away.")
	w = w.Apply(client.Disconnected{Err: errors.New("lost")})
	check("lost", "reader", "until", "There is no new token yet.")
	w = w.Choose(Choice{Token: "x"})
	check("pasted", "a token?", "not connected as that yet", "")
	w = w.Apply(client.Disconnected{Err: sourceError("This token has expired.")})
	check("expired", "a token?", "not connected as that yet", "This token has expired.")
	w = w.Choose(Choice{})
	w = w.Apply(client.Connected{})
	check("guarded", "nobody", "what this server lets everybody do", "")
}
