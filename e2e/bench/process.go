package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end by itself.
const stopTimeout = 12 * time.Second

// process is a program that the bench has started, and ends.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *tail
	// done is closed when the process has ended, with err set.
	done chan struct{}
	err  error
}

// startProcess starts a program, bound to the core unless cpu is negative.
func startProcess(cpu int, name string, args ...string) (*process, error) {
	cmd := exec.Command(name, args...)
	p := &process{cmd: cmd, out: &tail{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.WaitDelay = stopTimeout
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if cpu < 0 {
		err = cmd.Start()
	} else {
		err = pinned(cpu, cmd.Start)
	}
	if err != nil && cmd.Process == nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, err
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// printed waits until the process has printed what the expression matches, and
// returns its first group.
func (p *process) printed(ctx context.Context, re *regexp.Regexp) (string, error) {
	for {
		grown := p.out.grown()
		if m := re.FindSubmatch(p.out.bytes()); m != nil {
			return string(m[1]), nil
		}
		select {
		case <-grown:
		case <-p.done:
			return "", fmt.Errorf("%s ended (%v): %s", p.cmd.Path, p.err, p.out.bytes())
		case <-ctx.Done():
			return "", fmt.Errorf("%s did not print what was awaited: %w: %s", p.cmd.Path, ctx.Err(), p.out.bytes())
		}
	}
}

// ready waits until a GET of the URL is answered with 200.
func (p *process) ready(ctx context.Context, url string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		status, err := get(ctx, url)
		if status == http.StatusOK {
			return nil
		}
		select {
		case <-again.C:
		case <-p.done:
			return fmt.Errorf("%s ended (%v): %s", p.cmd.Path, p.err, p.out.bytes())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready (status %d, %w): %s", p.cmd.Path, status, err, p.out.bytes())
		}
	}
}

func get(ctx context.Context, url string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// stop asks the process to end, insists when it does not, and waits.
func (p *process) stop() error {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	err := p.cmd.Process.Kill()
	<-p.done
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return fmt.Errorf("%s did not end within %v of SIGTERM and was killed", p.cmd.Path, stopTimeout)
}

// tail keeps the first and forgets the middle of what a process prints: the
// address stands at the start, the reason of a failure at the end.
type tail struct {
	mu   sync.Mutex
	head []byte
	last []byte
	wake chan struct{}
}

const tailBytes = 8 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(p), tailBytes-len(t.head))
	t.head = append(t.head, p[:n]...)
	t.last = append(t.last, p[n:]...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = t.last[:copy(t.last, t.last[over:])]
	}
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
	return len(p), nil
}

// grown is closed at the next Write.
func (t *tail) grown() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return t.wake
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Join([][]byte{t.head, t.last}, nil)
}
