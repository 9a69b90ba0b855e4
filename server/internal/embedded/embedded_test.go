package embedded_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"fanlight/server/internal/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, addr string) (*embedded.Redis, string) {
	t.Helper()
	var log bytes.Buffer
	r, err := embedded.Start(addr, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return r, log.String()
}

func TestOtherProgramsCanTalkToIt(t *testing.T) {
	r, log := start(t, "127.0.0.1:0")
	defer r.Close()
	if log != "" {
		t.Error(log)
	}
	opt, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	defer func() { _ = c.Close() }()
	ctx := context.Background()
	if got, err := c.Publish(ctx, "realtime_channel", "hi").Result(); err != nil || got != 0 {
		t.Error(got, err)
	}
	// Nothing elapses in a miniredis that is not told to.
	if err := c.Set(ctx, "k", "v", 20*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(15 * time.Second); c.Exists(ctx, "k").Val() != 0; {
		if time.Now().After(deadline) {
			t.Fatal("a key does not elapse")
		}
	}
}

func TestAPrivateOneTakesNobodyWithoutItsPassword(t *testing.T) {
	r, err := embedded.StartPrivate("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	other, err := embedded.StartPrivate("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ours, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := redis.ParseURL(other.URL())
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.Password) < 16 || ours.Password == theirs.Password {
		t.Error("the password can be guessed")
	}
	ctx := context.Background()
	for name, c := range map[string]struct {
		username, password string
		wanted             bool
	}{
		"no password": {}, "another": {"", theirs.Password, false}, "another user": {"admin", ours.Password, false}, "ours": {"", ours.Password, true},
	} {
		for _, proto := range []int{2, 3} { // by AUTH, and in HELLO
			client := redis.NewClient(&redis.Options{Addr: r.Addr(), Username: c.username, Password: c.password, Protocol: proto, MaxRetries: -1, DisableIdentity: true})
			for what, do := range map[string]func() error{
				"publish": func() error { return client.Publish(ctx, "a", "hi").Err() },
				"set":     func() error { return client.Set(ctx, "k", "v", 0).Err() },
				"eval":    func() error { return client.Eval(ctx, "return redis.call('SET', 'k', 'v')", nil).Err() },
				"multi": func() error {
					_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "k", "v", 0).Err() })
					return err
				},
				"subscribe": func() error {
					s := client.Subscribe(ctx, "a")
					defer func() { _ = s.Close() }()
					_, err := s.Receive(ctx)
					return err
				},
			} {
				if err := do(); (err == nil) != c.wanted {
					t.Errorf("with %s, protocol %d: %s: %v", name, proto, what, err)
				}
			}
			_ = client.Close()
		}
	}
}

func TestATakenPortFallsBackToAFreeOneAndSaysSo(t *testing.T) {
	first, _ := start(t, "127.0.0.1:0")
	defer first.Close()
	second, log := start(t, first.Addr())
	defer second.Close()
	host, _, err := net.SplitHostPort(second.Addr())
	if err != nil || host != "127.0.0.1" || second.Addr() == first.Addr() {
		t.Errorf("%s, and then %s: %v", first.Addr(), second.Addr(), err)
	}
	if !strings.Contains(log, first.Addr()) || !strings.Contains(log, second.Addr()) {
		t.Errorf("the log says %q", log)
	}
}

func TestAnAddressThatCannotBeIsAnError(t *testing.T) {
	for _, addr := range []string{"", "localhost", "192.0.2.1:6380", "no such host:1"} {
		if r, err := embedded.Start(addr, slog.New(slog.DiscardHandler)); err == nil {
			r.Close()
			t.Errorf("%q is taken", addr)
		} else if !strings.Contains(err.Error(), "embedded Redis") {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestTheAddressOutlivesTheClose(t *testing.T) {
	r, _ := start(t, "127.0.0.1:0")
	before := r.Addr()
	r.Close()
	r.Close()
	if r.Addr() != before || r.URL() != "redis://"+before {
		t.Errorf("%s, and then %s", before, r.Addr())
	}
}
