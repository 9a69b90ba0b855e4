package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// systemFloor is the floor's name in the report.
const systemFloor = "floor"

// system is one of the things that are compared.
type system struct {
	name string // in the report
	key  string // on the command line
	mode mode
}

// bench is one run of the program.
type bench struct {
	Settings
	progress   io.Writer
	redis      *redisChoice
	serverCore int // negative when nothing is pinned
	loadCore   int
	channel    int // numbers the channels, so that no run meets another's history
}

// run measures everything that was asked for.
func (b *bench) run(ctx context.Context) (r *Report, err error) {
	if _, err := os.Stat(b.Relay); err != nil {
		return nil, fmt.Errorf("there is no relay to measure (try make build): %w", err)
	}
	started := time.Now()
	r = &Report{
		Started: started.UTC().Truncate(time.Second), Settings: b.Settings,
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
	}
	b.serverCore, b.loadCore = -1, -1
	if slices.Contains(b.Only, "page") {
		if r.Start, r.Page, err = b.measurePage(ctx); err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
	}
	if server, load, ok := cores(); ok {
		if err := pinSelf(load); err != nil {
			return nil, fmt.Errorf("pinning: %w", err)
		}
		b.serverCore, b.loadCore, r.Pinned = server, load, true
	}
	if b.redis, err = startRedis(ctx, b.RedisURL, b.loadCore); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.redis.stop()) }()
	r.Redis = b.redis.what

	if slices.Contains(b.Only, "paced") {
		if r.Paced, err = b.traffic(ctx, paced(b.Paced)); err != nil {
			return nil, err
		}
	}
	if slices.Contains(b.Only, "saturation") {
		if r.Flood, err = b.traffic(ctx, saturation(b.Saturation)); err != nil {
			return nil, err
		}
	}
	if slices.Contains(b.Only, "memory") {
		r.Memory, err = inTurns(b, "memory", mergeMemory, func(sys system) (MemoryRow, error) { return b.measureIdle(ctx, sys) })
		if err != nil {
			return nil, err
		}
	}
	if slices.Contains(b.Only, "transfer") {
		if r.Transfer, err = b.measureTransfer(ctx); err != nil {
			return nil, fmt.Errorf("transfer: %w", err)
		}
	}
	r.Took = time.Since(started).Seconds()
	return r, nil
}

func (b *bench) traffic(ctx context.Context, t traffic) ([]TrafficRow, error) {
	rows, err := inTurns(b, t.name, mergeTraffic, func(sys system) (TrafficRow, error) { return b.measureTraffic(ctx, sys, t) })
	compare(rows)
	return rows, err
}

// inTurns measures every system in turn, several times over, so that a slow
// minute of the machine hits all of them alike, and merges the runs of each.
func inTurns[R any](b *bench, what string, merge func([]R) R, measure func(system) (R, error)) ([]R, error) {
	chosen := b.chosen()
	runs := make([][]R, len(chosen))
	for n := range b.Runs {
		for i, sys := range chosen {
			_, _ = fmt.Fprintf(b.progress, "%s: %s, run %d of %d\n", what, sys.name, n+1, b.Runs)
			row, err := measure(sys)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", what, sys.name, err)
			}
			runs[i] = append(runs[i], row)
		}
	}
	var rows []R
	for _, of := range runs {
		rows = append(rows, merge(of))
	}
	return rows, nil
}

func (b *bench) chosen() []system {
	return slices.DeleteFunc(slices.Clone(systems), func(s system) bool { return !slices.Contains(b.Systems, s.key) })
}

// server is a started system.
type server struct {
	proc *process
	addr string // host:port
}

// printedURL is the first address that a server prints.
var printedURL = regexp.MustCompile(`(http://127\.0\.0\.1:\d+)`)

// serve starts a system in a fresh process, with more arguments if there are
// any, and waits until it is ready.
func (b *bench) serve(ctx context.Context, sys system, more ...string) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	name, args := b.Relay, []string{
		"-addr", "127.0.0.1:0", "-embedded-addr", "127.0.0.1:0", "-ops-addr", "off", "-log-level", "warn",
		// What is measured comes from one address.
		"-max-connections", "none", "-max-connections-per-address", "none", "-publish-rate", "none", "-publish-rate-address", "none", "-command-rate", "none", "-request-rate", "none", "-bytes-rate", "none",
	}
	args = append(args, more...)
	if b.redis != nil && b.redis.url != "" {
		args = append(args, "-redis", b.redis.url)
	}
	if sys.mode == modeFloor {
		var err error
		if name, args, err = floorArgs(b.Size); err != nil {
			return nil, err
		}
	}
	proc, err := startProcess(b.serverCore, name, args...)
	if err != nil {
		if proc != nil {
			err = errors.Join(err, proc.stop())
		}
		return nil, err
	}
	url, err := proc.printed(ctx, printedURL)
	if err == nil {
		err = proc.ready(ctx, url+"/readyz")
	}
	if err != nil {
		return nil, errors.Join(err, proc.stop())
	}
	return &server{proc: proc, addr: strings.TrimPrefix(url, "http://")}, nil
}
