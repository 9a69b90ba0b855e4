package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/channel"
)

// read reads a configuration, with an environment of names and values in turn.
func read(t *testing.T, args []string, env ...string) (config, string, error) {
	t.Helper()
	vars := make(map[string]string)
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	var out bytes.Buffer
	c, err := readConfig(args, func(name string) string { return vars[name] }, &out)
	return c, out.String(), err
}

// said is the part of a configuration that a line can show.
func said(c config) string {
	return strings.Join([]string{c.addr, c.redis, c.embeddedAddr, c.prefix, c.logLevel.String(), c.logFormat, strconv.Itoa(c.limits.Connections)}, " ")
}

func TestWithoutAWordItListensOnThisMachineAlone(t *testing.T) {
	c, out, err := read(t, nil)
	if got := said(c); got != "127.0.0.1:8000  127.0.0.1:6380  INFO json 20000" || err != nil || out != "" || !c.loopback() || c.guarded() {
		t.Errorf("%s, %v, %q", got, err, out)
	}
	if c.opsAddr != "127.0.0.1:8001" || c.limits.MessageTimeout != 10*time.Second || !c.namespaces[""].Presence || !c.namespaces["chat"].JoinLeave || c.namespaces["typing"].HistorySize != 1 || len(c.namespaces) != 3 {
		t.Errorf("%+v", c)
	}
}

func TestAFlagWinsOverItsVariableAndThatOverTheFileAndThatOverTheDefault(t *testing.T) {
	path := write(t, `
addr = "127.0.0.1:5"
redis = "redis://file"
embedded-addr = "127.0.0.1:6"
prefix = "file:"
log-level = "debug"
max-connections = 5
`)
	args := []string{"-config", path}
	env := []string{
		"FANLIGHT_ADDR", "127.0.0.1:1", "FANLIGHT_REDIS_URL", "redis://env", "FANLIGHT_EMBEDDED_ADDR", "127.0.0.1:2",
		"FANLIGHT_PREFIX", "env:", "FANLIGHT_LOG_LEVEL", "warn", "FANLIGHT_LOG_FORMAT", "text", "FANLIGHT_MAX_CONNECTIONS", "6",
	}
	for name, c := range map[string]struct {
		args, env []string
		want      string
	}{
		"the file":      {args, nil, "127.0.0.1:5 redis://file 127.0.0.1:6 file: DEBUG json 5"},
		"its variable":  {nil, []string{"FANLIGHT_CONFIG", path}, "127.0.0.1:5 redis://file 127.0.0.1:6 file: DEBUG json 5"},
		"the variables": {args, env, "127.0.0.1:1 redis://env 127.0.0.1:2 env: WARN text 6"},
		"the flags": {
			append(args, "-addr", "127.0.0.1:3", "-redis", "redis://flag", "-embedded-addr", "127.0.0.1:4", "-prefix", "flag:", "-log-level", "error", "-log-format", "json", "-max-connections", "7"),
			env, "127.0.0.1:3 redis://flag 127.0.0.1:4 flag: ERROR json 7",
		},
		// An empty variable is none; an empty flag is empty. The last of two counts.
		"nothing":   {[]string{"-prefix", "", "-max-connections", "1", "-max-connections", "2"}, []string{"FANLIGHT_PREFIX", "env:", "FANLIGHT_ADDR", ""}, "127.0.0.1:8000  127.0.0.1:6380  INFO json 2"},
		"no limits": {[]string{"-max-connections", "none"}, nil, "127.0.0.1:8000  127.0.0.1:6380  INFO json -1"},
	} {
		got, out, err := read(t, c.args, c.env...)
		if said(got) != c.want || err != nil || out != "" {
			t.Errorf("%s: %s, %v, %s", name, said(got), err, out)
		}
	}
}

