package checker

import (
	"fmt"
	"slices"
	"strings"

	"fanlight/shared/protocol"
)

// reader is one subscription of one subscriber.
type reader struct{ who, channel string }

// follower is what a subscription has seen so far.
type follower struct {
	reader
	joined  bool
	since   uint64 // the event with which it joined
	gone    bool
	at      protocol.Position // everything up to there, or told that not
	id      string            // of the message there, if it has that
	last    *Event            // what brought it there
	due     uint64            // recovered messages that were announced and may still come
	got     uint64            // recovered messages since the last reply
	excused int               // how many losses it was told of, or need not be
	part    part              // since the last reset
}

// part is what a subscription saw of one life of a channel.
type part struct {
	epoch string
	after uint64 // it was to see what follows this offset
	seen  map[uint64]*Event
	gaps  []*Event
	start *Event
}

// follow goes through what each subscriber saw.
func (k *check) follow() {
	for i := range k.events {
		e := &k.events[i]
		switch e.Kind {
		case Resume, Subscribe, Receive, Gap, Reset, Recovered, Moved, Leave:
			k.step(k.follower(e), e)
		case Disconnect:
			for r, f := range k.subscribers {
				if r.who == e.Who {
					f.due = 0
				}
			}
		}
	}
	all := make([]*follower, 0, len(k.subscribers))
	who := map[string]bool{}
	for r, f := range k.subscribers {
		all = append(all, f)
		who[r.who] = true
	}
	k.report.Counts.Subscribers = len(who)
	slices.SortFunc(all, func(a, b *follower) int { return strings.Compare(a.who+" "+a.channel, b.who+" "+b.channel) })
	for _, f := range all {
		k.end(f)
		k.arrived(f)
	}
}

func (k *check) follower(e *Event) *follower {
	r := reader{e.Who, e.Channel}
	f := k.subscribers[r]
	if f == nil {
		f = &follower{reader: r}
		k.subscribers[r] = f
	}
	return f
}

func (k *check) step(f *follower, e *Event) {
	switch e.Kind {
	case Resume:
		k.end(f)
		f.joined, f.since, f.gone = true, e.N, false
		f.move(e.position(), e.ID, e)
		f.begin(e.Epoch, e.Offset, e)
	case Subscribe:
		f.due, f.got, f.gone = e.Count, 0, false
		if !f.joined {
			// From the top, or so many messages before it.
			f.joined, f.since = true, e.N
			if e.Count > e.Offset {
				k.violate("recovered", "more messages are announced than there are", e)
				return
			}
			f.move(protocol.Position{Epoch: e.Epoch, Offset: e.Offset - e.Count}, "", e)
			f.begin(e.Epoch, f.at.Offset, e)
		}
	case Receive:
		k.received(f, e)
	case Gap:
		k.gap(f, e)
	case Reset:
		k.reset(f, e)
	case Recovered:
		if e.Count != f.got {
			k.violate("recovered", fmt.Sprintf("it says %d and was %d", e.Count, f.got), f.last, e)
		}
	case Moved:
		if e.Epoch == f.at.Epoch && e.Offset > f.at.Offset {
			k.violate("consecutive", "told that it has what it never received", f.last, e)
		}
	case Leave:
		f.gone = true
	}
}

func (f *follower) move(to protocol.Position, id string, e *Event) {
	f.at, f.id, f.last = to, id, e
}

func (f *follower) begin(epoch string, after uint64, e *Event) {
	f.part = part{epoch: epoch, after: after, seen: map[uint64]*Event{}, start: e}
}

// enter lets a subscription that began on an empty channel into the channel's
// first epoch.
func (f *follower) enter(epoch string) {
	if f.at == (protocol.Position{}) {
		f.at.Epoch, f.part.epoch = epoch, epoch
	}
}

func (k *check) received(f *follower, e *Event) {
	if !f.joined {
		k.violate("consecutive", "received without a subscription", e)
		return
	}
	if e.Foreign {
		return
	}
	if e.Recovered {
		if f.due == 0 {
			k.violate("recovered", "recovered, though the reply announced no more", f.last, e)
		} else {
			f.due--
			f.got++
		}
	}
	f.enter(e.Epoch)
	switch {
	case e.Epoch != f.at.Epoch:
		k.violate("consecutive", "another epoch without a reset", f.last, e)
	case e.Offset <= f.at.Offset:
		k.violate("consecutive", "received twice, or too late", f.last, e)
	case e.Offset != f.at.Offset+1:
		k.violate("consecutive", fmt.Sprintf("%d messages are left out without a gap", e.Offset-f.at.Offset-1), f.last, e)
	}
	if e.Epoch != f.part.epoch {
		k.end(f)
		f.begin(e.Epoch, e.Offset-1, e)
	}
	f.part.seen[e.Offset] = e
	f.move(e.position(), e.ID, e)
}

