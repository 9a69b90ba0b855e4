package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"fanlight/e2e/port"
)

// redisChoice is the Redis of a run.
type redisChoice struct {
	// url is what the relay is told, empty for its embedded Redis.
	url string
	// what says which Redis it is, for the report.
	what string
	// proc is nil when the bench did not start it.
	proc *process
	dir  string
}

// startRedis returns the Redis that is given, else a redis-server of its own
// without persistence on the load's core, else, when none is installed, the
// relay's embedded one.
func startRedis(ctx context.Context, given string, cpu int) (*redisChoice, error) {
	if given != "" {
		u, err := url.Parse(given)
		if err != nil {
			return nil, err
		}
		return &redisChoice{url: given, what: "the given one, " + u.Redacted()}, nil
	}
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return &redisChoice{what: "embedded in the relay, whose CPU time includes it (no redis-server is installed)"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "fanlight-bench-")
	if err != nil {
		return nil, err
	}
	r := &redisChoice{dir: dir}
	// Another program may take the port between the look and the start.
	for range 5 {
		var free int
		if free, err = port.Free(); err != nil {
			break
		}
		r.proc, err = startProcess(cpu, path, "--bind", "127.0.0.1", "--port", strconv.Itoa(free), "--save", "", "--appendonly", "no", "--dir", dir)
		if err != nil {
			break
		}
		if _, err = r.proc.printed(ctx, regexp.MustCompile(`(Ready to accept connections)`)); err == nil {
			addr := port.Addr(free)
			r.url, r.what = "redis://"+addr+"/0", "redis-server "+redisVersion(ctx, addr)
			return r, nil
		}
		if stopErr := r.proc.stop(); stopErr != nil {
			break
		}
		r.proc = nil
	}
	_ = r.stop()
	return nil, fmt.Errorf("starting redis-server: %w", err)
}

// redisVersion asks a Redis for its version; it is only for the report.
func redisVersion(ctx context.Context, addr string) string {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte("INFO server\r\n")); err != nil {
		return ""
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "redis_version:"); ok {
			return v
		}
	}
	return ""
}

func (r *redisChoice) stop() error {
	var err error
	if r.proc != nil {
		err = r.proc.stop()
	}
	if r.dir != "" {
		if rm := os.RemoveAll(r.dir); err == nil {
			err = rm
		}
	}
	return err
}
