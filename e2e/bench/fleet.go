package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/shared/protocol"
)

// mode is what a connection speaks.
type mode int

const (
	modeFanlight mode = iota // fanlight.v1
	modePlain                // a plain WebSocket
	modeFloor                // the floor: lines like fanlight.v1's, without commands
)

// tail is how many bytes of a line follow the data.
func (m mode) tail() int {
	if m == modePlain {
		return 0
	}
	return len("}}")
}

// dialers is how many connections are being opened at a time.
const dialers = 64

// fleetConfig says what a fleet is to be. Every field is required.
type fleetConfig struct {
	addr    string // host:port
	mode    mode
	channel string
	// subscribers is their number; one in trackEvery looks into each message.
	subscribers, trackEvery int
	size                    int // bytes of a message's data
	flush                   int // milliseconds, for fanlight.v1
	buffer                  int // bytes of each read buffer
}

// fleet is the subscribers of one measurement. They run until close.
type fleet struct {
	fleetConfig
	subs []*subscriber
	wg   sync.WaitGroup
	// joined, heard and counting open when every subscriber got so far.
	joined, heard, counting *gate
	// measuring says that latencies are being noted.
	measuring atomic.Bool
	closing   atomic.Bool
	fault     firstError
}

// newFleet opens the connections and waits until all of them have joined the
// channel. The caller closes the fleet unless there is an error.
func newFleet(ctx context.Context, cfg fleetConfig) (*fleet, error) {
	f := &fleet{
		fleetConfig: cfg,
		joined:      newGate(cfg.subscribers), heard: newGate(cfg.subscribers), counting: newGate(cfg.subscribers),
	}
	subs := make([]*subscriber, cfg.subscribers)
	slots := make(chan struct{}, dialers)
	var dialing sync.WaitGroup
	for i := range subs {
		slots <- struct{}{}
		dialing.Go(func() {
			defer func() { <-slots }()
			s := &subscriber{fleet: f, tracked: i%cfg.trackEvery == 0}
			rest, err := s.open(ctx)
			if err != nil {
				f.fault.set(fmt.Errorf("subscriber %d: %w", i, err))
				return
			}
			subs[i] = s
			f.wg.Go(func() { f.listen(i, s, rest) })
		})
	}
	dialing.Wait()
	f.subs = slices.DeleteFunc(subs, func(s *subscriber) bool { return s == nil })
	if err := f.wait(ctx, f.joined); err != nil {
		f.close()
		return nil, fmt.Errorf("joining: %w", err)
	}
	return f, nil
}

func (f *fleet) listen(i int, s *subscriber, rest []byte) {
	err := s.reader.feed(rest, s)
	if err == nil {
		err = s.read(make([]byte, f.buffer))
	}
	if !f.closing.Load() {
		f.fault.set(fmt.Errorf("subscriber %d: %w", i, err))
	}
}

// wait waits for a gate, a fault or the context's end.
func (f *fleet) wait(ctx context.Context, g *gate) error {
	select {
	case <-g.open:
		return nil
	case <-f.fault.done():
		return f.fault.get()
	case <-ctx.Done():
		return fmt.Errorf("%d of %d subscribers: %w", g.passed.Load(), len(f.subs), ctx.Err())
	}
}

// start makes every subscriber count from here on. mark publishes a message
// that bears a number.
func (f *fleet) start(ctx context.Context, mark func(ctx context.Context, n uint64) error) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for heard := false; !heard; {
		if err := mark(ctx, numberProbe); err != nil {
			return fmt.Errorf("probing: %w", err)
		}
		select {
		case <-f.heard.open:
			heard = true
		case <-again.C:
		case <-f.fault.done():
			return f.fault.get()
		case <-ctx.Done():
			return fmt.Errorf("probing: only %d of %d subscribers heard: %w", f.heard.passed.Load(), len(f.subs), ctx.Err())
		}
	}
	if err := mark(ctx, numberStart); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	if err := f.wait(ctx, f.counting); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	return nil
}

// totals sums what the subscribers have counted.
func (f *fleet) totals() (messages, frames uint64) {
	for _, s := range f.subs {
		messages += s.messages.Load()
		frames += s.frames.Load()
	}
	return messages, frames
}

// slowest returns the count of the subscriber that has received the fewest.
func (f *fleet) slowest() uint64 {
	least := ^uint64(0)
	for _, s := range f.subs {
		least = min(least, s.messages.Load())
	}
	return least
}

// settle waits until every subscriber has received all that was sent, and
// says who has not when they make no progress for a while.
func (f *fleet) settle(ctx context.Context, sent uint64) error {
	const patience = 5 * time.Second
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	last, since := uint64(0), time.Now()
	for {
		total, _ := f.totals()
		if f.slowest() >= sent {
			break
		}
		if total != last {
			last, since = total, time.Now()
		}
		if time.Since(since) > patience {
			break
		}
		select {
		case <-tick.C:
		case <-f.fault.done():
			return f.fault.get()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	short, over, missing := 0, 0, uint64(0)
	for _, s := range f.subs {
		switch n := s.messages.Load(); {
		case n < sent:
			short++
			missing += sent - n
		case n > sent:
			over++
		}
	}
	if short > 0 || over > 0 {
		return fmt.Errorf("of %d messages, %d subscribers lack some (%d in all) and %d received too many", sent, short, missing, over)
	}
	return nil
}

// close ends the connections and waits for their goroutines.
func (f *fleet) close() {
	f.closing.Store(true)
	for _, s := range f.subs {
		if t, ok := s.conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // thousands of sockets need not linger in TIME_WAIT
		}
		_ = s.conn.Close()
	}
	f.wg.Wait()
}

// verify says what a tracked subscriber saw amiss. Call it after close.
func (f *fleet) verify(sent uint64) error {
	for i, s := range f.subs {
		if s.doubled > 0 {
			return fmt.Errorf("tracked subscriber %d received %d messages twice or from nowhere", i, s.doubled)
		}
		if s.tracked && s.messages.Load() != sent {
			return fmt.Errorf("tracked subscriber %d received %d of %d messages", i, s.messages.Load(), sent)
		}
	}
	return nil
}

// latencies returns all that were noted, in microseconds and sorted. Call it
// after close.
func (f *fleet) latencies() []uint32 {
	var all []uint32
	for _, s := range f.subs {
		all = append(all, s.latencies...)
	}
	slices.Sort(all)
	return all
}

// open dials, upgrades and, in fanlight.v1, asks for the channel. It returns
// what arrived after the upgrade's answer.
func (s *subscriber) open(ctx context.Context) (rest []byte, err error) {
	path := "/ws"
	subprotocol := protocol.Subprotocol
	if s.fleet.mode != modeFanlight {
		path += "?channel=" + s.fleet.channel
		subprotocol = ""
	}
	s.conn, rest, err = upgrade(ctx, s.fleet.addr, path, subprotocol)
	if err != nil {
		return nil, err
	}
	if s.fleet.mode != modeFanlight {
		s.phase = phaseJoined
		s.fleet.joined.pass()
		return rest, nil
	}
	hello := fmt.Sprintf(`{"id":1,"connect":{"version":%d,"flush":%d}}`+"\n"+`{"id":2,"subscribe":{"channel":%q}}`,
		protocol.Version, s.fleet.flush, s.fleet.channel)
	if _, err := s.conn.Write(appendClientFrame(nil, opText, []byte(hello))); err != nil {
		return nil, errors.Join(err, s.conn.Close())
	}
	return rest, nil
}
