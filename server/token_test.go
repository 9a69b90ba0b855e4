package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"fanlight/e2e/port"
	"fanlight/shared/channel"
)

const testSecret = "a secret that is long enough for HS256"

// fanlight runs a command, with an environment of names and values in turn.
func fanlight(t *testing.T, args []string, env ...string) (code int, out, notes string) {
	t.Helper()
	vars := make(map[string]string)
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	var o, n bytes.Buffer
	code, known := runCommand(args, func(name string) string { return vars[name] }, strings.NewReader(vars["stdin"]), &o, &n)
	if !known {
		t.Fatalf("%q is no command", args)
	}
	if both := o.String() + n.String(); strings.Contains(both, testSecret) || strings.Contains(both, "hunter2") {
		t.Fatalf("a secret was told: %s", both)
	}
	return code, o.String(), n.String()
}

// signed returns a token that a command line makes.
func signed(t *testing.T, args ...string) string {
	t.Helper()
	code, out, notes := fanlight(t, append([]string{"token"}, args...), "FANLIGHT_JWT_SECRET", testSecret)
	if code != 0 || strings.Count(out, ".") != 2 || strings.Count(out, "\n") != 1 {
		t.Fatalf("%d, %q, %q", code, out, notes)
	}
	return strings.TrimSpace(out)
}

// has checks that a text holds all of some others.
func has(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in:\n%s", want, text)
		}
	}
}

func TestATokenIsSignedAndExplained(t *testing.T) {
	token := signed(t, "-sub", "alice", "-id", "t-1", "-ttl", "2h", "-iss", "me",
		"-grant", "chat:*=rw", "-grant", `alerts:#=r if level == "warn"`, "-grant", "user:{sub}:#=publish, presence", "-grant", "#=subscribe", "-grant", "plain=w")
	code, out, _ := fanlight(t, []string{"token", "-check", token}, "FANLIGHT_JWT_SECRET", testSecret)
	has(t, out, "alg      HS256", "sub      alice", "jti      t-1", "iss      me", "exp      2", "Z, in ",
		"chat:* (chat:<any>): may subscribe, publish, history, presence\n",
		`alerts:# (alerts:<more, or nothing>): may subscribe, history, presence; reads only what passes "level == \"warn\""`,
		"user:{sub}:# (user:alice:<more, or nothing>): may publish, presence\n",
		"every channel: may subscribe\n", "grant    plain: may publish\n",
		"verdict  good here; whether it was revoked is not known without -redis")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	// It need not be in the shell's history.
	code, out, _ = fanlight(t, []string{"token", "-check", "-"}, "FANLIGHT_JWT_SECRET", testSecret, "stdin", token+"\n")
	if code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestAConfigurationsIssuerAndAudienceGoIntoTheToken(t *testing.T) {
	env := []string{"FANLIGHT_JWT_SECRET", testSecret, "FANLIGHT_JWT_ISSUER", "me", "FANLIGHT_JWT_AUDIENCE", "fanlight"}
	_, token, notes := fanlight(t, []string{"token", "-sub", "alice"}, env...)
	has(t, notes, "It has no -grant")
	code, out, _ := fanlight(t, []string{"token", "-check", strings.TrimSpace(token)}, env...)
	has(t, out, "iss      me", "aud      fanlight", "grants   none", "verdict  good here")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	code, out, _ = fanlight(t, []string{"token", "-check", signed(t, "-sub", "alice")}, env...)
	has(t, out, "refused (unauthorized)")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
}

func TestTheServersFileIsReadAsTheServerDoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fanlight.toml")
	text := "jwt-secret = \"" + testSecret + "\"\njwt-issuer = \"me\"\n[namespaces.chat]\nanonymous = [\"subscribe\"]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, token, notes := fanlight(t, []string{"token", "-config", file, "-sub", "alice", "-grant", "chat:*=rw"})
	if code != 0 {
		t.Fatal(notes)
	}
	_, out, _ := fanlight(t, []string{"token", "-check", strings.TrimSpace(token)}, "FANLIGHT_CONFIG", file)
	has(t, out, "iss      me", "verdict  good here")
	// A variable wins over the file, and a flag over both.
	_, out, _ = fanlight(t, []string{"token", "-check", strings.TrimSpace(token)}, "FANLIGHT_CONFIG", file, "FANLIGHT_JWT_ISSUER", "you")
	has(t, out, "its issuer (iss) is another")
	_, out, _ = fanlight(t, []string{"token", "-jwt-issuer", "me", "-check", strings.TrimSpace(token)}, "FANLIGHT_CONFIG", file, "FANLIGHT_JWT_ISSUER", "you")
	has(t, out, "verdict  good here")
	if code, _, notes := fanlight(t, []string{"revoke", "-sub", "a", "-config", file + "x"}); code != 2 || !strings.Contains(notes, "config: ") {
		t.Errorf("%d, %q", code, notes)
	}
}

func TestATokenThatIsRefusedIsExplainedAllTheSame(t *testing.T) {
	token := signed(t, "-sub", "Alice Smith", "-grant", "user:{sub}=r")
	for _, test := range []struct {
		name, token, secret string
		want                []string
	}{
		{"another secret", token, testSecret + "!", []string{"sub      Alice Smith", `no channel: the user "Alice Smith"`, "refused (unauthorized)", "signature"}},
		{"garbage", "garbage", testSecret, []string{"not a JWT: it has 1 parts", "refused (unauthorized)"}},
		{"dots", "..", testSecret, []string{"header   unreadable", "claims   unreadable", "refused (unauthorized)"}},
		// What a forger wrote does not drive the terminal.
		{"escapes", "eyJhbGciOiJub25lIiwia2lkIjoiXHUwMDFiWzJKIn0.eyJzdWIiOiJcdTAwMWJbMkoiLCJleHAiOiJcdTAwMWJbMkoiLCJncmFudHMiOiJcdTAwMWJbMkoifQ.", testSecret, []string{"alg      none", "refused"}},
	} {
		code, out, _ := fanlight(t, []string{"token", "-check", test.token}, "FANLIGHT_JWT_SECRET", test.secret)
		has(t, out, test.want...)
		if code != 1 || strings.ContainsRune(out, '\x1b') {
			t.Errorf("%s: exit code %d, %q", test.name, code, out)
		}
	}
}

