package chat

import (
	"slices"
	"strconv"
	"time"

	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	// typingEvery is how often a tab says that somebody types, at the most.
	typingEvery = 3 * time.Second
	// typingLasts is how long that is believed when nothing follows.
	typingLasts = 6 * time.Second
	// maxTypists bounds those who are kept in mind.
	maxTypists = 16
)

// Typing is who types in a room, and whether one has said so oneself.
type Typing struct {
	typists []typist
	said    time.Time
}

type typist struct {
	tab, from string
	until     time.Time
}

// Hear takes in that somebody types; what this tab said itself is no news.
func (t Typing) Hear(who demo.ChatTyping, me Me, now time.Time) Typing {
	if who.Tab == "" || who.Tab == me.mark() {
		return t
	}
	t = t.Quiet(who.Tab)
	if len(t.typists) == maxTypists {
		t.typists = t.typists[1:]
	}
	t.typists = append(t.typists, typist{who.Tab, shorten(who.From, protocol.MaxUser), now.Add(typingLasts)})
	return t
}

// Quiet takes in that a tab has sent what it typed. It may also get the ID of
// the message, which begins with the tab's.
func (t Typing) Quiet(id string) Typing {
	t.typists = slices.DeleteFunc(slices.Clone(t.typists), func(w typist) bool {
		return len(id) >= len(w.tab) && id[:len(w.tab)] == w.tab
	})
	return t
}

// Tick lets go of those of whom nothing was heard for a while.
func (t Typing) Tick(now time.Time) Typing {
	t.typists = slices.DeleteFunc(slices.Clone(t.typists), func(w typist) bool { return !now.Before(w.until) })
	return t
}

// Any reports whether somebody types.
func (t Typing) Any() bool { return len(t.typists) > 0 }

// Type takes in that one types oneself, and whether to say so now.
func (t Typing) Type(text string, now time.Time) (next Typing, say bool) {
	if text == "" || now.Sub(t.said) < typingEvery {
		return t, false
	}
	t.said = now
	return t, true
}

// Sent has the next letter be told of at once.
func (t Typing) Sent() Typing {
	t.said = time.Time{}
	return t
}

// Words say who types.
func (t Typing) Words() string {
	name := func(i int) string {
		if t.typists[i].from == "" {
			return "somebody"
		}
		return t.typists[i].from
	}
	switch len(t.typists) {
	case 0:
		return ""
	case 1:
		return name(0) + " is typing…"
	case 2:
		return name(0) + " and " + name(1) + " are typing…"
	default:
		return strconv.Itoa(len(t.typists)) + " people are typing…"
	}
}
