package chat

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// maxText is the longest text that is shown of a message, in bytes. Others may
// publish more.
const maxText = 8000

// Kind says what an item is about.
type Kind int

// The kinds: something that was said, messages that are lost, a history that
// began anew, and messages that this tab was too slow for. All but the first are
// marks, which count as no message.
const (
	Said Kind = iota
	Lost
	Anew
	LeftOut
)

// Item is a message or a mark. It never changes.
type Item struct {
	Kind Kind
	// Key is the item's own in this tab.
	Key  string
	Time time.Time
	// Epoch and Offset are the message's position; empty for a foreign one.
	Epoch  string
	Offset uint64
	// ID and From are as in [demo.ChatMessage]; empty for what another program
	// published.
	ID, From string
	Text     string
	Parts    []Part
	// Cut says that there is more text.
	Cut bool
	// Mine says that it comes from this browser.
	Mine bool
	// Foreign says that it came past the relay, by Redis, and is kept nowhere.
	Foreign bool
	// Recovered says that it was said while the tab was away.
	Recovered bool
}

// newItem makes an item of a publication. Whoever publishes decides what is in
// it, so nothing of it is believed.
func newItem(p *protocol.Publication, key string, me Me) *Item {
	it := &Item{
		Key: key, Time: time.UnixMicro(p.Time), Epoch: p.Epoch, Offset: p.Offset, Foreign: p.Foreign,
	}
	var m demo.ChatMessage
	if json.Unmarshal(p.Data, &m) == nil && m.Text != "" {
		it.ID, it.From, it.Text = m.ID, shorten(m.From, protocol.MaxUser), m.Text
		it.Mine = me.wrote(m.ID)
	} else {
		it.Text = string(protocol.Plain(p.Data))
	}
	whole := it.Text
	it.Text = shorten(whole, maxText)
	it.Cut = len(it.Text) < len(whole)
	it.Parts = Parts(it.Text)
	return it
}

// shorten cuts a text to so many bytes, between characters.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

func lostItem(g client.Gap, now time.Time) *Item {
	text := "1 message is lost here, " + number(g.From) + ": the server does not keep it any more."
	if g.Count != 1 {
		text = strconv.FormatUint(g.Count, 10) + " messages are lost here, " + number(g.From) + " to " + number(g.To) +
			": the server does not keep them any more."
	}
	return &Item{Kind: Lost, Time: now, Epoch: g.Epoch, Offset: g.To, Text: text}
}

func anewItem(r client.Reset, now time.Time) *Item {
	text := "The room's history began anew here: Redis was emptied, or went back in time."
	if r.Was.Offset > 0 {
		text += " What was said after " + number(r.Was.Offset) + ", if anything was, is lost."
	}
	return &Item{Kind: Anew, Time: now, Epoch: r.Epoch, Text: text}
}

func leftOutItem(count int, now time.Time) *Item {
	text := plural(count, "message") + " left out here, since this tab was too slow. A reload shows what is kept."
	return &Item{Kind: LeftOut, Time: now, Text: text}
}

func number(offset uint64) string { return "#" + strconv.FormatUint(offset, 10) }

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// Me is how a tab knows its own: the browser's id, and the tab's.
type Me struct{ Browser, Tab string }

// mark begins the IDs of the tab's messages.
func (me Me) mark() string { return me.Browser + "-" + me.Tab }

// wrote reports whether a message's ID says that it comes from this browser.
func (me Me) wrote(id string) bool {
	return me.Browser != "" && strings.HasPrefix(id, me.Browser+"-")
}
