package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// driver makes a system send messages. Its methods are called one after
// another.
type driver interface {
	// mark sends one message of the number, to every subscriber.
	mark(ctx context.Context, n uint64) error
	// begin starts to send the measured messages: one every interval, or, when
	// that is 0, as many as the closed loop lets through. It does not wait.
	begin(ctx context.Context, interval time.Duration) error
	// end stops, and returns how many were sent.
	end(ctx context.Context) (sent uint64, err error)
	// waited returns how many of them the closed loop held back because a
	// subscriber lagged.
	waited() uint64
	// close gives everything back.
	close()
}

// pace calls send at every interval until the context ends, with the time at
// which the call was due, which is what latencies count from: a sender that
// was held up must not hide it. An interval of 0 means without a pause.
func pace(ctx context.Context, interval time.Duration, send func(due time.Time) error) error {
	if interval == 0 {
		for ctx.Err() == nil {
			if err := send(time.Now()); err != nil {
				return err
			}
		}
		return nil
	}
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for due := time.Now().Add(interval); ; due = due.Add(interval) {
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		if err := send(due); err != nil {
			return err
		}
	}
}

// relayDriver publishes over fanlight.v1 connections.
type relayDriver struct {
	fleet      *fleet
	publishers []*publisher
	lag        uint64

	next atomic.Uint64 // the number of the next message
	held atomic.Uint64 // how many messages had to wait for a subscriber
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// newRelayDriver opens the publishers' connections. Together they have
// inFlight publishes unacknowledged at the most, and they wait while any
// subscriber lacks more than lag messages.
func newRelayDriver(ctx context.Context, f *fleet, connections, inFlight, lag int) (*relayDriver, error) {
	d := &relayDriver{fleet: f, lag: uint64(lag)}
	for range connections {
		p, err := newPublisher(ctx, f.addr, f.channel, inFlight/connections, &f.fault)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("publisher: %w", err)
		}
		d.publishers = append(d.publishers, p)
	}
	return d, nil
}

func (d *relayDriver) mark(ctx context.Context, n uint64) error {
	if err := d.publishers[0].take(ctx); err != nil {
		return err
	}
	return d.publishers[0].send(appendData(nil, time.Now().UnixMicro(), n, d.fleet.size))
}

func (d *relayDriver) begin(ctx context.Context, interval time.Duration) error {
	ctx, d.stop = context.WithCancel(ctx)
	publishers := d.publishers
	if interval > 0 {
		publishers = publishers[:1]
	}
	for _, p := range publishers {
		d.wg.Go(func() {
			var data []byte
			// What has a number is sent, also when the run is over meanwhile.
			sending := context.WithoutCancel(ctx)
			err := pace(ctx, interval, func(due time.Time) error {
				n := d.next.Add(1) - 1
				if err := d.awaitRoom(n); err != nil {
					return err
				}
				if err := p.take(sending); err != nil {
					return err
				}
				if interval == 0 {
					due = time.Now()
				}
				data = appendData(data[:0], due.UnixMicro(), numberFirst+n, d.fleet.size)
				return p.send(data)
			})
			if err != nil {
				d.fleet.fault.set(fmt.Errorf("publishing: %w", err))
			}
		})
	}
	return nil
}

// awaitRoom waits until no subscriber lacks so many messages that the n-th may
// not be sent.
func (d *relayDriver) awaitRoom(n uint64) error {
	for held := false; n >= d.fleet.slowest()+d.lag; {
		if !held {
			d.held.Add(1)
			held = true
		}
		select {
		case <-d.fleet.fault.done():
			return d.fleet.fault.get()
		case <-time.After(lagPoll):
		}
	}
	return nil
}

// lagPoll is how often a publisher that waits for the slowest subscriber looks
// again: cheaper than having every delivery tell.
const lagPoll = 200 * time.Microsecond

func (d *relayDriver) end(ctx context.Context) (uint64, error) {
	d.stop()
	d.wg.Wait()
	// Every slot taken means that nothing is in flight any more.
	for _, p := range d.publishers {
		for range cap(p.slots) {
			select {
			case p.slots <- struct{}{}:
			case <-d.fleet.fault.done():
				return d.next.Load(), d.fleet.fault.get()
			case <-ctx.Done():
				return d.next.Load(), fmt.Errorf("awaiting acknowledgements: %w", ctx.Err())
			}
		}
	}
	return d.next.Load(), nil
}

func (d *relayDriver) waited() uint64 { return d.held.Load() }

func (d *relayDriver) close() {
	if d.stop != nil {
		d.stop()
		d.wg.Wait()
	}
	for _, p := range d.publishers {
		p.close()
	}
}

// floorDriver tells a floor what to do.
type floorDriver struct {
	addr string
}

func (d floorDriver) mark(ctx context.Context, n uint64) error {
	_, err := d.post(ctx, "/mark?n="+strconv.FormatUint(n, 10))
	return err
}

func (d floorDriver) begin(ctx context.Context, interval time.Duration) error {
	_, err := d.post(ctx, "/start?interval="+url.QueryEscape(interval.String()))
	return err
}

func (d floorDriver) end(ctx context.Context) (uint64, error) {
	body, err := d.post(ctx, "/stop")
	if err != nil {
		return 0, err
	}
	var res floorResult
	if err := json.Unmarshal(body, &res); err != nil {
		return 0, err
	}
	if res.Error != "" {
		return res.Sent, errors.New("floor: " + res.Error)
	}
	return res.Sent, nil
}

// waited is always 0: the floor's sockets hold it back, not a count.
func (d floorDriver) waited() uint64 { return 0 }

func (d floorDriver) close() {}

func (d floorDriver) post(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	err = errors.Join(err, res.Body.Close())
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("floor: %s: %s", path, body)
	}
	return body, err
}
