package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fanlight/server/relay"
)

// relayEnv holds the settings of a relay that is a process of its own: the
// test binary once more, with this in its environment.
const relayEnv = "FANLIGHT_FAULTS_RELAY"

// settings are what the suite's relays differ in, and what can be handed to
// another process. Intervals are short, for faults to be noticed within a test.
type settings struct {
	Addr, Redis, Prefix string
	History             int
	Probe, Ping         time.Duration
	Outbox              int
	PresenceTTL         time.Duration // 0: nobody keeps presence
}

func (s settings) start(log io.Writer, metrics prometheus.Registerer) (*relay.Relay, error) {
	return relay.New(relay.Config{
		RedisURL: s.Redis, Prefix: s.Prefix, Loopback: true,
		ProbeInterval: s.Probe, CheckInterval: s.Probe, PingInterval: s.Ping, Limits: relay.Limits{Outbox: s.Outbox},
		Namespaces:  map[string]relay.Namespace{"": {HistorySize: s.History, Presence: s.PresenceTTL > 0}},
		PresenceTTL: s.PresenceTTL, Metrics: metrics,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
}

// serve puts a relay on its address, and returns the address and how to end
// both, as SIGTERM would.
func (s settings) serve(log io.Writer, metrics prometheus.Registerer) (string, func() error, error) {
	r, err := s.start(log, metrics)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return "", nil, errors.Join(err, r.Close(context.Background()))
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: patience}
	server.RegisterOnShutdown(r.Drain)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := errors.Join(server.Shutdown(ctx), r.Close(ctx))
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	return listener.Addr().String(), stop, nil
}

// runRelay is the other process: a relay until SIGTERM, or until whoever
// started it is gone, which its standard input tells.
func runRelay(asked string) int {
	var s settings
	if err := json.Unmarshal([]byte(asked), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	addr, stop, err := s.serve(os.Stderr, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	orphan := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(orphan)
	}()
	fmt.Println(addr)
	select {
	case <-term:
	case <-orphan:
	}
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// site is a relay on an address that it keeps when it is restarted.
type site struct {
	t        *testing.T
	settings settings
	apart    bool // in a process of its own

	stopHere func() error
	metrics  *prometheus.Registry // of a relay here
	process  *exec.Cmd
	stdin    io.Closer
}

func (s *site) url() string { return "http://" + s.settings.Addr }

// start returns when messages flow.
func (s *site) start() {
	s.t.Helper()
	s.launch()
	s.ready()
}

// launch returns when the relay listens.
func (s *site) launch() {
	s.t.Helper()
	var err error
	if !s.apart {
		s.metrics = prometheus.NewRegistry()
		s.settings.Addr, s.stopHere, err = s.settings.serve(s.t.Output(), s.metrics)
		if err != nil {
			s.t.Fatal(err)
		}
		return
	}
	asked, err := json.Marshal(s.settings)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command(os.Args[0])
	s.process.Env = append(os.Environ(), relayEnv+"="+string(asked))
	s.process.Stderr = s.t.Output()
	s.process.WaitDelay = time.Second
	stdin, err := s.process.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.stdin = stdin
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the relay did not start: %v", err)
	}
	s.settings.Addr = strings.TrimSpace(line)
}

func (s *site) ready() {
	s.t.Helper()
	eventually(s.t, "messages flow through "+s.url(), func() bool { return status(s.url()+"/readyz") == http.StatusOK })
}

// counted returns what a metric of a relay here says, which has no labels.
func (s *site) counted(name string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

// stop ends the relay in good order. Stopping one that is not there is harmless.
func (s *site) stop() {
	s.t.Helper()
	switch {
	case s.stopHere != nil:
		if err := s.stopHere(); err != nil {
			s.t.Error(err)
		}
		s.stopHere = nil
	case s.process != nil:
		_ = s.process.Process.Signal(syscall.SIGCONT) // a stopped process can't stop
		_ = s.process.Process.Signal(syscall.SIGTERM)
		if err := s.process.Wait(); err != nil {
			s.t.Errorf("the relay ended with %v", err)
		}
		_ = s.stdin.Close()
		s.process = nil
	}
}

// kill ends the relay's process with SIGKILL.
func (s *site) kill() {
	s.t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.process.Wait()
	_ = s.stdin.Close()
	s.process = nil
}

// freeze stops the relay's process where it stands, and thaw lets it go on.
func (s *site) freeze() { s.signal(syscall.SIGSTOP) }
func (s *site) thaw()   { s.signal(syscall.SIGCONT) }

func (s *site) signal(which syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(which); err != nil {
		s.t.Fatal(err)
	}
}
