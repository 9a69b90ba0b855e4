package presence

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"fanlight/shared/protocol"
)

const (
	// maxKept and maxChanges bound one call of the script, and with it how
	// long Redis serves nobody else; maxBatch bounds one pipeline.
	maxKept    = 250
	maxChanges = 100
	maxBatch   = 2000
)

// link is what is known of the way to Redis.
type link struct {
	away    bool
	wait    time.Duration // before the next try
	blocked time.Duration // when that is
	steady  time.Duration // from when on the others have had their time to refresh
}

// job is what one room has to say in one pipeline.
type job struct {
	room  *room
	calls []*call
}

// loop tells Redis what there is to tell, until it is closed.
func (p *Presence) loop() {
	defer close(p.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p.ctx.Err() == nil {
		jobs, wait, last := p.gather()
		if last {
			return
		}
		if len(jobs) > 0 {
			p.run(jobs)
			p.answered(jobs)
			continue
		}
		timer.Reset(wait)
		select {
		case <-p.ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// gather returns what is due, or for how long nothing is. It reports whether
// that was all before the end.
func (p *Presence) gather() (jobs []job, wait time.Duration, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case p.closing && (p.leaving == 0 || p.link.away):
		for _, r := range p.rooms {
			r.answered(true)
		}
		return nil, 0, true
	case now < p.link.blocked:
		return nil, p.link.blocked - now, false
	}
	for size := 0; size < maxBatch && len(p.due) > 0; {
		r := p.due[0]
		if r.due > now {
			break
		}
		heap.Pop(&p.due)
		r.inFlight = true
		j := p.job(r, now)
		jobs = append(jobs, j)
		for _, c := range j.calls {
			size += 1 + len(c.keep) + len(c.changes)
		}
	}
	if len(jobs) == 0 && len(p.due) > 0 {
		return nil, p.due[0].due - now, false
	}
	return jobs, time.Hour, false
}

// job makes up what a room has to say now.
func (p *Presence) job(r *room, now time.Duration) job {
	j := job{room: r}
	if r.refreshAt <= now {
		// Refreshes meet on ticks, so that one pipeline serves many channels.
		tick := max(p.interval/16, 1)
		r.refreshAt = (now + p.interval - 1).Truncate(tick) + tick
		kept := r.kept()
		for len(kept) > 0 {
			n := min(len(kept), maxKept)
			j.calls = append(j.calls, &call{keep: kept[:n]})
			kept = kept[n:]
		}
	}
	changes := r.changes()
	for len(changes) > 0 {
		n := min(len(changes), maxChanges)
		j.calls = append(j.calls, &call{changes: changes[:n]})
		changes = changes[n:]
	}
	if len(j.calls) == 0 {
		j.calls = []*call{{}}
	}
	// The last call, so that nobody of ours is removed for being told of late.
	j.calls[len(j.calls)-1].sweep = now >= p.link.steady
	return j
}

// answered takes the answers to a pipeline.
func (p *Presence) answered(jobs []job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	var outage error
	for _, j := range jobs {
		for _, c := range j.calls {
			if c.answer, c.err = read(c.cmd); c.err != nil && !refused(c.err) {
				outage = c.err
			}
		}
	}
	if outage != nil {
		p.lost(outage, now)
	} else if p.link.away {
		p.found(now)
	}
	for _, j := range jobs {
		p.answeredRoom(j, now)
	}
}

func (p *Presence) answeredRoom(j job, now time.Duration) {
	r, failed := j.room, false
	r.notBefore = 0
	for _, c := range j.calls {
		if c.err == nil {
			p.leaving -= r.succeeded(c)
			p.plan(r, c, now)
			continue
		}
		failed = true
		r.failed(c)
		if refused(c.err) {
			r.notBefore = now + p.interval
			p.cfg.Log.Error("presence: Redis refused a channel", "channel", r.channel, "error", c.err)
		}
	}
	r.inFlight = false
	r.answered(failed)
	p.settle(r)
}

// plan sets when to look for members that expire. That one of them is about to
// before the next refresh, means that nobody keeps it: it left, or its relay is
// gone.
func (p *Presence) plan(r *room, c *call, now time.Duration) {
	for _, ch := range c.changes {
		if ch.what == "leave" {
			r.owed = now + p.cfg.Grace + p.interval + time.Second
		}
	}
	r.sweepAt = never
	next := c.answer.next
	if next < 0 {
		return
	}
	at := now + next
	switch {
	case next > 0:
		at += time.Millisecond // Redis's clock was cut to milliseconds
	case p.link.away:
		at += p.interval
	case !c.sweep:
		at = max(at, p.link.steady)
	}
	if len(r.entries) > 0 && next < p.interval || at <= r.owed {
		r.sweepAt = at
	}
}

// lost notes that Redis can't be reached.
func (p *Presence) lost(err error, now time.Duration) {
	const shortest, longest = 50 * time.Millisecond, 2 * time.Second
	l := &p.link
	if !l.away {
		p.cfg.Log.Warn("presence is not kept up to date: Redis does not answer", "error", err)
		l.away, l.wait = true, shortest
	}
	l.blocked = now + l.wait/2 + rand.N(l.wait/2) // #nosec G404 -- to spread load, not to keep a secret
	l.wait = min(2*l.wait, longest, max(p.interval/2, shortest))
	l.steady = never
}

// found notes that Redis is back. Its members may have expired because no
// relay could refresh them; so all are refreshed, here now, and elsewhere
// before anyone is removed.
func (p *Presence) found(now time.Duration) {
	p.cfg.Log.Info("presence is kept up to date again")
	p.link = link{steady: now + p.interval}
	for _, r := range p.rooms {
		if len(r.entries) > 0 {
			r.refreshAt = 0
		}
		if r.sweepAt != never {
			r.sweepAt = p.link.steady
		}
		p.settle(r)
	}
}

// unavailable returns what a client is told: the error's text names addresses.
func (p *Presence) unavailable(err error) *protocol.Error {
	p.cfg.Log.Debug("presence could not be read", "error", err)
	return &protocol.Error{Code: protocol.CodeUnavailable, Message: "Redis does not answer"}
}
