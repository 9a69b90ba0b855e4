package e2e_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

// program returns the path of bin/fanlight as `go build` makes it, made once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../bin")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "fanlight-e2e")
	out, err := exec.Command("go", "build", "-o", path, "fanlight/server").CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

// process is a fanlight that runs.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	said chan string // its standard output, line by line
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, args...), said: make(chan string, 16)}
	p.cmd.Stderr = t.Output()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	go func() {
		defer close(p.said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.said <- lines.Text()
		}
	}()
	return p
}

// says waits for a line that matches and returns the first group.
func (p *process) says(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.said:
			if !ok {
				p.t.Fatalf("it ended without saying %s", pattern)
			}
			if m := re.FindStringSubmatch(line); m != nil {
				return m[1]
			}
		case <-deadline:
			p.t.Fatalf("it does not say %s", pattern)
		}
	}
}

func TestTheProgramStartsOnNothingAndStopsInGoodOrder(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()

	p := start(t, "-addr", "127.0.0.1:0", "-embedded-addr", taken.Addr().String())
	url := p.says(`Open +(http://127\.0\.0\.1:\d+)$`)
	p.says(`(curl -d .* ` + url + `/publish)$`)
	port := p.says(`redis-cli -p (\d+) publish realtime_channel hi`)
	if strings.HasSuffix(taken.Addr().String(), ":"+port) {
		t.Fatalf("it says that Redis has port %s, which is taken", port)
	}
	eventually(t, "it is ready", func() bool { return status(url+"/readyz") == 200 })
	if got := status(url + "/healthz"); got != 200 {
		t.Errorf("/healthz answers %d", got)
	}

	s := &site{rig: &rig{t: t, redis: redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, Protocol: 2})}, addr: strings.TrimPrefix(url, "http://")}
	t.Cleanup(func() { _ = s.rig.redis.Close() })
	plain, v1, events := s.plain(), s.v1(), s.stream("")
	s.rig.publish(protocol.DefaultChannel, "hi")
	plain.hearsExactly("hi")

	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	plain.isClosed(protocol.CloseShutdown)
	v1.isClosed(protocol.CloseShutdown)
	for events.lines.Scan() { // to its end
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}

func TestTheProgramSaysWhatItDoesNotUnderstand(t *testing.T) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"-h"}, 0, []string{
			"-addr", "FANLIGHT_ADDR", "127.0.0.1:8000", "-redis", "FANLIGHT_REDIS_URL", "-embedded-addr", "FANLIGHT_EMBEDDED_ADDR",
			"-prefix", "FANLIGHT_PREFIX", "-log-level", "FANLIGHT_LOG_LEVEL", "-log-format", "FANLIGHT_LOG_FORMAT",
		}},
		{[]string{"-dance"}, 2, []string{"-dance"}},
		{[]string{"serve"}, 2, []string{`"serve"`}},
		{[]string{"-log-level", "loud"}, 2, []string{"log-level", `"loud"`}},
		{[]string{"-log-format", "xml"}, 2, []string{"log-format", `"xml"`}},
		{[]string{"-addr", "8000"}, 2, []string{"addr"}},
		{[]string{"-addr", "127.0.0.1:0", "-redis", "http://localhost"}, 1, []string{"redis URL"}},
		{[]string{"-addr", "256.0.0.1:0", "-open"}, 1, []string{"256.0.0.1"}},
		{[]string{"-addr", "0.0.0.0:0"}, 2, []string{"-jwt-secret", "-jwks", "-open"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(ctx, path, c.args...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = io.Discard, &said
		_ = cmd.Run()
		cancel()
		if got := cmd.ProcessState.ExitCode(); got != c.code {
			t.Errorf("%q ends with %d, not %d", c.args, got, c.code)
		}
		for _, part := range c.says {
			if !strings.Contains(said.String(), part) {
				t.Errorf("%q does not say %q:\n%s", c.args, part, said.String())
			}
		}
	}
}