func TestWhatItTellsOfItselfIsChosen(t *testing.T) {
	for _, c := range []struct {
		args, env []string
		want      relay.Ops
		audit     string
	}{
		{want: relay.Ops{Metrics: true, Audit: true}},
		{args: []string{"-report", "metrics", "-node", "relay-1.eu"}, want: relay.Ops{Node: "relay-1.eu", Metrics: true}},
		{args: []string{"-config", write(t, "report = 'off'\nnode = 'file'\naudit = 'file.log'")}, want: relay.Ops{Node: "file"}, audit: "file.log"},
		{
			args: []string{"-report", "on"}, env: []string{"FANLIGHT_REPORT", "off", "FANLIGHT_NODE", "env", "FANLIGHT_AUDIT", "env.log"},
			want: relay.Ops{Node: "env", Metrics: true, Audit: true}, audit: "env.log",
		},
	} {
		got, out, err := read(t, c.args, c.env...)
		if err != nil || got.ops() != c.want || got.audit != c.audit {
			t.Errorf("%q %q: %+v, %q, %v, %s", c.args, c.env, got.ops(), got.audit, err, out)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fanlight.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestABadValueIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		flag, env, value string
	}{
		{"addr", "FANLIGHT_ADDR", "localhost"},
		{"log-level", "FANLIGHT_LOG_LEVEL", "loud"},
		{"log-format", "FANLIGHT_LOG_FORMAT", "xml"},
		{"prefix", "FANLIGHT_PREFIX", "a{b}"},
		{"prefix", "FANLIGHT_PREFIX", "a/b"},
		{"prefix", "FANLIGHT_PREFIX", "a b"},
		{"max-connections", "FANLIGHT_MAX_CONNECTIONS", "many"},
		{"max-connections", "FANLIGHT_MAX_CONNECTIONS", "0"},
		{"max-message", "FANLIGHT_MAX_MESSAGE", "64KB"},
		{"max-message", "FANLIGHT_MAX_MESSAGE", "1MiB"}, // more than a frame
		{"max-outbox", "FANLIGHT_MAX_OUTBOX", "99999999999999999999GiB"},
		{"message-timeout", "FANLIGHT_MESSAGE_TIMEOUT", "5"},
		{"trusted-proxies", "FANLIGHT_TRUSTED_PROXIES", "10.0.0.0/99"},
		{"open", "FANLIGHT_OPEN", "maybe"},
		{"ops-addr", "FANLIGHT_OPS_ADDR", "8001"},
		{"embedded-addr", "FANLIGHT_EMBEDDED_ADDR", "6380"},
		{"embedded-addr", "FANLIGHT_EMBEDDED_ADDR", ":6380"},
		{"embedded-addr", "FANLIGHT_EMBEDDED_ADDR", "192.168.0.7:6380"},
		{"config", "FANLIGHT_CONFIG", "/no/such/file"},
		{"report", "FANLIGHT_REPORT", "loud"},
		{"node", "FANLIGHT_NODE", "relay one"},
		{"node", "FANLIGHT_NODE", strings.Repeat("n", 65)},
	} {
		for _, way := range []struct{ args, env []string }{
			{args: []string{"-" + c.flag + "=" + c.value}},
			{env: []string{c.env, c.value}},
		} {
			if _, out, err := read(t, way.args, way.env...); err == nil || !strings.Contains(out, c.flag+":") || errors.Is(err, flag.ErrHelp) {
				t.Errorf("%+v: %v, %q", way, err, out)
			}
		}
	}
	if _, out, err := read(t, []string{"-unknown"}); err == nil || !strings.Contains(out, "unknown") {
		t.Errorf("an unknown flag: %v, %q", err, out)
	}
	if _, out, err := read(t, []string{"start"}); err == nil || !strings.Contains(out, `"start"`) {
		t.Errorf("an argument: %v, %q", err, out)
	}
}

func TestHelpNamesEveryFlagWithItsVariableAndDefault(t *testing.T) {
	_, out, err := read(t, []string{"-h"})
	if !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	c := defaults()
	for _, s := range c.settings(new(string)) {
		if !regexp.MustCompile(`(?m)^  -` + s.name + `( \S.*)?\n      .*\[` + s.env() + `\]$`).MatchString(out) {
			t.Errorf("-h says nothing of %s", s.name)
		}
	}
	for _, part := range []string{
		"(default 127.0.0.1:8000) [FANLIGHT_ADDR]", "(default 127.0.0.1:6380)", "(default info)", "(default json)",
		"(default on) [FANLIGHT_REPORT]", "[FANLIGHT_NODE]", "[FANLIGHT_AUDIT]",
		"(default 64KiB) [FANLIGHT_MAX_MESSAGE]", "(default 20000) [FANLIGHT_MAX_CONNECTIONS]", "(default 10s) [FANLIGHT_MESSAGE_TIMEOUT]",
		"[FANLIGHT_REDIS_URL]", "[FANLIGHT_JWT_SECRET]", "fanlight token",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("-h does not say %s", part)
		}
	}
	if _, out, _ := read(t, []string{"-h"}, "FANLIGHT_JWT_SECRET", "hunter2"); strings.Contains(out, "hunter2") {
		t.Error("-h tells the secret")
	}
}

