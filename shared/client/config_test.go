package client

import (
	"strings"
	"testing"
	"time"
)

func TestABadConfigNamesItsField(t *testing.T) {
	const ok = "ws://127.0.0.1:8000/ws"
	for _, c := range []struct {
		field string
		cfg   Config
	}{
		{"URL", Config{}},
		{"URL", Config{URL: "127.0.0.1:8000/ws"}},
		{"URL", Config{URL: "localhost:8000/ws"}},
		{"URL", Config{URL: "/ws"}},
		{"URL", Config{URL: "ftp://h/ws"}},
		{"URL", Config{URL: "ws:///ws"}},
		{"URL", Config{URL: "ws://h/ws#part"}},
		{"URL", Config{URL: "ws://h/%zz"}},
		{"Flush", Config{URL: ok, Flush: -time.Millisecond}},
		{"Flush", Config{URL: ok, Flush: 1001 * time.Millisecond}},
		{"Flush", Config{URL: ok, Flush: 1500 * time.Microsecond}},
		{"User", Config{URL: ok, User: strings.Repeat("é", 33)}},
		{"User", Config{URL: ok, User: "\xff"}},
		{"Queue", Config{URL: ok, Queue: -1}},
		{"BackoffBase", Config{URL: ok, BackoffBase: -1}},
		{"BackoffCap", Config{URL: ok, BackoffCap: -1}},
		{"BackoffCap", Config{URL: ok, BackoffBase: 2, BackoffCap: 1}},
		{"DialTimeout", Config{URL: ok, DialTimeout: -1}},
		{"PingInterval", Config{URL: ok, PingInterval: -1}},
		{"PongTimeout", Config{URL: ok, PongTimeout: -1}},
	} {
		if c, err := New(c.cfg); err == nil {
			_ = c.Close()
			t.Errorf("%+v is taken", c)
		} else if !strings.HasPrefix(err.Error(), "client: Config.") {
			t.Errorf("%v", err)
		}
		if _, err := c.cfg.resolve(); err == nil || !strings.Contains(err.Error(), "Config."+c.field+":") {
			t.Errorf("%v does not name %s", err, c.field)
		}
	}
}

func TestAConfigHasDefaults(t *testing.T) {
	cfg, err := Config{URL: "https://h/ws?x=1", BackoffBase: time.Minute}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.URL != "wss://h/ws?x=1" || cfg.Queue != 256 || cfg.BackoffCap != time.Minute || cfg.DialTimeout != 10*time.Second {
		t.Errorf("%+v", cfg)
	}
	cfg, _ = Config{URL: "http://h"}.resolve()
	if cfg.URL != "ws://h" || cfg.BackoffBase != 200*time.Millisecond || cfg.BackoffCap != 20*time.Second || cfg.PongTimeout != 5*time.Second {
		t.Errorf("%+v", cfg)
	}
}

func TestWaitsAreRandomUpToALimitThatDoubles(t *testing.T) {
	var limits []time.Duration
	b := newBackoff(200*time.Millisecond, 20*time.Second)
	b.random = func(limit time.Duration) time.Duration {
		limits = append(limits, limit)
		if d := jitter(limit); d < 0 || d > limit {
			t.Errorf("%v of %v", d, limit)
		}
		return limit
	}
	for range 100 {
		b.next()
	}
	for i, want := range []time.Duration{200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000} {
		if limits[i] != want*time.Millisecond {
			t.Errorf("limit %d is %v", i, limits[i])
		}
	}
	if limits[99] != 20*time.Second {
		t.Errorf("at last %v", limits[99])
	}
	b = newBackoff(1, 1<<63-1)
	for range 100 {
		if b.next() < 0 {
			t.Fatal("a limit overflowed")
		}
	}
}
