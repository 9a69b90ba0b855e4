package client

import "time"

// pulse decides when a ping is due and when a link is dead. It is told what
// happens and asked what to do; it has no timer of its own.
type pulse struct {
	interval, timeout time.Duration

	sent, heard time.Time // the last frame out, the last frame in
	asked       time.Time // when the ping that is out left; zero when none is
	urgent      bool      // ping without waiting for the interval

	// While the application handles an event nothing is read, and a pong may
	// lie unread: that time is not held against the link. At first it handles
	// Connected.
	busy    bool
	resumed time.Time

	// A timer that fires much too late says that this program did not run
	// (a sleeping laptop, a busy page); the pong may be about to be read. The
	// link gets its time once more, once.
	spared bool
}

func newPulse(interval, timeout time.Duration, now time.Time) pulse {
	return pulse{interval: interval, timeout: timeout, sent: now, heard: now, busy: true}
}

// check says what to do now: send a ping, give the link up, or ask again after
// a while. A ping that is sent must be reported with pinged.
func (p *pulse) check(now time.Time) (ping, dead bool, wait time.Duration) {
	if p.asked.IsZero() {
		wait = p.due(now)
		return wait <= 0, false, wait
	}
	if p.busy { // the server may still wait for a sign of life
		wait = p.sent.Add(p.interval).Sub(now)
		return wait <= 0, false, wait
	}
	from := p.asked
	if p.resumed.After(from) {
		from = p.resumed
	}
	wait = from.Add(p.timeout).Sub(now)
	switch {
	case wait > 0:
		return false, false, wait
	case !p.spared && -wait > p.timeout/2:
		p.spared, p.resumed = true, now
		return false, false, p.timeout
	default:
		return false, true, 0
	}
}

// due returns the time until a ping is due, 0 or less when it is. The server
// wants to hear from us, and we from it: the older of the two counts.
func (p *pulse) due(now time.Time) time.Duration {
	if !p.asked.IsZero() {
		return p.timeout
	}
	if p.urgent {
		return 0
	}
	last := p.sent
	if p.heard.Before(last) {
		last = p.heard
	}
	return last.Add(p.interval).Sub(now)
}

func (p *pulse) wrote(now time.Time) { p.sent = now }

func (p *pulse) pinged(now time.Time) { p.asked, p.urgent = now, false }

// read takes in a frame: any answers a ping. It reports whether to check
// again, rather than when the last check said.
func (p *pulse) read(now time.Time) bool {
	answered := !p.asked.IsZero()
	p.heard, p.asked, p.spared = now, time.Time{}, false
	p.busy = true
	// In a hidden tab timers are late and frames are not.
	return answered || p.due(now) <= 0
}

// resume says that the next frame is waited for, and reports whether a ping is
// out, whose time counts from here.
func (p *pulse) resume(now time.Time) bool {
	p.busy, p.resumed = false, now
	return !p.asked.IsZero()
}
