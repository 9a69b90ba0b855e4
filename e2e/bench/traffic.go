package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// traffic is one of the two measurements with messages.
type traffic struct {
	name        string
	subscribers int
	trackEvery  int           // one subscriber in so many is looked into
	interval    time.Duration // between messages; 0 is the closed loop
	publishers  int           // connections
	inFlight    int           // publishes unacknowledged, in all
	lag         int           // messages that the slowest subscriber may lack
	buffer      int           // bytes of a read buffer
	window      time.Duration // how long to measure
}

// paced is 1,000 subscribers and 20 messages a second; saturation is what 500
// subscribers get of 32 publishes in flight. What each setting means, doc.go
// says.
func paced(window time.Duration) traffic {
	return traffic{
		name: "paced", subscribers: 1000, trackEvery: 10, interval: time.Second / 20,
		publishers: 1, inFlight: 32, lag: 256, buffer: 2 << 10, window: window,
	}
}

func saturation(window time.Duration) traffic {
	return traffic{
		name: "saturation", subscribers: 500, trackEvery: 25,
		publishers: 4, inFlight: 32, lag: 256, buffer: 16 << 10, window: window,
	}
}

// warmUp is how long messages flow before the window opens, at the most.
const warmUp = time.Second

// measureTraffic runs one traffic against one system, in a process of its own.
// What was lost, or what broke, is in the row's Fault; an error is that nothing
// could be measured.
func (b *bench) measureTraffic(ctx context.Context, sys system, t traffic) (row TrafficRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.window+time.Minute)
	defer cancel()
	srv, err := b.serve(ctx, sys)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, srv.proc.stop()) }()
	b.channel++
	f, err := newFleet(ctx, fleetConfig{
		addr: srv.addr, mode: sys.mode, channel: fmt.Sprintf("bench-%d", b.channel),
		subscribers: t.subscribers, trackEvery: t.trackEvery, size: b.Size, flush: b.Flush, buffer: t.buffer,
	})
	if err != nil {
		return row, err
	}
	defer f.close()
	var d driver = floorDriver{addr: srv.addr}
	if sys.mode != modeFloor {
		if d, err = newRelayDriver(ctx, f, t.publishers, t.inFlight, t.lag); err != nil {
			return row, err
		}
	}
	defer d.close()

	if err := f.start(ctx, d.mark); err != nil {
		return row, err
	}
	if err := d.begin(ctx, t.interval); err != nil {
		return row, err
	}
	if err := hold(ctx, f, min(warmUp, t.window/2)); err != nil {
		return row, err
	}
	f.measuring.Store(true)
	from := b.look(srv, f)
	if err := hold(ctx, f, t.window); err != nil {
		return row, err
	}
	to := b.look(srv, f)
	f.measuring.Store(false)
	sent, err := d.end(ctx)
	if err == nil {
		err = f.settle(ctx, sent)
	}
	f.close()
	if err == nil {
		err = f.verify(sent)
	}
	row = windowRow(from, to, f.latencies())
	row.System = sys.name
	row.Published = sent
	if held := d.waited(); held > sent/100 {
		row.Note = fmt.Sprintf("%d of %d publishes waited for a subscriber that lagged", held, sent)
	}
	if row.Busy.Load > fullyBusy && row.Busy.Server < fullyBusy {
		row.Note = "the load's core was full before the server's: at least this much"
	}
	if err != nil {
		row.Fault = err.Error()
	}
	return row, nil
}

// fullyBusy is the share of a core above which it has nothing left to give.
const fullyBusy = 0.97

// hold waits so long, or until something breaks.
func hold(ctx context.Context, f *fleet, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-f.fault.done():
		return f.fault.get()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moment is what can be read off at one edge of the window. A time that the
// platform does not tell is negative.
type moment struct {
	at               time.Time
	messages, frames uint64
	server, load     time.Duration
	redis, machine   time.Duration
}

func (b *bench) look(srv *server, f *fleet) moment {
	m := moment{at: time.Now(), server: -1, load: -1, redis: -1, machine: -1}
	m.messages, m.frames = f.totals()
	if d, ok := cpuTime(srv.proc.pid()); ok {
		m.server = d
	}
	if d, ok := cpuTime(os.Getpid()); ok {
		m.load = d
	}
	if b.redis.proc != nil {
		if d, ok := cpuTime(b.redis.proc.pid()); ok {
			m.redis = d
		}
	}
	if d, ok := machineBusy(); ok {
		m.machine = d
	}
	return m
}

// windowRow makes a row of what lies between two moments.
func windowRow(from, to moment, latencies []uint32) TrafficRow {
	length := to.at.Sub(from.at)
	delivered := float64(to.messages - from.messages)
	spent := func(from, to time.Duration) float64 {
		if from < 0 || to < 0 {
			return 0
		}
		return (to - from).Seconds()
	}
	server, load := spent(from.server, to.server), spent(from.load, to.load)
	redis, machine := spent(from.redis, to.redis), spent(from.machine, to.machine)
	row := TrafficRow{
		DeliveriesPerSecond: delivered / length.Seconds(),
		CPUPerDelivery:      ratio(server*1e6, delivered),
		LoadCPUPerDelivery:  ratio(load*1e6, delivered),
		MessagesPerFrame:    ratio(delivered, float64(to.frames-from.frames)),
		P50:                 float64(percentile(latencies, 0.50)) / 1e3,
		P99:                 float64(percentile(latencies, 0.99)) / 1e3,
		Busy: Busy{
			Server: server / length.Seconds(),
			Load:   (load + redis) / length.Seconds(),
		},
	}
	if machine > 0 {
		row.Busy.Others = max(machine-server-load-redis, 0) / length.Seconds()
	}
	return row
}
