package attacks_test

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

const secret = "a secret of more than thirty-two bytes"

// limits are all of them: the metric's label, the flag, the default that is
// documented, what makes it small enough to be passed, and how it shows.
var limits = []struct {
	name, flag, standard string
	args                 []string
	pass                 func(*site)
}{
	{"connections", "max-connections", "20000", []string{"-max-connections", "2"}, oneConnectionTooMany},
	{"connections_per_address", "max-connections-per-address", "5000", []string{"-max-connections-per-address", "2"}, func(s *site) {
		oneConnectionTooMany(s)
		s.as("127.0.0.66").connected() // everybody else still gets in
	}},
	{"connections_per_user", "max-connections-per-user", "100", []string{"-max-connections-per-user", "1", "-jwt-secret", secret}, func(s *site) {
		s.token = mint(s.T, "alice")
		s.connected()
		w := s.v1()
		w.says(`{"id":1,"connect":{"version":1,"token":"` + s.token + `"}}`)
		w.isClosed(protocol.CloseTooManyConnections)
		s.token = mint(s.T, "bob")
		s.connected()
	}},
	{"channels", "max-channels", "100000", []string{"-max-channels", "2"}, func(s *site) {
		w := s.connected()
		w.says(`{"id":2,"subscribe":{"channel":"a"}}`)
		w.says(`{"id":3,"subscribe":{"channel":"b"}}`)
		w.says(`{"id":4,"subscribe":{"channel":"c"}}`)
		w.hears(`{"id":4,"error":{"code":"too_many_channels"`)
		other := s.connected()
		other.says(`{"id":2,"subscribe":{"channel":"a"}}`) // which is listened to already
		other.hears(`{"id":2,"subscribed"`)
	}},
	{"subscriptions", "max-subscriptions", "128", []string{"-max-subscriptions", "2"}, func(s *site) {
		w := s.connected()
		for id := 2; id < 5; id++ {
			w.says(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"c%d"}}`, id, id))
		}
		w.hears(`{"id":4,"error":{"code":"too_many_subscriptions"`)
		s.wants(s.get("/sse?channel=a&channel=b&channel=c"), 400, `"too_many_subscriptions"`)
	}},
	{"message", "max-message", "64KiB", []string{"-max-message", "100"}, func(s *site) {
		w := s.connected()
		w.says(`{"id":2,"publish":{"channel":"a","data":"` + strings.Repeat("x", 99) + `"}}`)
		w.hears(`{"id":2,"error":{"code":"too_large"`)
		s.wants(s.post("/publish", `{"data":"`+strings.Repeat("x", 99)+`"}`), 413, `"limit":100`)
	}},
	{"frame", "max-frame", "128KiB", []string{"-max-message", "100", "-max-frame", "1KiB"}, func(s *site) {
		s.wants(s.post("/publish", strings.Repeat(" ", 1025)), 413, `"limit":1024`)
		w := s.connected()
		w.says(strings.Repeat(" ", 1025))
		w.isClosed(protocol.CloseTooLarge)
	}},
	{"outbox", "max-outbox", "1MiB", []string{"-max-outbox", "1KiB"}, func(s *site) {
		w := s.connected()
		w.says(`{"id":2,"subscribe":{"channel":"a"}}`)
		w.hears(`"subscribed"`)
		s.wants(s.post("/publish", `{"channel":"a","data":"`+strings.Repeat("x", 2000)+`"}`), 200, `"success"`)
		w.isClosed(protocol.CloseSlowConsumer)
	}},
	{"history_page", "max-history-page", "1000", []string{"-max-history-page", "10"}, func(s *site) {
		s.wants(s.get("/history?limit=10"), 200, `"publications"`)
		s.wants(s.get("/history?limit=11"), 400, `"limit":10`)
		s.wants(s.get("/sse?rewind=11"), 400, `"limit":10`, `"rewind.count"`)
		for n := range 12 {
			s.wants(s.post("/publish", fmt.Sprintf(`{"data":%d}`, n)), 200, `"success"`)
		}
		if a := s.get("/history"); a.status != 200 || strings.Count(a.body, `"data":`) != 10 {
			s.Errorf("without a limit: %d %s", a.status, a.body) // as many as may be
		}
		w := s.connected()
		w.says(`{"id":2,"subscribe":{"channel":"a","rewind":{"count":11}}}`)
		w.hears(`{"id":2,"error":{"code":"bad_request"`)
		w.says(`{"id":3,"subscribe":{"channel":"realtime_channel","rewind":{"age":60000}}}`)
		w.hears(`"recovered":12`) // by age there are all that are kept
	}},
	{"publish_rate", "publish-rate", "2000", []string{"-publish-rate", "5"}, func(s *site) {
		w := s.connected()
		for id := 2; id < 20; id++ {
			w.says(fmt.Sprintf(`{"id":%d,"publish":{"channel":"a","data":1}}`, id))
		}
		if e := w.hears(`"rate_limited"`); !strings.Contains(e, `"retry_after":`) {
			s.Errorf("it does not say when to try again: %s", e)
		}
	}},
	{"publish_rate_user", "publish-rate-user", "4000", []string{"-publish-rate-user", "1", "-jwt-secret", secret}, func(s *site) {
		s.token = mint(s.T, "alice")
		tooManyPublishes(s)
		s.token = mint(s.T, "bob")
		s.wants(s.post("/publish", `{"data":1}`), 200, `"success"`)
	}},
	{"publish_rate_address", "publish-rate-address", "20000", []string{"-publish-rate-address", "1"}, func(s *site) {
		tooManyPublishes(s)
		s.wants(s.as("127.0.0.66").post("/publish", `{"data":1}`), 200, `"success"`)
	}},
	{"command_rate", "command-rate", "5000", []string{"-command-rate", "5"}, func(s *site) {
		w := s.connected()
		w.says(strings.Repeat(`{"id":2,"unsubscribe":{"channel":"a"}}`+"\n", 20))
		if e := w.hears(`"rate_limited"`); !strings.Contains(e, `"retry_after":`) {
			s.Errorf("it does not say when to try again: %s", e)
		}
	}},
	{"request_rate", "request-rate", "5000", []string{"-request-rate", "1", "-jwt-secret", secret}, func(s *site) {
		for i, ask := range []func(*site) answer{
			func(s *site) answer { return s.get("/history") },
			func(s *site) answer { return s.get("/presence") },
			func(s *site) answer { return s.get("/filter?expression=a==1") },
			func(s *site) answer { return s.get("/identities") },
			func(s *site) answer { return s.get("/version") },
			func(s *site) answer { return s.get("/") },
			func(s *site) answer { return s.get("/ws") },
			func(s *site) answer { return s.get("/sse") },
			func(s *site) answer { return s.get("/history", "Authorization", "Bearer forged") },
			func(s *site) answer { return s.post("/ticket", "") },
			func(s *site) answer { return s.post("/identities", "") },
			func(s *site) answer { return s.post("/publish", "nonsense") },
		} {
			tooManyRequests(s.as(fmt.Sprintf("127.0.0.%d", 100+i)), ask)
		}
		s.token = mint(s.T, "alice")
		history := func(s *site) answer { return s.get("/history") }
		tooManyRequests(s, history)
		s.token = mint(s.T, "bob")
		s.wants(history(s), 200, `"publications"`) // another user, from the same address
		for range 20 {
			s.wants(s.get("/healthz"), 200, "alive") // who asks that should always know
			s.wants(s.get("/readyz"), 200, "ready")
		}
	}},
	{"ping_rate", "ping-rate", "10", []string{"-ping-rate", "1"}, func(s *site) {
		w := s.connected()
		w.says(strings.Repeat(`{"id":2,"ping":{}}`+"\n", 20))
		w.hears(`"rate_limited"`)
		c, r := s.frames()
		_, _ = io.WriteString(c, strings.Repeat("\x89\x80\x00\x00\x00\x00", 20))
		if code := closeCode(r); code != protocol.CloseRateLimited {
			s.Errorf("twenty pings are answered with %d", code)
		}
	}},
	{"bytes_rate", "bytes-rate", "16MiB", []string{"-bytes-rate", "1KiB"}, func(s *site) {
		w := s.connected()
		began := time.Now()
		w.says(strings.Repeat(" \n", 1024) + `{"id":2,"ping":{}}`)
		w.hears(`"pong"`)
		if took := time.Since(began); took < 800*time.Millisecond {
			s.Errorf("two kilobytes took %v, at one a second", took)
		}
		began = time.Now()
		s.wants(s.post("/publish", strings.Repeat(" \n", 1024)+`{"data":1}`), 200, `"success"`)
		if took := time.Since(began); took < 800*time.Millisecond {
			s.Errorf("a body of two kilobytes took %v, at one a second", took)
		}
	}},
	{"handshake_timeout", "handshake-timeout", "5s", []string{"-handshake-timeout", "1s"}, func(s *site) {
		c := s.raw()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n")
		if b, err := io.ReadAll(c); err != nil || bytes.Contains(b, []byte(" 200 ")) {
			s.Errorf("half a head: %v, %s", err, b)
		}
	}},
	{"connect_timeout", "connect-timeout", "5s", []string{"-connect-timeout", "1s"}, func(s *site) {
		s.v1().isClosed(protocol.CloseConnectTimeout)
	}},
	{"message_timeout", "message-timeout", "10s", []string{"-message-timeout", "1s"}, func(s *site) {
		c, r := s.frames()
		_, _ = io.WriteString(c, "\x81\x85\x00\x00\x00\x00hal")
		if code := closeCode(r); code != protocol.CloseIdle {
			s.Errorf("half a message is answered with %d", code)
		}
		c = s.raw()
		_, _ = io.WriteString(c, "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{\"dat")
		if b, err := io.ReadAll(c); err != nil || !bytes.Contains(b, []byte(" 408 ")) {
			s.Errorf("half a body: %v, %s", err, b)
		}
	}},
}

func oneConnectionTooMany(s *site) {
	s.Helper()
	s.connected()
	last := s.connected()
	_, a := s.try(protocol.Subprotocol)
	s.wants(a, 429, `"too_many_connections"`, `"limit":2`, `"retry_after":`)
	if a.header.Get("Retry-After") == "" {
		s.Error("no Retry-After")
	}
	s.wants(s.get("/sse"), 429, `"too_many_connections"`)
	// A place that is given up is free.
	_ = last.ws.CloseNow()
	s.eventually("there is a place again", func() bool {
		w, _ := s.try(protocol.Subprotocol)
		return w != nil
	})
}

func tooManyPublishes(s *site) {
	s.Helper()
	for range 20 {
		if a := s.post("/publish", `{"data":1}`); a.status != 200 {
			s.wants(a, 429, `"rate_limited"`, `"limit":1`, `"retry_after":`)
			if a.header.Get("Retry-After") != "1" {
				s.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
			}
			return
		}
	}
	s.Fatal("twenty messages are taken, where one a second may be")
}

func tooManyRequests(s *site, ask func(*site) answer) {
	s.Helper()
	for range 40 {
		if a := ask(s); a.status == 429 {
			s.wants(a, 429, `"rate_limited"`, `"limit":1`, `"retry_after":`)
			if a.header.Get("Retry-After") != "1" {
				s.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
			}
			return
		}
	}
	s.Error("forty requests are answered, where one a second may be")
}

// mint signs a token that may do everything.
func mint(t *testing.T, sub string) string {
	t.Helper()
	out, err := exec.Command(program, "token", "-jwt-secret", secret, "-sub", sub, "-grant", "#=rw").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestABatchThatIsWhollyTooFastSaysWhenToComeBack(t *testing.T) {
	s := start(t, "-publish-rate-address", "1")
	first := s.post("/publish", `[{"data":1},{"data":2},{"data":3}]`)
	s.wants(first, 200, `"partial"`, `"rate_limited"`, `"retry_after":`)
	if first.header.Get("Retry-After") != "" {
		s.Error("what was taken is to be sent again")
	}
	tooFast := func() (a answer) {
		s.eventually("nothing of it is taken", func() bool {
			a = s.post("/publish", `[{"data":1},{"data":2}]`)
			return !strings.Contains(a.body, `"success"`)
		})
		return a
	}()
	s.wants(tooFast, 429, `"rate_limited"`, `"limit":1`, `"retry_after":`)
	if tooFast.header.Get("Retry-After") != "1" || tooFast.header.Get("Content-Type") != "application/problem+json" {
		s.Errorf("%v", tooFast.header)
	}
	// What would not be taken later either is not told to come back.
	s.wants(s.post("/publish", `[{"data":1},{"channel":"No","data":2},{"data":3}]`), 200, `"channel_invalid"`)
}

func TestEveryLimitHasAFlagADefaultARefusalAndAMetric(t *testing.T) {
	help, _ := exec.Command(program, "-h").CombinedOutput()
	defaults := make(map[string]string)
	_, group, _ := strings.Cut(string(help), "\nLimits")
	group, _, _ = strings.Cut(group, "\n\n")
	for _, m := range regexp.MustCompile(`\n  -(\S+) .*\n.*\(default ([^)]+)\) \[FANLIGHT_`).FindAllStringSubmatch(group, -1) {
		defaults[m[1]] = m[2]
	}
	if !strings.HasPrefix(group, ", each for this relay alone") {
		t.Error("-h does not say that two relays allow twice as much")
	}
	if len(defaults) != len(limits) {
		t.Errorf("-h tells of %d limits, and here are %d", len(defaults), len(limits))
	}
	for _, l := range limits {
		t.Run(l.name, func(t *testing.T) {
			if defaults[l.flag] != l.standard {
				t.Errorf("-%s is %q by default, not %q", l.flag, defaults[l.flag], l.standard)
			}
			s := start(t, l.args...)
			if n := len(s.allRefusals()); n != len(limits) {
				t.Errorf("%d limits are counted, and there are %d", n, len(limits))
			}
			if n := s.refusals(l.name); n != 0 {
				t.Fatalf("it has refused %d before anything was asked for", n)
			}
			l.pass(s)
			s.eventually("the refusal is counted", func() bool { return s.refusals(l.name) > 0 })
			if a := s.get("/healthz"); a.status != 200 {
				t.Errorf("it is not well after that: %s", a.body)
			}
		})
	}
}