func TestARevokedTokenIsSaidToBe(t *testing.T) {
	mini := miniredis.RunT(t)
	url := "redis://" + mini.Addr()
	env := []string{"FANLIGHT_JWT_SECRET", testSecret, "FANLIGHT_REDIS_URL", url, "FANLIGHT_PREFIX", "p:"}
	one, other := signed(t, "-sub", "alice", "-id", "1"), signed(t, "-sub", "alice", "-id", "2")
	check := func(token, want string) {
		t.Helper()
		const away = "refused (unavailable)"
		_, out, _ := fanlight(t, []string{"token", "-check", token}, env...)
		for try := 1; try < 10 && want != away && strings.Contains(out, away); try++ { // a second was too short for it
			_, out, _ = fanlight(t, []string{"token", "-check", token}, env...)
		}
		has(t, out, "verdict  "+want)
	}
	check(one, "good here; revocations were looked at")
	code, out, _ := fanlight(t, []string{"revoke", "-id", "1"}, env...)
	has(t, out, `The token "1" is refused from now on, and its connections end`)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	check(one, "refused (revoked)")
	check(other, "good here")
	_, out, _ = fanlight(t, []string{"revoke", "-sub", "alice", "-prefix", "p:", "-redis", url})
	has(t, out, `Tokens of "alice" that were issued until 2`)
	check(other, "refused (revoked)")
	mini.SetError("away")
	check(other, "refused (unavailable)")
	if code, _, notes := fanlight(t, []string{"revoke", "-id", "3"}, env...); code != 2 || !strings.Contains(notes, "away") {
		t.Errorf("%d, %s", code, notes)
	}
}

func TestAWrongCommandLineIsRefusedAndToldWhy(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(keys, []byte(`{"keys":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	secret := []string{"FANLIGHT_JWT_SECRET", testSecret}
	for _, test := range []struct {
		args, why string
		env       []string
	}{
		{"token", "-sub is needed", secret},
		{"token -sub a", "FANLIGHT_JWT_SECRET is needed", nil},
		{"token -sub a -jwt-secret short", "the secret has 5 bytes, and needs 32", nil},
		{"token -sub a -ttl 721h", "more than 30 days ahead", secret},
		{"token -sub a -ttl 0s", "exp", secret},
		{"token -sub " + strings.Repeat("a", 65), "the most are 64", secret},
		{"token -sub a b", `unexpected argument "b"`, secret},
		{"token -sub a -grant chat:*", "a grant is PATTERN=OPS", secret},
		{"token -sub a -grant chat*=r", "character 5", secret},
		{"token -sub a -grant chat:*=x", `"x" is not an operation`, secret},
		{"token -sub a -grant chat:*=", "is not an operation", secret},
		{"token -sub a -grant chat:*=r -grant chat:*=w", "has a grant already", secret},
		{"token -check x", "there is no verdict without", nil},
		{"token -check x -jwks " + keys, "jwks: of its 0 keys none", nil},
		{"token -check x -redis redis://u:hunter2@[", "redis URL: ", secret},
		{"revoke", "one of -sub and -id", nil},
		{"revoke -sub a -id b", "one of -sub and -id", nil},
		{"revoke -sub a", "FANLIGHT_REDIS_URL is needed", nil},
		{"revoke -sub a -redis redis://u:hunter2@x/%zz", "redis URL: ", nil},
		{"revoke -sub a -redis redis://u:hunter2@" + port.Addr(nobody), "refused", nil},
	} {
		code, out, notes := fanlight(t, strings.Fields(test.args), test.env...)
		if code == 0 || !strings.Contains(notes, test.why) || strings.Contains(out, ".ey") {
			t.Errorf("%s: %d, %q, %q; want %q", test.args, code, out, notes, test.why)
		}
	}
	if _, _, notes := fanlight(t, []string{"token", "-sub", "a", "-grant", `a=r if level = 1`}, secret...); !strings.Contains(notes, "filter: ") {
		t.Errorf("%q", notes)
	}
}

func TestHelpNamesTheCommands(t *testing.T) {
	_, out, _ := read(t, []string{"-h"})
	for _, c := range commands {
		has(t, out, "fanlight "+c.name)
		code, _, notes := fanlight(t, []string{c.name, "-h"}, "FANLIGHT_JWT_SECRET", testSecret)
		has(t, notes, "usage: fanlight "+c.name, "environment: FANLIGHT_REDIS_URL")
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
	if _, known := runCommand([]string{"-addr", "x"}, nil, nil, nil, nil); known {
		t.Error("a flag is a command")
	}
	if _, known := runCommand(nil, nil, nil, nil, nil); known {
		t.Error("nothing is a command")
	}
}

func TestShortOperationsMeanWhatTheHelpSays(t *testing.T) {
	for text, want := range map[string]channel.Op{
		"r": channel.Subscribe | channel.History | channel.Presence, "w": channel.Publish, "rw": channel.All, "wr": channel.All,
		"subscribe": channel.Subscribe, "history,publish": channel.History | channel.Publish,
	} {
		if got, err := parseOps(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
