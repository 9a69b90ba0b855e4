package playground

import (
	"slices"
	"strings"
	"time"

	"fanlight/app/internal/live"
	"fanlight/app/internal/slots"
	"fanlight/shared/client"
)

const (
	// maxKept and maxKeptBytes bound what is kept for the filter and for the
	// end of a pause; the oldest goes first.
	maxKept      = 1000
	maxKeptBytes = 8 << 20
	// perSecond is how many rows are drawn for long. Drawing is what a page is
	// slowest at, and nobody reads that many; a burst is drawn whole.
	perSecond = 600
	// calm is how long the list waits for messages to come slowly again before
	// it draws those that it left out.
	calm = 500 * time.Millisecond
	// quiet is the least time between two announcements.
	quiet = 2 * time.Second
)

// Feed is what came in.
type Feed struct {
	// Filter is looked for in channels, texts and tags, in whatever case.
	Filter string
	Paused bool
	// Held counts what came since the pause began.
	Held int
	// Total counts all that came since the feed was last cleared, and Dropped
	// what of it the page was too busy for.
	Total, Dropped int

	// List is what is shown.
	slots.List[*Message]
	// Hurried says that messages came faster than they could be drawn, so that
	// some of the newest are not among the rows. Once it is calm they are.
	Hurried bool

	// Announcement is for ears: what came and what was lost, at most every two
	// seconds.
	Announcement string

	kept      []*Message // oldest first
	keptBytes int
	frozen    []*Message // what was kept when the pause began
	drawn     float64    // rows, less what time has paid back
	drawnAt   time.Time
	hurriedAt time.Time
	unsaid    unsaid
	said      time.Time
}

// Take takes in a batch.
func (f Feed) Take(b live.Batch, now time.Time) Feed {
	f.Total += b.Dropped
	f.Dropped += b.Dropped
	var fresh []*Message
	messages := 0
	for _, ev := range b.Events {
		switch ev := ev.(type) {
		case client.Received:
			fresh = append(fresh, newMessage(ev))
			messages++
		case client.Gap:
			fresh = append(fresh, lostMark(ev.Gap, now))
		case client.Reset:
			fresh = append(fresh, anewMark(ev.Reset, now))
		}
	}
	if len(fresh) == 0 {
		return f
	}
	f.Total += messages
	f.keep(fresh)
	if f.Paused {
		f.Held += messages
		return f
	}
	f.List = f.Add(f.hurry(fresh, now)...)
	return f.Tick(now)
}

// hurry returns what is to be drawn of what came: all that matches, or the
// newest of it and every mark.
func (f *Feed) hurry(fresh []*Message, now time.Time) []*Message {
	f.drawn = max(f.drawn-perSecond*now.Sub(f.drawnAt).Seconds(), 0)
	f.drawnAt = now
	matching := make([]*Message, 0, len(fresh))
	for _, m := range fresh {
		if f.matches(m) {
			matching = append(matching, m)
			f.unsaid.add(m)
		}
	}
	skip := len(matching) - max(int(slots.Max-f.drawn), 1)
	if skip > 0 {
		f.Hurried, f.hurriedAt = true, now
		matching = slices.DeleteFunc(matching, func(m *Message) bool {
			skip--
			return skip >= 0 && m.Kind == Came
		})
	}
	f.drawn = min(f.drawn+float64(len(matching)), slots.Max)
	return matching
}

func (f *Feed) keep(fresh []*Message) {
	f.kept = append(slices.Clone(f.kept), fresh...)
	for _, m := range fresh {
		f.keptBytes += len(m.Data)
	}
	n := 0
	for len(f.kept)-n > maxKept || f.keptBytes > maxKeptBytes {
		f.keptBytes -= len(f.kept[n].Data)
		n++
	}
	f.kept = f.kept[n:]
}

// matches lets every mark through: what is lost might have matched.
func (f *Feed) matches(m *Message) bool {
	if f.Filter == "" || m.Kind != Came {
		return true
	}
	want := strings.ToLower(f.Filter)
	return strings.Contains(m.Channel, want) || strings.Contains(strings.ToLower(m.Text), want) ||
		strings.Contains(strings.ToLower(strings.Join(m.Labels, " ")), want)
}

// rebuild shows the newest of what is kept and matches; during a pause, of
// what was kept when it began.
func (f *Feed) rebuild() {
	kept := f.kept
	if f.Paused {
		kept = f.frozen
	}
	f.List, f.Hurried = f.Refill(kept, f.matches), false
}

// Sift sets the filter, and looks through what is kept at once.
func (f Feed) Sift(filter string) Feed {
	f.Filter = strings.TrimSpace(filter)
	f.rebuild()
	return f
}

// Pause stops the feed, or lets it go on with what came meanwhile.
func (f Feed) Pause() Feed {
	if f.Paused = !f.Paused; f.Paused {
		f.frozen = f.kept
		return f
	}
	f.Held, f.frozen = 0, nil
	f.rebuild()
	return f
}

// Clear forgets everything that came.
func (f Feed) Clear() Feed {
	return Feed{Filter: f.Filter, Paused: f.Paused, List: f.Refill(nil, nil), said: f.said}
}

// Shown counts the messages among the rows.
func (f Feed) Shown() int {
	n := 0
	for _, row := range f.Rows {
		if row.Item.Kind == Came {
			n++
		}
	}
	return n
}

// Tick does what waits for its time: an announcement, or rows that were left
// out.
func (f Feed) Tick(now time.Time) Feed {
	if f.Hurried && !f.Paused && now.Sub(f.hurriedAt) >= calm {
		f.rebuild()
	}
	if f.unsaid.any() && now.Sub(f.said) >= quiet {
		f.Announcement = f.unsaid.words()
		f.unsaid, f.said = unsaid{}, now
	}
	return f
}

// Waits reports whether there is something for Tick to do, later at the most
// by what it returns.
func (f Feed) Waits() (atMost time.Duration, yes bool) {
	switch {
	case f.Hurried && !f.Paused:
		return calm, true
	case f.unsaid.any():
		return quiet, true
	default:
		return 0, false
	}
}
