package presence

import (
	"math"
	"time"
)

// never is a time that does not come.
const never = time.Duration(math.MaxInt64)

// room is one channel as this relay sees it: its own connections there, and
// when to tell Redis what. The lock of Presence guards it.
type room struct {
	channel    string
	generation string // of the keys in Redis, empty while unknown
	entries    map[string]*entry
	dirty      []*entry // those that Redis has to be told about

	refreshAt time.Duration // when to tell that the entries are still there
	sweepAt   time.Duration // when to look for expired ones besides that
	owed      time.Duration // until when to look for those who left here
	notBefore time.Duration // after Redis refused the channel

	inFlight bool // a call is under way; the schedule waits for it
	// Those who want to know when their changes have been sent: with the next
	// call, and with the one that is under way.
	waiting, flying []chan struct{}

	due   time.Duration
	index int // in the schedule, -1 when it is not there
}

// entry is one connection of this relay's on one channel.
type entry struct {
	client string
	fact   fact
	// present is what is wanted; atOnce says that it left without a grace.
	present, atOnce bool
	// dirty: Redis has to be told. tried: it may know. told: it has confirmed.
	dirty, tried, told bool
	// lost: it had confirmed, and lost the channel since.
	lost bool
}

func newRoom(channel string) *room {
	return &room{
		channel: channel, entries: make(map[string]*entry),
		refreshAt: never, sweepAt: never, index: -1,
	}
}

func (r *room) mark(e *entry) {
	if !e.dirty {
		e.dirty = true
		r.dirty = append(r.dirty, e)
	}
}

// change is one thing to tell Redis.
type change struct {
	what  string // see presence.lua
	entry *entry
	fact  fact // as it was when the change was made up
}

// changes returns what to tell about the dirty entries, and takes it for told.
func (r *room) changes() []change {
	var all []change
	for _, e := range r.dirty {
		if !e.dirty || r.entries[e.client] != e {
			continue
		}
		e.dirty = false
		if e.lost {
			all = append(all, change{"restore", e, e.fact})
		} else if e.present {
			all = append(all, change{"enter", e, e.fact})
		}
		switch {
		case e.present:
			e.tried = true
		case e.atOnce:
			all = append(all, change{"end", e, e.fact})
		default:
			all = append(all, change{"leave", e, e.fact})
		}
	}
	r.dirty = nil
	r.flying, r.waiting = append(r.flying, r.waiting...), nil
	return all
}

// kept returns the entries that Redis knows and should go on to know.
func (r *room) kept() []*entry {
	all := make([]*entry, 0, len(r.entries))
	for _, e := range r.entries {
		if e.present && e.told && !e.dirty {
			all = append(all, e)
		}
	}
	return all
}

// lose notes that Redis does not know the entries any more, and that nobody
// was told so.
func (r *room) lose() {
	for _, e := range r.entries {
		if e.told {
			e.lost = true
			r.mark(e)
		}
	}
}

// learn compares the generation that Redis named with the one that the
// entries were told to.
func (r *room) learn(generation string) {
	if r.generation != "" && r.generation != generation {
		r.lose()
	}
	r.generation = generation
}

// failed takes a call back: it may or may not have happened.
func (r *room) failed(c *call) {
	if len(c.keep) > 0 {
		r.refreshAt = 0
	}
	for _, ch := range c.changes {
		if r.entries[ch.entry.client] == ch.entry {
			r.mark(ch.entry)
		}
	}
}

// succeeded takes what Redis answered to a call. It returns how many leaves
// are done with.
func (r *room) succeeded(c *call) (left int) {
	a := c.answer
	r.learn(a.generation)
	missing := make(map[string]bool, len(a.missing))
	for _, client := range a.missing {
		missing[client] = true
	}
	for _, e := range c.keep {
		if missing[e.client] && !e.lost && e.present {
			// Others took it for gone, and said so: it joins again.
			e.told = false
			r.mark(e)
		}
	}
	for _, ch := range c.changes {
		e := ch.entry
		switch {
		case ch.what == "enter", ch.what == "restore":
			e.told, e.lost = true, false
		case missing[e.client] && e.lost:
			// Its leave is still to be told: it is restored, to leave again.
		default:
			e.told, e.tried, e.lost = false, false, false
			if !e.present && r.entries[e.client] == e {
				delete(r.entries, e.client)
				left++
			}
		}
	}
	return left
}

// answered wakes those who wait for the call that was under way, and when it
// failed or was the last, all.
func (r *room) answered(all bool) {
	if all {
		r.flying, r.waiting = append(r.flying, r.waiting...), nil
	}
	for _, w := range r.flying {
		close(w)
	}
	r.flying = nil
}