// gap: it begins where the subscriber stands, counts right, and names only
// messages that had left the history.
func (k *check) gap(f *follower, e *Event) {
	f.enter(e.Epoch)
	switch {
	case !f.joined:
		k.violate("gap", "a gap without a subscription", e)
		return
	case e.From == 0 || e.To < e.From || e.Count != e.To-e.From+1:
		k.violate("gap", "it does not add up", e)
		return
	case e.Epoch != f.at.Epoch || e.From != f.at.Offset+1:
		k.violate("gap", "it does not begin where the subscriber stands", f.last, e)
	}
	c := k.channel(f.channel)
	top, proof := c.topBy(e)
	kept := uint64(0)
	if top > k.cfg.History {
		kept = top - k.cfg.History
	}
	if e.To > kept && e.To > k.expiredBy(c, e) {
		k.violate("gap", fmt.Sprintf("no need for it: message %d was still in the history of %d", e.To, k.cfg.History), f.last, proof, e)
	}
	f.part.gaps = append(f.part.gaps, e)
	f.move(protocol.Position{Epoch: e.Epoch, Offset: e.To}, "", e)
}

// topBy returns the highest offset that a channel can have had before an event.
func (c *channel) topBy(e *Event) (uint64, *Event) {
	var top uint64
	var proof *Event
	for _, s := range c.said {
		if s.Epoch == e.Epoch && s.Offset > top && since(c, s) < e.N {
			top, proof = s.Offset, s
		}
	}
	return top, proof
}

// expiredBy returns up to where a channel's history can have expired.
func (k *check) expiredBy(c *channel, e *Event) uint64 {
	var highest uint64
	for _, l := range k.losses {
		if l.Kind == Expired && l.Channel == c.name && l.N < e.N {
			highest = max(highest, l.Offset)
		}
	}
	return highest
}

// reset: it names where the subscriber stands, and Redis has lost that.
func (k *check) reset(f *follower, e *Event) {
	switch {
	case !f.joined:
		k.violate("reset", "a reset without a subscription", e)
		return
	case e.Was == nil || *e.Was != f.at:
		k.violate("reset", "it does not say where the subscriber stands", f.last, e)
	}
	if !k.mayReset(f, e) {
		k.violate("reset", "no need for it: Redis lost nothing that the subscriber had", f.last, e)
	}
	k.end(f)
	f.move(protocol.Position{Epoch: e.Epoch}, "", e)
	f.begin(e.Epoch, 0, e)
}

// mayReset reports whether Redis has lost where a subscriber stands, or never
// had it: then the position was not the server's.
func (k *check) mayReset(f *follower, e *Event) bool {
	c := k.channel(f.channel)
	if f.last.Kind == Resume && c.places[place{f.at.Epoch, f.at.Offset, f.id}] == nil {
		return true
	}
	// Each loss excuses one reset. It may come late: the marker was on its way.
	for i, l := range k.losses[f.excused:] {
		// A relay that sees Redis go back in time may as well begin anew.
		anew := l.Kind == RolledBack && l.Channel == c.name && e.Epoch != f.at.Epoch
		if l.N < e.N && l.end > f.since && (anew || l.undoes(c, f.at.Offset)) {
			f.excused += i + 1
			return true
		}
	}
	return false
}

// end looks at a part as a whole: what was acknowledged within it was received.
func (k *check) end(f *follower) {
	if f.part.start == nil {
		return
	}
	c := k.channel(f.channel)
	for _, ack := range c.acks {
		if ack.Epoch != f.part.epoch || ack.Offset <= f.part.after || ack.Offset > f.at.Offset || f.part.covers(ack.Offset) {
			continue
		}
		got := f.part.seen[ack.Offset]
		switch {
		case got == nil:
			k.violate("complete", f.who+" neither received it nor was told", c.invokes[ack.Data], ack, f.part.start, f.last)
		case got.ID != ack.ID && k.undone(c, ack.Offset) == 0:
			k.violate("complete", f.who+" received another message in its place", c.invokes[ack.Data], ack, got)
		}
	}
}

func (p *part) covers(offset uint64) bool {
	return slices.ContainsFunc(p.gaps, func(g *Event) bool { return g.From <= offset && offset <= g.To })
}

// arrived: in the end a subscriber stands at the top, and what it saw of the
// channel's present life is what the stream holds.
func (k *check) arrived(f *follower) {
	top := k.channel(f.channel).top
	if f.gone || top == nil {
		return
	}
	if !f.joined {
		k.violate("top", f.who+" never got a subscription", top)
		return
	}
	if f.at.Offset != top.Offset || f.at.Epoch != top.Epoch && top.Offset > 0 {
		k.violate("top", f.who+" did not get to the end", f.last, top)
		return
	}
	if f.id != "" && f.id != top.ID {
		k.violate("reset", f.who+" was not told that Redis went back in time", f.last, top)
		return
	}
	for _, entry := range k.channel(f.channel).entries {
		if got := f.part.seen[entry.Offset]; got != nil && got.ID != entry.ID {
			k.violate("reset", f.who+" was not told that Redis went back in time", got, entry)
			return
		}
	}
}
