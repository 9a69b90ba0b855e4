package playground

import (
	"cmp"
	"errors"
	"slices"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxFaces is how many of those who are present are named.
const maxFaces = 12

// Crowd is who is on the channel that one is about to publish to.
type Crowd struct {
	// Channel is the one in question.
	Channel string
	// Known says that the server has told.
	Known bool
	// Problem is why it doesn't; the zero value also means not yet.
	Problem CrowdProblem
	// Connections and Users count everybody, as in [protocol.Presence].
	Connections, Users int

	members []protocol.Member
	me      string // the connection of this tab
}

// CrowdProblem is why it is not known who is present.
type CrowdProblem int

// The problems.
const (
	NoProblem CrowdProblem = iota
	// NotKept is for a channel of which nobody keeps who is there.
	NotKept
	// NotAllowed is for a channel of which this tab must not know it.
	NotAllowed
	// NotSpoken is for a server that knows nothing of presence at all.
	NotSpoken
)

// Face is somebody who is present.
type Face struct {
	// Name is empty for everybody who gave none.
	Name string
	// Count is the number of connections.
	Count int
	// Me says that this tab is one of them.
	Me bool
}

// Look turns to a channel.
func (c Crowd) Look(channel string) Crowd {
	if channel == c.Channel {
		return c
	}
	return Crowd{Channel: channel, me: c.me}
}

// Answer takes in what the server said of a channel. A question that failed for
// another reason leaves what is known.
func (c Crowd) Answer(channel string, p protocol.Presence, err error) Crowd {
	if channel != c.Channel {
		return c // one has turned away
	}
	var refused *protocol.Error
	switch {
	case err == nil:
		return Crowd{Channel: channel, Known: true, Connections: p.Connections, Users: p.Users, members: p.Members, me: c.me}
	case errors.As(err, &refused) && refused.Code == protocol.CodePresenceOff:
		return Crowd{Channel: channel, Problem: NotKept, me: c.me}
	case errors.As(err, &refused) && refused.Code == protocol.CodePermission:
		return Crowd{Channel: channel, Problem: NotAllowed, me: c.me}
	case errors.As(err, &refused) && refused.Code == protocol.CodeUnknownCommand:
		return Crowd{Channel: channel, Problem: NotSpoken, me: c.me}
	}
	return c
}

// Apply takes in what the client reports, and whether that changed anything.
// Joins and leaves are of users, and of connections without a name; the next
// answer counts exactly.
func (c Crowd) Apply(ev client.Event) (Crowd, bool) {
	switch ev := ev.(type) {
	case client.Connected:
		c.me = ev.Hello.Client
		return c, true
	case client.Joined:
		if ev.Channel != c.Channel || !c.Known || c.find(ev.Client) >= 0 {
			return c, false
		}
		c.members = append(slices.Clone(c.members), ev.Member)
		c.Connections++
		c.Users++
		return c, true
	case client.Left:
		i := c.find(ev.Client)
		if ev.Channel != c.Channel || i < 0 {
			return c, false
		}
		c.members = slices.Delete(slices.Clone(c.members), i, i+1)
		c.Connections--
		c.Users--
		return c, true
	}
	return c, false
}

func (c Crowd) find(connection string) int {
	return slices.IndexFunc(c.members, func(m protocol.Member) bool { return m.Client == connection })
}

// Faces names those who are present: this tab first, then who has been there
// longest, then everybody without a name; and says how many users are not among
// them.
func (c Crowd) Faces() (faces []Face, more int) {
	var nameless Face
	for _, m := range c.members {
		f := &nameless
		if m.User != "" {
			i := slices.IndexFunc(faces, func(f Face) bool { return f.Name == m.User })
			if i < 0 {
				i = len(faces)
				faces = append(faces, Face{Name: m.User})
			}
			f = &faces[i]
		}
		f.Count++
		f.Me = f.Me || m.Client == c.me
	}
	more = c.Users - len(faces) - nameless.Count
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(rank(a), rank(b)) })
	if cut := len(faces) - maxFaces; cut > 0 {
		faces, more = faces[:maxFaces], more+cut
	}
	if nameless.Count > 0 {
		faces = append(faces, nameless)
	}
	return faces, max(more, 0)
}

func rank(f Face) int {
	if f.Me {
		return 0
	}
	return 1
}
