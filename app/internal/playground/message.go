package playground

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxText is the longest text of a row, in bytes.
const maxText = 2000

// Kind says what a row of the list is about.
type Kind int

// The kinds: a message that came, messages that are lost, and a history that
// began anew. The last two are marks, which count as no message.
const (
	Came Kind = iota
	Lost
	Anew
)

// Message is a publication as it is shown, or a mark. It never changes.
type Message struct {
	Kind    Kind
	Channel string
	Time    time.Time
	Latency time.Duration
	// Offset is 0 for a foreign message.
	Offset  uint64
	Foreign bool
	// Recovered says that it was published while the tab was away.
	Recovered bool
	// Text is what was said: a JSON string without its quotes, other JSON as
	// it came, each up to a length. Cut says that there is more.
	Text string
	Cut  bool
	// JSON says that the data is no mere string.
	JSON bool
	Data json.RawMessage
	Tags protocol.Tags
	// Labels are the tags in words, in order of their names.
	Labels []string
}

func newMessage(r client.Received) *Message {
	m := &Message{
		Channel:   r.Channel,
		Time:      time.UnixMicro(r.Time),
		Latency:   r.Latency,
		Offset:    r.Offset,
		Foreign:   r.Foreign,
		Recovered: r.Recovered,
		JSON:      len(r.Data) == 0 || r.Data[0] != '"',
		Data:      r.Data,
		Tags:      r.Tags,
		Labels:    WriteTags(r.Tags),
	}
	text := string(protocol.Plain(r.Data))
	if m.Cut = len(text) > maxText; m.Cut {
		end := maxText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	m.Text = text
	return m
}

// lostMark says which messages are lost.
func lostMark(g protocol.Gap, now time.Time) *Message {
	text := "1 message lost, " + number(g.From)
	if g.Count != 1 {
		text = strconv.FormatUint(g.Count, 10) + " messages lost, " + number(g.From) + " to " + number(g.To)
	}
	return &Message{Kind: Lost, Channel: g.Channel, Time: now, Offset: g.To, Text: text}
}

// anewMark says where the old history was left.
func anewMark(r protocol.Reset, now time.Time) *Message {
	text := "The history began anew: Redis was emptied, or went back in time."
	if r.Was.Offset > 0 {
		text += " What may have come after " + number(r.Was.Offset) + " of the old one is lost."
	}
	return &Message{Kind: Anew, Channel: r.Channel, Time: now, Text: text}
}

func number(offset uint64) string { return "#" + strconv.FormatUint(offset, 10) }

// maxMarks is how many marks are announced one by one.
const maxMarks = 3

// unsaid is what was shown and not announced yet.
type unsaid struct {
	messages, recovered int
	latest              *Message
	marks               int
	lost                string // the marks' words, as far as they are not too many
}

func (u *unsaid) any() bool { return u.messages+u.marks > 0 }

func (u *unsaid) add(m *Message) {
	if m.Kind != Came {
		if u.marks++; u.marks <= maxMarks {
			u.lost += m.Channel + ": " + m.Text + ". "
		}
		return
	}
	u.messages++
	u.latest = m
	if m.Recovered {
		u.recovered++
	}
}

func (u *unsaid) words() string {
	words := u.lost
	if more := u.marks - maxMarks; more > 0 {
		words += strconv.Itoa(more) + " more losses. "
	}
	if u.messages == 0 {
		return words
	}
	text := u.latest.Text
	if r := []rune(text); len(r) > 100 {
		text = string(r[:100]) + "…"
	}
	last := u.latest.Channel + ": " + text
	switch {
	case u.messages == 1 && u.recovered == 1:
		return words + "Recovered, " + last
	case u.messages == 1:
		return words + last
	case u.recovered > 0:
		return words + strconv.Itoa(u.messages) + " new messages, " + strconv.Itoa(u.recovered) + " of them recovered, the last on " + last
	default:
		return words + strconv.Itoa(u.messages) + " new messages, the last on " + last
	}
}
