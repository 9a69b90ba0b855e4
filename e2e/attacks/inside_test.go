package attacks_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fanlight/e2e/port"
)

// Whoever reaches the Redis inside could publish past every grant, and take the
// revocations back. Where tokens count, no other program of the machine may.
func TestTheRedisInsideTakesNobodyElseWhereTokensCount(t *testing.T) {
	if os.Getenv("FANLIGHT_TEST_REDIS_URL") != "" {
		t.Log("there is no Redis inside: the program was given another one, and the run without it tries this")
		return
	}
	for _, c := range []struct {
		args []string
		open bool
	}{
		{nil, true},
		{[]string{"-jwt-secret", secret}, false},
	} {
		p, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		inside := fmt.Sprintf("127.0.0.1:%d", p)
		s := start(t, append(c.args, "-embedded-addr", inside)...)
		for command, taken := range map[string]string{
			"PUBLISH realtime_channel hi": ":", "SET k v": "+OK", "FLUSHALL": "+OK", "SUBSCRIBE a": "*3",
			"EVAL return(1) 0": ":1", "MULTI": "+OK",
		} {
			if got := redisSays(t, inside, command); strings.HasPrefix(got, taken) != c.open || !c.open && !strings.HasPrefix(got, "-NOAUTH") {
				t.Errorf("%v: %s is answered with %q", c.args, command, got)
			}
		}
		version := s.get("/version")
		s.wants(version, 200, `"redis":"embedded"`)
		if strings.Contains(version.body, inside) != c.open {
			t.Errorf("%v: /version says %s", c.args, version.body)
		}
		if strings.Contains(s.greeting, "redis-cli") != c.open || strings.Contains(s.greeting, "takes nobody else") == c.open {
			t.Errorf("%v: it greets with %s", c.args, s.greeting)
		}
	}
}

// redisSays sends a command, and returns the first line of the answer.
func redisSays(t *testing.T, addr, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	words := strings.Fields(command)
	_, _ = fmt.Fprintf(c, "*%d\r\n", len(words))
	for _, w := range words {
		_, _ = fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestTheRedisInsideIsNotPutOnTheNetwork(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:6380", "example.com:6380"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(ctx, program, "-addr", "127.0.0.1:0", "-ops-addr", "off", "-embedded-addr", addr)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = io.Discard, &said
		_ = cmd.Run()
		cancel()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(said.String(), "embedded-addr: ") {
			t.Errorf("%s ends with %d: %s", addr, code, said.String())
		}
	}
}
