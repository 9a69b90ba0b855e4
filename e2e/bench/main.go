package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// atMost bounds everything, whatever the flags ask for.
const atMost = 15 * time.Minute

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		if err := floorMain(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fail(err)
		}
		return
	}
	s, err := readSettings(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, atMost)
	err = run(ctx, s, os.Stdout, os.Stderr)
	cancel()
	stop()
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// Settings are the command line. Durations are in nanoseconds in JSON.
type Settings struct {
	Relay    string `json:"relay"`
	RedisURL string `json:"-"` // it may hold a password
	// Runs is how often everything is run; the medians are reported.
	Runs int `json:"runs"`
	// Paced and Saturation are how long one run measures.
	Paced      time.Duration `json:"paced_ns"`
	Saturation time.Duration `json:"saturation_ns"`
	// Idle is how many idle connections share the memory.
	Idle int `json:"idle_connections"`
	// Size is the bytes of a message's data.
	Size int `json:"data_bytes"`
	// Flush is the flush interval that fanlight.v1 subscribers ask for, in
	// milliseconds.
	Flush   int      `json:"flush_ms"`
	Only    []string `json:"only"`
	Systems []string `json:"systems"`
	JSON    string   `json:"-"`
}

// The parts of a report, and the systems of a traffic.
var (
	parts   = []string{"paced", "saturation", "memory", "transfer", "page"}
	systems = []system{{systemFloor, "floor", modeFloor}, {"fanlight.v1", "v1", modeFanlight}, {"plain WebSocket", "plain", modePlain}}
)

// maxWindow keeps a subscriber, who only listens, from being silent for so
// long that the relay takes it for dead.
const maxWindow = 30 * time.Second

func readSettings(args []string, out io.Writer) (Settings, error) {
	var s Settings
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&s.Relay, "relay", "bin/fanlight", "`path` of the relay's program")
	fs.StringVar(&s.RedisURL, "redis-url", "", "`URL` of a Redis to use; by default a redis-server is started, or the relay's embedded one is used")
	fs.IntVar(&s.Runs, "runs", 3, "`how often` to run everything; medians are printed")
	fs.DurationVar(&s.Paced, "paced", 5*time.Second, "`how long` a paced run measures, at most 30s")
	fs.DurationVar(&s.Saturation, "saturation", 3*time.Second, "`how long` a saturated run measures, at most 30s")
	fs.IntVar(&s.Idle, "idle", 5000, "`how many` idle connections to open")
	fs.IntVar(&s.Size, "size", 64, fmt.Sprintf("`bytes` of a message's data, at least %d", minData))
	fs.IntVar(&s.Flush, "flush", 0, "the flush interval that fanlight.v1 subscribers ask for, in `ms`")
	fs.StringVar(&s.JSON, "json", "", "`file` to write the report to, as JSON")
	only := fs.String("only", strings.Join(parts, ","), "which `parts` to run")
	which := fs.String("systems", "floor,v1,plain", "which `systems` to measure")
	quick := fs.Bool("quick", false, "a smoke run: one short run of everything, not for comparing")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	if *quick {
		s.Runs, s.Paced, s.Saturation, s.Idle = 1, time.Second, time.Second, 1000
	}
	s.Only, s.Systems = strings.Split(*only, ","), strings.Split(*which, ",")
	switch {
	case fs.NArg() > 0:
		return s, fmt.Errorf("what is %q?", fs.Arg(0))
	case s.Runs < 1 || s.Idle < 1 || s.Size < minData || s.Size > 32<<10 || s.Flush < 0:
		return s, errors.New("a number is out of its range")
	case min(s.Paced, s.Saturation) < 100*time.Millisecond || max(s.Paced, s.Saturation) > maxWindow:
		return s, fmt.Errorf("a run measures for 100ms to %v", maxWindow)
	}
	for _, p := range s.Only {
		if !slices.Contains(parts, p) {
			return s, fmt.Errorf("-only: %q is none of %s", p, strings.Join(parts, ", "))
		}
	}
	for _, k := range s.Systems {
		if !slices.ContainsFunc(systems, func(sys system) bool { return sys.key == k }) {
			return s, fmt.Errorf("-systems: %q is none of floor, v1, plain", k)
		}
	}
	return s, nil
}

// run measures, and prints the report to out and progress to progress.
func run(ctx context.Context, s Settings, out, progress io.Writer) error {
	b := &bench{Settings: s, progress: progress}
	r, err := b.run(ctx)
	if err != nil {
		return err
	}
	if err := writeReport(out, r); err != nil {
		return err
	}
	if s.JSON != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.JSON, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	if f := r.faults(); len(f) > 0 {
		return errors.New("not every message arrived as it should:\n  " + strings.Join(f, "\n  "))
	}
	return nil
}
