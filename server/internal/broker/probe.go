package broker

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"fanlight/shared/protocol"
)

// probe is a message that the broker publishes to itself. That it comes back
// is the only proof that messages flow: a connection can be up and dead, and
// a Redis can answer while its Pub/Sub does not deliver.
type probe struct {
	channel string
	kick    chan struct{} // holds a token when a probe should go out at once

	mu       sync.Mutex
	number   uint64 // of the last one sent
	sent     time.Time
	answered bool // the last one sent came back
	flowing  bool
	trip     time.Duration // of the last one that came back
}

func newProbe() *probe {
	return &probe{
		channel: "fanlight/probe/" + newID(), // no channel name holds a slash
		kick:    make(chan struct{}, 1),
	}
}

// Ready returns how long the last probe took from here through Redis and back,
// or an error while messages do not flow.
func (b *Broker) Ready() (time.Duration, error) {
	b.probe.mu.Lock()
	defer b.probe.mu.Unlock()
	if !b.probe.flowing {
		return 0, &protocol.Error{Code: protocol.CodeUnavailable, Message: "messages do not flow through Redis"}
	}
	return b.probe.trip, nil
}

// probeLoop sends a probe once the link listens, and then one an interval. It
// fails when two in a row did not come back.
func (b *Broker) probeLoop(ctx context.Context) error {
	tick := time.NewTicker(b.cfg.ProbeInterval)
	defer tick.Stop()
	misses := 0
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return nil
		case <-b.probe.kick:
		case <-tick.C:
		}
		if !first {
			if b.probe.missed() {
				misses++
			} else {
				misses = 0
			}
		}
		if misses == 2 {
			return errProbe
		}
		// The answer, if any, comes through the link. A failure to send is a
		// probe that does not come back.
		sctx, cancel := context.WithTimeout(ctx, b.cfg.ProbeInterval)
		b.rdb.Publish(sctx, b.probe.channel, b.probe.next())
		cancel()
	}
}

var errProbe = errors.New("two probes in a row did not come back")

// next numbers a new probe.
func (p *probe) next() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	p.sent, p.answered = time.Now(), false
	return strconv.FormatUint(p.number, 10)
}

// returned takes a probe that came back; one that is older than the last
// proves nothing about now.
func (p *probe) returned(payload string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if payload == strconv.FormatUint(p.number, 10) && !p.answered {
		p.answered, p.flowing, p.trip = true, true, time.Since(p.sent)
	}
}

// missed reports whether the last probe is still out, and remembers it.
func (p *probe) missed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.answered {
		p.flowing = false
	}
	return !p.answered
}

// listening says that the link hears the probe's channel from now on.
func (p *probe) listening() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// linkDown says that the link is gone.
func (p *probe) linkDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flowing = false
	select {
	case <-p.kick: // meant for the link that is gone
	default:
	}
}
