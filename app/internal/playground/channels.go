package playground

import (
	"fmt"
	"slices"
	"strings"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Channel is one subscription.
type Channel struct {
	Name string
	// Filter is what is asked for of the channel; empty for everything.
	Filter string
	State  ChannelState
	// Filtered says that a filter applies, be it one that the server demands.
	Filtered bool
	// Problem is the server's reason for a refusal.
	Problem string

	denied bool // to whoever the tab was then
}

// ChannelState is how far a subscription is.
type ChannelState int

// The states of a subscription.
const (
	Asking ChannelState = iota
	Listening
	Refused
)

// Names returns the channels' names.
func (d Desk) Names() []string {
	names := make([]string, len(d.Channels))
	for i, c := range d.Channels {
		names[i] = c.Name
	}
	return names
}

// remember returns what to keep of the channels.
func (d Desk) remember() Remember {
	r := Remember{Channels: d.Names()}
	for _, c := range d.Channels {
		if c.Filter != "" {
			if r.Filters == nil {
				r.Filters = map[string]string{}
			}
			r.Filters[c.Name] = c.Filter
		}
	}
	return r
}

// Adopt listens to the given channels and no others, with the filters that some
// of them have if they are new. Names that are not valid are left out, and said
// in ChannelError.
func (d Desk) Adopt(names []string, filters map[string]string) (Desk, []Effect) {
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
		d, more = d.Listen(name, filters[strings.TrimSpace(name)])
		if before != "" {
			d.ChannelError = before
		}
		effects = append(effects, slices.DeleteFunc(more, func(e Effect) bool { _, r := e.(Remember); return r })...)
	}
	d.aim()
	return d, append(effects, d.remember())
}

// Listen adds a channel, or asks for it anew with another filter, or says in
// ChannelError why not.
func (d Desk) Listen(name, filter string) (Desk, []Effect) {
	name = strings.TrimSpace(name)
	if strings.TrimSpace(filter) == "" {
		filter = ""
	}
	d.ChannelError = ""
	if err := channel.Validate(name); err != nil {
		d.ChannelError = sentence(err.Error())
		if near := strings.ReplaceAll(strings.ToLower(name), " ", "_"); near != name && channel.Validate(near) == nil {
			d.ChannelError += " “" + near + "” would do."
		}
		return d, nil
	}
	if i := slices.IndexFunc(d.Channels, func(c Channel) bool { return c.Name == name }); i >= 0 {
		before := d.Channels[i]
		var effects []Effect
		switch {
		case before.State == Refused:
		case before.Filter == filter:
			d.ChannelError = "You listen to " + name + " already."
			return d, nil
		default:
			effects = append(effects, Unsubscribe{name})
		}
		d.Channels = slices.Clone(d.Channels)
		d.Channels[i] = Channel{Name: name, Filter: filter}
		d.Target = name
		return d, append(effects, Subscribe{name, filter}, d.remember())
	}
	if len(d.Channels) >= d.limits.Subscriptions {
		d.ChannelError = fmt.Sprintf("One connection listens to %d channels at the most; leave one first.", d.limits.Subscriptions)
		return d, nil
	}
	d.Channels = append(slices.Clone(d.Channels), Channel{Name: name, Filter: filter})
	d.Target = name
	return d, []Effect{Subscribe{name, filter}, d.remember()}
}

// AskAgain asks for the channels that were denied to whoever the tab was: it may
// be somebody else by now.
func (d Desk) AskAgain() (Desk, []Effect) {
	var effects []Effect
	d.Channels = slices.Clone(d.Channels)
	for i, c := range d.Channels {
		if c.denied {
			d.Channels[i] = Channel{Name: c.Name, Filter: c.Filter}
			effects = append(effects, Subscribe{c.Name, c.Filter})
		}
	}
	return d, effects
}

// Leave removes a channel.
func (d Desk) Leave(name string) (Desk, []Effect) {
	if !d.listens(name) {
		return d, nil
	}
	d.Channels = slices.DeleteFunc(slices.Clone(d.Channels), func(c Channel) bool { return c.Name == name })
	d.ChannelError = ""
	d.aim()
	return d, []Effect{Unsubscribe{name}, d.remember()}
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

func (d Desk) mark(to Channel) (Desk, bool) {
	i := slices.IndexFunc(d.Channels, func(c Channel) bool { return c.Name == to.Name })
	if i < 0 {
		return d, false // it was left in the meantime
	}
	to.Filter = d.Channels[i].Filter
	d.Channels = slices.Clone(d.Channels)
	d.Channels[i] = to
	return d, true
}
