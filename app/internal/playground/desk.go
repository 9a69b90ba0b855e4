package playground

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxSends bounds the messages that wait for an answer or for a decision.
const maxSends = 20

// Desk is what somebody at the page does.
type Desk struct {
	Channels []Channel
	// ChannelError is why the last channel was not taken.
	ChannelError string

	// Target is the channel to publish to.
	Target string
	Draft  string
	Format Format
	// DraftError is why the draft was not sent; it goes when the draft changes.
	DraftError string
	// Labels are the tags to publish with, as [ReadTags] takes them.
	Labels string

	// Sends are the messages on their way and those that failed, oldest first.
	Sends []Send
	// Away says that there is no connection: what is sent waits for one.
	Away bool
	// Pause is how long the server wanted to be left alone, since more was sent
	// than it takes; 0 when it takes what comes.
	Pause time.Duration
	// Receipt is the last message that the server took.
	Receipt Receipt

	limits protocol.Limits
	user   string // whom the server takes the tab for, by a token
	sent   int
}

// Send is a message that the server has not taken.
type Send struct {
	ID      int
	Channel string
	Draft   string
	Data    json.RawMessage
	Tags    protocol.Tags
	// Problem is why it failed; empty while it is on its way.
	Problem string
}

// Receipt is the server's answer to a publish; the zero value is none.
type Receipt struct {
	Channel string
	Offset  uint64
	Took    time.Duration
}

// Effect is what the page has to do for a [Desk].
type Effect interface{ effect() }

// Subscribe asks for a channel, or for what a filter lets through of it.
type Subscribe struct{ Channel, Filter string }

// Unsubscribe leaves a channel.
type Unsubscribe struct{ Channel string }

// Publish sends a message, and reports to [Desk.Sent] with its ID.
type Publish struct {
	ID      int
	Channel string
	Data    json.RawMessage
	Tags    protocol.Tags
}

// Remember keeps the channels, for a reload and for a link to share; and, for a
// reload alone, the filters that some of them have.
type Remember struct {
	Channels []string
	Filters  map[string]string
}

func (Subscribe) effect()   {}
func (Unsubscribe) effect() {}
func (Publish) effect()     {}
func (Remember) effect()    {}

// NewDesk returns a desk that listens to the default channel.
func NewDesk() Desk {
	return Desk{
		Channels: []Channel{{Name: protocol.DefaultChannel}},
		Target:   protocol.DefaultChannel,
		limits:   protocol.DefaultLimits,
	}
}

// Reading says what the draft means.
func (d Desk) Reading() Reading { return Read(d.Draft, d.Format, d.limits.Message) }

// Idle reports whether a reload would lose nothing that somebody wrote.
func (d Desk) Idle() bool { return strings.TrimSpace(d.Draft) == "" && len(d.Sends) == 0 }

// Apply takes in what the client reports. It reports whether that changed
// anything.
func (d Desk) Apply(ev client.Event) (Desk, bool) {
	switch ev := ev.(type) {
	case client.Connected:
		d.limits, d.Away, d.Pause, d.user = ev.Hello.Limits, false, 0, ""
		if ev.Hello.Expires != 0 {
			d.user = ev.Hello.User
		}
	case client.Limited:
		d.Pause = ev.Retry
	case client.Disconnected:
		d.Away = true
		d.Channels = slices.Clone(d.Channels)
		for i, c := range d.Channels {
			if c.State == Listening {
				d.Channels[i].State = Asking
			}
		}
	case client.Subscribed:
		return d.mark(Channel{Name: ev.Channel, State: Listening, Filtered: ev.Filtered})
	case client.Refused:
		return d.mark(Channel{
			Name: ev.Channel, State: Refused, Problem: d.explain(ev.Err),
			denied: errors.Is(ev.Err, &protocol.Error{Code: protocol.CodePermission}),
		})
	default:
		return d, false
	}
	return d, true
}

// Aim chooses the channel to publish to.
func (d Desk) Aim(name string) Desk {
	d.Target = name
	return d
}

// Write takes in the draft as it is typed.
func (d Desk) Write(text string) Desk {
	d.Draft, d.DraftError = text, ""
	return d
}

// Label takes in the tags as they are typed.
func (d Desk) Label(text string) Desk {
	d.Labels, d.DraftError = text, ""
	return d
}

// As chooses a format.
func (d Desk) As(f Format) Desk {
	d.Format, d.DraftError = f, ""
	return d
}

// Submit sends the draft and makes room for the next, or says in DraftError
// why it can't.
func (d Desk) Submit() (Desk, []Effect) {
	r := d.Reading()
	tags, problem := ReadTags(d.Labels)
	if r.Problem == "" {
		r.Problem = problem
	}
	if r.Problem == "" && len(d.Sends) >= maxSends {
		r.Problem = fmt.Sprintf("%d messages are still waiting; send or discard them first.", len(d.Sends))
	}
	if r.Problem != "" {
		d.DraftError = r.Problem
		return d, nil
	}
	d.sent++
	s := Send{ID: d.sent, Channel: d.Target, Draft: d.Draft, Data: r.Data, Tags: tags}
	d.Sends = append(slices.Clone(d.Sends), s)
	d.Draft, d.DraftError = "", ""
	return d, []Effect{Publish{s.ID, s.Channel, s.Data, s.Tags}}
}

// Sent takes in what became of a message.
func (d Desk) Sent(id int, done protocol.Published, took time.Duration, err error) Desk {
	i := d.find(id)
	if i < 0 {
		return d
	}
	d.Sends = slices.Clone(d.Sends)
	if err != nil {
		d.Sends[i].Problem = d.explain(err)
		if errors.Is(err, &protocol.Error{Code: protocol.CodePermission}) {
			d.Sends[i].Problem += " Who you are is chosen at the top of the page."
		}
		d.Receipt = Receipt{} // of another one, which nobody asks about now
		return d
	}
	d.Pause = 0
	d.Receipt = Receipt{Channel: done.Channel, Offset: done.Offset, Took: took}
	d.Sends = slices.Delete(d.Sends, i, i+1)
	return d
}

// Resend tries a failed message again.
func (d Desk) Resend(id int) (Desk, []Effect) {
	i := d.find(id)
	if i < 0 || d.Sends[i].Problem == "" {
		return d, nil
	}
	d.Sends = slices.Clone(d.Sends)
	d.Sends[i].Problem = ""
	return d, []Effect{Publish{id, d.Sends[i].Channel, d.Sends[i].Data, d.Sends[i].Tags}}
}

// Discard forgets a failed message.
func (d Desk) Discard(id int) Desk {
	d.Sends = slices.DeleteFunc(slices.Clone(d.Sends), func(s Send) bool { return s.ID == id && s.Problem != "" })
	return d
}

func (d Desk) find(id int) int {
	return slices.IndexFunc(d.Sends, func(s Send) bool { return s.ID == id })
}
