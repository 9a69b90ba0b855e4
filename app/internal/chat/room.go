package chat

import (
	"slices"
	"strconv"
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

const (
	// rewind is how many messages one enters a room with, and page how many
	// older ones come at a time.
	rewind = 50
	page   = 50
	// maxItems bounds what a tab has of a room: as much as a server keeps that
	// was told nothing else.
	maxItems = 1000
	// maxShown is how many of them are elements at a time, and step by how many
	// that window moves.
	maxShown = 170
	step     = 60
)

// Room is what was said in a room, as far as this tab has it.
type Room struct {
	Entry   Entry
	Problem string // why one may not listen here
	// Older is what there is above the first item, and Gone how many messages
	// are there no more.
	Older Older
	Gone  uint64
	// Unread counts what others said while one did not look.
	Unread int
	// Announcement is for ears: what came, at most every two seconds.
	Announcement string

	items    []*Item // oldest first
	start    int     // of the window
	follows  bool    // the window stays at the end
	visible  bool    // the tab is
	fresh    *Item   // the first that one had not seen
	resumed  bool    // the tab goes on where it stood
	settled  bool    // one has what one enters with
	filtered bool
	at       protocol.Position
	keys     uint64
	unsaid   unsaid
}

// Entry is how far one is in.
type Entry int

// The states of an entry.
const (
	Entering Entry = iota
	Inside
	Refused
)

// Older is what stands above the first item.
type Older int

// The states of what is older. Unknown lasts until the room has told what one
// enters with; Beginning is the room's first message, Ended is as far as the
// server goes, and Full as much as a tab takes.
const (
	Unknown Older = iota
	More
	Loading
	Failing
	Denied
	Beginning
	Ended
	Full
)

// NewRoom returns a room to enter, for a tab that looks; resumed says that the
// tab goes on where it stood before.
func NewRoom(resumed, visible bool) Room {
	return Room{follows: true, visible: visible, resumed: resumed}
}

// Take takes in what the client reports of the room.
func (r Room) Take(b live.Batch, me Me, now time.Time) Room {
	r.items = slices.Clip(r.items)
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Subscribed:
			r.Entry, r.Problem, r.filtered = Inside, "", ev.Filtered
			if r.at.Epoch == "" {
				r.at = ev.Position
			}
			if ev.Recovered == 0 {
				r.settle()
			}
		case client.Recovered:
			r.settle()
		case client.Refused:
			r.Entry, r.Problem = Refused, ev.Err.Error()
			if refused, ok := ev.Err.(*protocol.Error); ok {
				r.Problem = explain(refused)
			}
		case client.Received:
			r.receive(&ev, me)
		case client.Gap:
			if len(r.items) == 0 {
				r.Older, r.Gone = Ended, ev.From-1 // what is older went first
			}
			r.at = protocol.Position{Epoch: ev.Epoch, Offset: ev.To}
			r.add(lostItem(ev, now))
		case client.Reset:
			r.at = protocol.Position{Epoch: ev.Epoch}
			r.Older = Ended
			r.add(anewItem(ev, now))
		}
	}
	if b.Dropped > 0 {
		r.add(leftOutItem(b.Dropped, now))
	}
	r.trim()
	return r
}

// settle says what is above, once it is known what one enters with.
func (r *Room) settle() {
	r.settled = true
	if r.Older != Unknown {
		return
	}
	switch _, before := r.before(); {
	case before <= 1:
		r.Older = Beginning
	default:
		r.Older = More
	}
}

// before returns where what is older ends: with the first message of the
// epoch that one has.
func (r *Room) before() (epoch string, offset uint64) {
	for _, it := range r.items {
		if it.Offset != 0 && it.Kind == Said {
			return it.Epoch, it.Offset
		}
	}
	return r.at.Epoch, r.at.Offset + 1
}

func (r *Room) receive(ev *client.Received, me Me) {
	r.keys++
	it := newItem(&ev.Publication, "m"+strconv.FormatUint(r.keys, 10), me)
	it.Recovered = ev.Recovered && r.resumed
	if ev.Offset != 0 {
		r.at = ev.Position()
	}
	if it.Mine {
		it.Key = "s" + it.ID
		if r.has(it.Key) {
			return // it was sent again when its key had lapsed
		}
	}
	switch {
	case it.Mine:
	case !r.looking():
		if r.Unread == 0 {
			r.fresh = it
		}
		r.Unread++
	case it.Recovered && r.fresh == nil && !r.settled:
		r.fresh = it // said since the tab was here
	}
	r.add(it)
}

