package chat

import (
	"strconv"
	"time"

	"fanlight/shared/protocol"
)

const (
	// together is within what time one's messages stand under one name.
	together = 5 * time.Minute
	// quiet is the least time between two announcements.
	quiet = 2 * time.Second
)

// Line is what the list shows: an item, something that one sends, or, when it
// is neither, where the unread ones begin.
type Line struct {
	// Key is of one line at a time, and the same for something that one sent
	// before and after it came back.
	Key  string
	Item *Item
	Send *Send
	// Under says that it stands under the name of the line before.
	Under bool
}

// Lines are what is shown of a room, in order.
func (r Room) Lines(sends []Send) []Line {
	end := min(len(r.items), r.start+maxShown)
	lines := make([]Line, 0, maxShown+len(sends)+1)
	for i, it := range r.items[r.start:end] {
		if it == r.fresh {
			lines = append(lines, Line{Key: "new"})
		}
		under := i > 0 && it != r.fresh && follows(r.items[r.start+i-1], it)
		lines = append(lines, Line{Key: it.Key, Item: it, Under: under})
	}
	if end == len(r.items) {
		for i := range sends {
			if key := "s" + sends[i].Message.ID; !r.has(key) {
				lines = append(lines, Line{Key: key, Send: &sends[i]})
			}
		}
	}
	return lines
}

func follows(before, it *Item) bool {
	return before.Kind == Said && it.Kind == Said && !it.Foreign && before.From == it.From && before.Mine == it.Mine &&
		(it.ID == "") == (before.ID == "") && it.Time.Sub(before.Time) < together
}

// Empty reports whether nothing was said that one could see.
func (r Room) Empty() bool { return len(r.items) == 0 && r.Entry == Inside && r.Older != Unknown }

// Above says in words what there is above the first line.
func (r Room) Above() string {
	switch r.Older {
	case More:
		return "There is more above."
	case Loading:
		return "Fetching what was said before…"
	case Failing:
		return "What was said before could not be fetched."
	case Denied:
		return "You may not read what was said before."
	case Beginning:
		if len(r.items) > 0 {
			return "This is where the room begins."
		}
	case Ended:
		if r.Gone > 0 {
			return plural(int(min(r.Gone, 1<<31)), "older message") + " not kept any more." // #nosec G115 -- bounded
		}
		return "The server keeps nothing older."
	case Full:
		return "This tab shows the last " + strconv.Itoa(maxItems) + " messages at the most."
	}
	return ""
}

// Title is the document's: the unread ones first, as a tab has little room.
func Title(room string, unread int) string {
	title := room + " · Chat · Fanlight"
	if unread > 0 {
		title = "(" + strconv.Itoa(unread) + ") " + title
	}
	return title
}

// unsaid is what came and was not announced yet.
type unsaid struct {
	messages int
	latest   *Item
	marks    string
	said     time.Time
}

const maxMarks = 400 // bytes

func (u *unsaid) add(it *Item) {
	switch {
	case it.Kind != Said:
		if len(u.marks) < maxMarks {
			u.marks += it.Text + " "
		}
	case !it.Mine:
		u.messages++
		u.latest = it
	}
}

// Unsaid reports whether something waits to be announced.
func (r Room) Unsaid() bool { return r.unsaid.messages > 0 || r.unsaid.marks != "" }

// Tick announces what has not been, unless that would be too soon.
func (r Room) Tick(now time.Time) Room {
	u := r.unsaid
	if !r.Unsaid() || now.Sub(u.said) < quiet {
		return r
	}
	words := u.marks
	if u.messages > 0 {
		last := nameOf(u.latest.From) + ": " + shorten(u.latest.Text, 200)
		if u.messages > 1 {
			last = strconv.Itoa(u.messages) + " new messages, the last from " + last
		}
		words += last
	}
	r.Announcement, r.unsaid = words, unsaid{said: now}
	return r
}

// nameOf is how somebody is called.
func nameOf(from string) string {
	if from == "" {
		return "Somebody"
	}
	return from
}

// kept is what a tab keeps of a room over a reload.
type kept struct {
	Since *protocol.Since `json:"since,omitempty"`
	Sends []Send          `json:"sends,omitempty"`
	Draft string          `json:"draft,omitempty"`
}