func TestAFileSaysHowNamespacesAreKept(t *testing.T) {
	c, out, err := read(t, []string{"-config", write(t, `
origins = ["https://a.example", "https://b.example:8443"]
max-frame = "256KiB"
max-message = 100_000
open = false

[namespaces.default]
history_size = 10
default = ["subscribe"]

[namespaces.chat]
join_leave = false
anonymous = []

[namespaces.news]
history_age = "90s"
anonymous = ["subscribe", "history"]
default = []
message = "1KiB"
publish_rate = 5
presence = false
`)})
	if err != nil {
		t.Fatal(err, out)
	}
	if strings.Join(c.origins, " ") != "https://a.example https://b.example:8443" || c.limits.Frame != 256<<10 || c.limits.Message != 100_000 {
		t.Errorf("%+v", c)
	}
	all, chat, news := c.namespaces[""], c.namespaces["chat"], c.namespaces["news"]
	if all.HistorySize != 10 || !all.Presence || all.Anonymous != nil || *all.Default != channel.Subscribe {
		t.Errorf("all: %+v", all)
	}
	if chat.HistorySize != 10 || chat.JoinLeave || !chat.Presence || *chat.Anonymous != 0 || *chat.Default != channel.Subscribe {
		t.Errorf("chat: %+v", chat)
	}
	if news.HistorySize != 10 || news.HistoryAge != 90*time.Second || *news.Anonymous != channel.Subscribe|channel.History ||
		*news.Default != 0 || news.Message != 1024 || news.PublishRate != 5 || news.Presence {
		t.Errorf("news: %+v", news)
	}
}

func TestAMistakeInAFileIsShownWhereItIs(t *testing.T) {
	for text, want := range map[string][]string{
		"\nadr = 1":                                 {"adr: there is no such key", "line 2"},
		"config = 'other'":                          {"config: there is no such key", "line 1"},
		"addr =":                                    {"config:", "line 1"},
		"addr = 'a'\naddr = 'b'":                    {"config:", "line 2"},
		"\n\nmax-connections = 'many'":              {"max-connections:", `"many"`, "line 3"},
		"max-connections = 0":                       {"max-connections: 0 lets nothing through", "line 1"},
		"[namespaces.chat]\nhistory = 1":            {"namespaces.chat.history: there is no such key", "line 2"},
		"[namespaces.chat]\nhistory_size = 0":       {"namespaces.chat.history_size:", "line 2"},
		"[namespaces.chat]\nhistory_size = 'x'":     {"config:", "line 2"},
		"[namespaces.chat]\nhistory_age = 'x'":      {"namespaces.chat.history_age:", "line 2"},
		"[namespaces.chat]\nanonymous = ['write']":  {"namespaces.chat.anonymous:", `"write"`, "line 2"},
		"\n[namespaces.chat]\ndefault = ['write']":  {"namespaces.chat.default:", "line 3"},
		"[namespaces.chat]\nmessage = 'x'":          {"namespaces.chat.message:", "line 2"},
		"[namespaces.chat]\npublish_rate = -1":      {"namespaces.chat.publish_rate:", "line 2"},
		"[namespaces.'a:b']\npresence = true":       {"namespaces.a:b:", "line 1"},
		"[namespaces.Chat]\npresence = true":        {"namespaces.Chat:", "line 1"},
		"[limits]\nmessage = 1":                     {"limits", "there is no such key", "line 1"},
		"namespaces.chat = { presence = 1 }":        {"config:", "line 1"},
		"namespaces = { chat = { presance = true}}": {"presance: there is no such key", "line 1"},
	} {
		_, out, err := read(t, []string{"-config", write(t, text)})
		for _, part := range append(want, "fanlight.toml") {
			if err == nil || !strings.Contains(out, part) {
				t.Errorf("%q: %v, %q has no %q", text, err, out, part)
			}
		}
		if strings.Count(out, "\n") != 1 {
			t.Errorf("%q is not told in one line: %q", text, out)
		}
	}
}

func TestAnOpenServerIsNotPutOnTheNetworkByMistake(t *testing.T) {
	secret := strings.Repeat("s", 32)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", ":8000"}, "-jwt-secret or -jwks, or -open"},
		{[]string{"-addr", "0.0.0.0:8000", "-origins", "https://a.example"}, "-jwt-secret or -jwks, or -open"},
		{[]string{"-addr", ":8000", "-open"}, ""},
		{[]string{"-addr", ":8000", "-jwt-secret", secret}, ""},
		{[]string{"-addr", ":8000", "-jwks", "keys.json"}, ""},
		{[]string{"-jwt-secret", secret, "-open"}, "open:"},
	} {
		_, out, err := read(t, c.args)
		if (err != nil) != (c.want != "") || !strings.Contains(out, c.want) || strings.Contains(out, secret) {
			t.Errorf("%q: %v, %q", c.args, err, out)
		}
	}
}

func TestOnlyALoopbackAddressIsOpenToAllPagesOfThisMachine(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8000": true, "127.1.2.3:0": true, "localhost:8000": true, "[::1]:8000": true,
		":8000": false, "0.0.0.0:8000": false, "[::]:8000": false, "192.168.0.7:8000": false, "example.com:80": false, "localhost.example.com:80": false, "nonsense": false,
	} {
		if got := (&config{addr: addr}).loopback(); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
}
