package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// settleEvery is how often a process's memory is read while it settles, and
	// settleReadings how many readings in a row must agree within 1 %.
	settleEvery    = 200 * time.Millisecond
	settleReadings = 5
	// settleAtMost is when a process that never comes to rest is taken as it
	// is. It is far below the silence after which the relay ends a connection.
	settleAtMost = 10 * time.Second
	idleBuffer   = 512
)

// measureIdle measures what a fresh process needs for connections that joined
// a channel and hear nothing.
func (b *bench) measureIdle(ctx context.Context, sys system) (row MemoryRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	row = MemoryRow{System: sys.name, Connections: b.Idle}
	srv, err := b.serve(ctx, sys)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, srv.proc.stop()) }()
	before, _, ok := settled(ctx, srv.proc.pid())
	if !ok {
		row.Note = "memory is only read on Linux"
		return row, nil
	}
	b.channel++
	began := time.Now()
	f, err := newFleet(ctx, fleetConfig{
		addr: srv.addr, mode: sys.mode, channel: fmt.Sprintf("bench-%d", b.channel),
		subscribers: b.Idle, trackEvery: b.Idle, size: b.Size, flush: b.Flush, buffer: idleBuffer,
	})
	if err != nil {
		return row, err
	}
	defer f.close()
	row.Joined = time.Since(began).Seconds()
	after, peak, ok := settled(ctx, srv.proc.pid())
	if !ok {
		return row, errors.New("the server's memory can't be read any more")
	}
	row.Before, row.After, row.Peak = kib(before), kib(after), kib(peak)
	row.PerConnection = (row.After - row.Before) / float64(b.Idle)
	if err := f.fault.get(); err != nil {
		row.Fault = err.Error()
	}
	return row, nil
}

func kib(n uint64) float64 { return float64(n) / 1024 }

// settled waits until a process's resident memory has come to rest, and
// returns it with its peak.
func settled(ctx context.Context, pid int) (resident, peak uint64, ok bool) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	give := time.Now().Add(settleAtMost)
	agree, reference := 0, uint64(0)
	for {
		resident, peak, ok = memory(pid)
		if !ok {
			return 0, 0, false
		}
		if diff := max(resident, reference) - min(resident, reference); diff <= reference/100 {
			agree++
		} else {
			agree, reference = 0, resident
		}
		if agree >= settleReadings || time.Now().After(give) {
			return resident, peak, true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return resident, peak, true
		}
	}
}
