package playground

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanlight/shared/channel"
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

	// Sends are the messages on their way and those that failed, oldest first.
	Sends []Send
	// Away says that there is no connection: what is sent waits for one.
	Away bool
	// Receipt is the last message that the server took.
	Receipt Receipt

	limits protocol.Limits
	sent   int
}

// Channel is one subscription.
type Channel struct {
	Name  string
	State ChannelState
	// Problem is the server's reason for a refusal.
	Problem string
}

// ChannelState is how far a subscription is.
type ChannelState int

// The states of a subscription.
const (
	Asking ChannelState = iota
	Listening
	Refused
)

// Send is a message that the server has not taken.
type Send struct {
	ID      int
	Channel string
	Draft   string
	Data    json.RawMessage
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

// Subscribe asks for a channel.
type Subscribe struct{ Channel string }

// Unsubscribe leaves a channel.
type Unsubscribe struct{ Channel string }

// Publish sends a message, and reports to [Desk.Sent] with its ID.
type Publish struct {
	ID      int
	Channel string
	Data    json.RawMessage
}

// Remember keeps the channels, for a reload and for a link to share.
type Remember struct{ Channels []string }

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

// Names returns the channels' names.
func (d Desk) Names() []string {
	names := make([]string, len(d.Channels))
	for i, c := range d.Channels {
		names[i] = c.Name
	}
	return names
}

// Reading says what the draft means.
func (d Desk) Reading() Reading { return Read(d.Draft, d.Format, d.limits.Message) }

// Idle reports whether a reload would lose nothing that somebody wrote.
func (d Desk) Idle() bool { return strings.TrimSpace(d.Draft) == "" && len(d.Sends) == 0 }

// Adopt listens to the given channels and no others. Names that are not valid
// are left out, and said in ChannelError.
func (d Desk) Adopt(names []string) (Desk, []Effect) {
	var effects []Effect
	for _, c := range d.Channels {
		if !slices.Contains(names, c.Name) {
			effects = append(effects, Unsubscribe{c.Name})
		}
	}
	old := d.Channels
	d.Channels, d.ChannelError = nil, ""
	for _, name := range names {
		if i := slices.IndexFunc(old, func(c Channel) bool { return c.Name == name }); i >= 0 && !d.listens(name) {
			d.Channels = append(d.Channels, old[i])
			continue
		}
		var more []Effect
		before := d.ChannelError
		d, more = d.Listen(name)
		if before != "" {
			d.ChannelError = before
		}
		effects = append(effects, slices.DeleteFunc(more, func(e Effect) bool { _, r := e.(Remember); return r })...)
	}
	d.aim()
	return d, append(effects, Remember{d.Names()})
}

// Listen adds a channel, or says in ChannelError why not.
func (d Desk) Listen(name string) (Desk, []Effect) {
	name = strings.TrimSpace(name)
	d.ChannelError = ""
	if err := channel.Validate(name); err != nil {
		d.ChannelError = sentence(err.Error())
		if near := strings.ReplaceAll(strings.ToLower(name), " ", "_"); near != name && channel.Validate(near) == nil {
			d.ChannelError += " “" + near + "” would do."
		}
		return d, nil
	}
	if i := slices.IndexFunc(d.Channels, func(c Channel) bool { return c.Name == name }); i >= 0 {
		if d.Channels[i].State != Refused {
			d.ChannelError = "You listen to " + name + " already."
			return d, nil
		}
		d.Channels = slices.Clone(d.Channels)
		d.Channels[i] = Channel{Name: name}
		return d, []Effect{Subscribe{name}}
	}
	if len(d.Channels) >= d.limits.Subscriptions {
		d.ChannelError = fmt.Sprintf("One connection listens to %d channels at the most; leave one first.", d.limits.Subscriptions)
		return d, nil
	}
	d.Channels = append(slices.Clone(d.Channels), Channel{Name: name})
	d.Target = name
	return d, []Effect{Subscribe{name}, Remember{d.Names()}}
}

// Leave removes a channel.
func (d Desk) Leave(name string) (Desk, []Effect) {
	if !d.listens(name) {
		return d, nil
	}
	d.Channels = slices.DeleteFunc(slices.Clone(d.Channels), func(c Channel) bool { return c.Name == name })
	d.ChannelError = ""
	d.aim()
	return d, []Effect{Unsubscribe{name}, Remember{d.Names()}}
}

func (d Desk) listens(name string) bool {
	return slices.ContainsFunc(d.Channels, func(c Channel) bool { return c.Name == name })
}

// aim moves the target to a channel that is still there.
func (d *Desk) aim() {
	if d.listens(d.Target) {
		return
	}
	d.Target = protocol.DefaultChannel
	if len(d.Channels) > 0 {
		d.Target = d.Channels[len(d.Channels)-1].Name
	}
}

// Apply takes in what the client reports. It reports whether that changed
// anything.
func (d Desk) Apply(ev client.Event) (Desk, bool) {
	switch ev := ev.(type) {
	case client.Connected:
		d.limits, d.Away = ev.Hello.Limits, false
	case client.Disconnected:
		d.Away = true
		d.Channels = slices.Clone(d.Channels)
		for i, c := range d.Channels {
			if c.State == Listening {
				d.Channels[i].State = Asking
			}
		}
	case client.Subscribed:
		return d.mark(Channel{Name: ev.Channel, State: Listening})
	case client.Refused:
		return d.mark(Channel{Name: ev.Channel, State: Refused, Problem: explain(ev.Err)})
	default:
		return d, false
	}
	return d, true
}

func (d Desk) mark(to Channel) (Desk, bool) {
	i := slices.IndexFunc(d.Channels, func(c Channel) bool { return c.Name == to.Name })
	if i < 0 {
		return d, false // it was left in the meantime
	}
	d.Channels = slices.Clone(d.Channels)
	d.Channels[i] = to
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

// As chooses a format.
func (d Desk) As(f Format) Desk {
	d.Format, d.DraftError = f, ""
	return d
}

// Submit sends the draft and makes room for the next, or says in DraftError
// why it can't.
func (d Desk) Submit() (Desk, []Effect) {
	r := d.Reading()
	if r.Problem == "" && len(d.Sends) >= maxSends {
		r.Problem = fmt.Sprintf("%d messages are still waiting; send or discard them first.", len(d.Sends))
	}
	if r.Problem != "" {
		d.DraftError = r.Problem
		return d, nil
	}
	d.sent++
	s := Send{ID: d.sent, Channel: d.Target, Draft: d.Draft, Data: r.Data}
	d.Sends = append(slices.Clone(d.Sends), s)
	d.Draft, d.DraftError = "", ""
	return d, []Effect{Publish{s.ID, s.Channel, s.Data}}
}

// Sent takes in what became of a message.
func (d Desk) Sent(id int, done protocol.Published, took time.Duration, err error) Desk {
	i := d.find(id)
	if i < 0 {
		return d
	}
	d.Sends = slices.Clone(d.Sends)
	if err != nil {
		d.Sends[i].Problem = explain(err)
		return d
	}
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
	return d, []Effect{Publish{id, d.Sends[i].Channel, d.Sends[i].Data}}
}

// Discard forgets a failed message.
func (d Desk) Discard(id int) Desk {
	d.Sends = slices.DeleteFunc(slices.Clone(d.Sends), func(s Send) bool { return s.ID == id && s.Problem != "" })
	return d
}

func (d Desk) find(id int) int {
	return slices.IndexFunc(d.Sends, func(s Send) bool { return s.ID == id })
}

// explain puts an error into words for whoever sits at the page.
func explain(err error) string {
	var refused *protocol.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "No answer came in time. It may have arrived: look before you send it again."
	case errors.Is(err, client.ErrQueueFull):
		return "Too many messages wait for the connection already."
	case errors.As(err, &refused):
		return sentence(refused.Message) + " (" + string(refused.Code) + ")"
	case errors.Is(err, client.ErrClosed):
		return "The connection was closed before the answer came."
	default:
		return sentence(err.Error())
	}
}

// sentence makes one of an error's text.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
