package main

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"testing"
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

func TestWithoutAWordItListensOnThisMachineAlone(t *testing.T) {
	c, out, err := read(t, nil)
	if want := (config{addr: "127.0.0.1:8000", embeddedAddr: "127.0.0.1:6380", logFormat: "text"}); c != want || err != nil || out != "" || !c.loopback() {
		t.Errorf("%+v, %v, %q", c, err, out)
	}
}

func TestAFlagWinsOverItsVariableAndThatOverTheDefault(t *testing.T) {
	env := []string{
		"FANLIGHT_ADDR", ":1", "FANLIGHT_REDIS_URL", "redis://env", "FANLIGHT_EMBEDDED_ADDR", "127.0.0.1:2",
		"FANLIGHT_PREFIX", "env:", "FANLIGHT_LOG_LEVEL", "warn", "FANLIGHT_LOG_FORMAT", "json",
	}
	c, _, err := read(t, nil, env...)
	if want := (config{":1", "redis://env", "127.0.0.1:2", "env:", slog.LevelWarn, "json"}); c != want || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
	c, _, err = read(t, []string{"-addr", ":3", "-redis", "redis://flag", "-embedded-addr", "127.0.0.1:4", "-prefix", "flag:", "-log-level", "error", "-log-format", "text"}, env...)
	if want := (config{":3", "redis://flag", "127.0.0.1:4", "flag:", slog.LevelError, "text"}); c != want || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
	// An empty variable is none; an empty flag is empty.
	c, _, err = read(t, []string{"-prefix", ""}, "FANLIGHT_PREFIX", "env:", "FANLIGHT_ADDR", "")
	if c.prefix != "" || c.addr != "127.0.0.1:8000" || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
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
	} {
		for _, way := range []struct{ args, env []string }{
			{args: []string{"-" + c.flag, c.value}},
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

func TestHelpNamesEveryFlagWithItsVariable(t *testing.T) {
	_, out, err := read(t, []string{"-h"})
	if !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	for f, env := range map[string]string{
		"-addr": "FANLIGHT_ADDR", "-redis": "FANLIGHT_REDIS_URL", "-embedded-addr": "FANLIGHT_EMBEDDED_ADDR",
		"-prefix": "FANLIGHT_PREFIX", "-log-level": "FANLIGHT_LOG_LEVEL", "-log-format": "FANLIGHT_LOG_FORMAT",
	} {
		if !strings.Contains(out, "  "+f+" ") || !strings.Contains(out, "environment: "+env) {
			t.Errorf("-h says nothing of %s or %s:\n%s", f, env, out)
		}
	}
	for _, value := range []string{"127.0.0.1:8000", "127.0.0.1:6380", "info", "text"} {
		if !strings.Contains(out, `(default "`+value+`")`) {
			t.Errorf("-h does not say that %s is a default", value)
		}
	}
}

func TestOnlyALoopbackAddressIsOpenToAllPagesOfThisMachine(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8000": true, "127.1.2.3:0": true, "localhost:8000": true, "[::1]:8000": true,
		":8000": false, "0.0.0.0:8000": false, "[::]:8000": false, "192.168.0.7:8000": false, "example.com:80": false, "localhost.example.com:80": false, "nonsense": false,
	} {
		if got := (config{addr: addr}).loopback(); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
}