func (r *Room) has(key string) bool {
	return slices.ContainsFunc(r.items, func(it *Item) bool { return it.Key == key })
}

// add appends an item.
func (r *Room) add(it *Item) {
	if it.Key == "" {
		r.keys++
		it.Key = "m" + strconv.FormatUint(r.keys, 10)
	}
	if r.settled || it.Kind != Said {
		r.unsaid.add(it) // what one enters with is there to be read
	}
	r.items = append(r.items, it)
}

// trim lets go of the oldest when there are too many.
func (r *Room) trim() {
	if cut := len(r.items) - maxItems; cut > 0 {
		r.items = slices.Clone(r.items[cut:])
		r.start -= cut
		r.Older = Full
	}
	r.frame()
}

// frame keeps the window where there is something.
func (r *Room) frame() {
	last := max(0, len(r.items)-maxShown)
	if r.follows {
		r.start = last
	}
	r.start = min(max(r.start, 0), last)
}

// Ask returns where older messages are to be asked for, and false when there
// are none to ask for, or they are asked for already.
func (r Room) Ask() (next Room, before protocol.Since, ok bool) {
	if r.Older != More && r.Older != Failing {
		return r, protocol.Since{}, false
	}
	if len(r.items)+page > maxItems {
		r.Older = Full
		return r, protocol.Since{}, false
	}
	r.Older = Loading
	before.Epoch, before.Offset = r.before()
	return r, before, true
}

// Answer takes in the older messages, newest first, that were asked for.
func (r Room) Answer(before protocol.Since, status int, h protocol.HistoryResponse, me Me) Room {
	epoch, offset := r.before()
	if r.Older != Loading || epoch != before.Epoch || offset != before.Offset {
		return r // the history began anew meanwhile
	}
	switch status {
	case 200:
	case 401, 403:
		r.Older = Denied
		return r
	case 410:
		r.Older = Ended
		return r
	default:
		r.Older = Failing
		return r
	}
	older := make([]*Item, 0, len(h.Publications))
	for i := len(h.Publications) - 1; i >= 0; i-- {
		p := &h.Publications[i]
		if p.Epoch != before.Epoch || p.Offset >= before.Offset {
			continue
		}
		r.keys++
		it := newItem(p, "m"+strconv.FormatUint(r.keys, 10), me)
		if it.Mine && !r.has("s"+it.ID) {
			it.Key = "s" + it.ID
		}
		older = append(older, it)
	}
	lowest := before.Offset
	if len(older) > 0 {
		lowest = older[0].Offset
	}
	switch {
	case lowest <= 1:
		r.Older = Beginning
	case len(h.Publications) < page:
		r.Older = Ended
		if !r.filtered {
			r.Gone = lowest - 1
		}
	default:
		r.Older = More
	}
	r.items = append(older, r.items...)
	r.start += len(older)
	if len(r.items) <= maxShown {
		r.start = 0
	}
	r.frame()
	return r
}

// Up moves the window up, and reports whether it did.
func (r Room) Up() (Room, bool) {
	if r.start == 0 {
		return r, false
	}
	r.start = max(0, r.start-step)
	r.follows = false
	return r, true
}

// Down moves the window down, and reports whether it did.
func (r Room) Down() (Room, bool) {
	last := max(0, len(r.items)-maxShown)
	if r.start >= last {
		return r, false
	}
	r.start = min(last, r.start+step)
	return r, true
}

// Follow takes in whether one looks at the last message, and stays there.
func (r Room) Follow(follows bool) Room {
	r.follows = follows && r.start >= max(0, len(r.items)-maxShown)
	if r.looking() {
		r.Unread = 0
	}
	return r
}

// End goes to the last message.
func (r Room) End() Room {
	r.start = max(0, len(r.items)-maxShown)
	return r.Follow(true)
}

// Show takes in whether the tab is visible.
func (r Room) Show(visible bool) Room {
	if visible && !r.visible && r.Unread == 0 {
		r.fresh = nil
	}
	r.visible = visible
	if r.looking() {
		r.Unread = 0
	}
	return r
}

// Spoke takes in that one said something: one has read what is above.
func (r Room) Spoke() Room {
	r.fresh = nil
	return r.End()
}

// Follows reports whether the window stays at the end.
func (r Room) Follows() bool { return r.follows }

func (r Room) looking() bool { return r.follows && r.visible }

// Position is where the room stands.
func (r Room) Position() protocol.Position { return r.at }
