package chat

import (
	"errors"
	"slices"
	"strconv"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxFaces is how many of those who are there are named.
const maxFaces = 24

// People are those who are in a room.
type People struct {
	// Known says that the server has told.
	Known bool
	// Problem is why it doesn't, in words.
	Problem string
	// Users counts them, as in [protocol.Presence].
	Users int

	members []protocol.Member
	me      string // the connection of this tab
}

// Face is somebody who is there.
type Face struct {
	// Name is empty for everybody who gave none.
	Name string
	// Count is the number of connections, Me says that this tab is one of them.
	Count int
	Me    bool
}

// Answer takes in what the server said. A question that failed for a passing
// reason leaves what is known.
func (p People) Answer(answer protocol.Presence, err error) People {
	var refused *protocol.Error
	switch {
	case err == nil:
		return People{Known: true, Users: answer.Users, members: answer.Members, me: p.me}
	case errors.As(err, &refused) && refused.Code == protocol.CodePresenceOff:
		return People{Problem: "This server does not keep who is in a room.", me: p.me}
	case errors.As(err, &refused) && refused.Code == protocol.CodePermission:
		return People{Problem: "You may not see who is in this room.", me: p.me}
	}
	return p
}

// Apply takes in what the client reports of a room. The server waits a little
// before it says that somebody left, so who reloads does not flap.
func (p People) Apply(ev client.Event) People {
	switch ev := ev.(type) {
	case client.Connected:
		p.me = ev.Hello.Client
	case client.Joined:
		if p.Known && p.find(ev.Client) < 0 {
			p.members = append(slices.Clone(p.members), ev.Member)
			p.Users++
		}
	case client.Left:
		if i := p.find(ev.Client); i >= 0 {
			p.members = slices.Delete(slices.Clone(p.members), i, i+1)
			p.Users--
		}
	}
	return p
}

func (p People) find(connection string) int {
	return slices.IndexFunc(p.members, func(m protocol.Member) bool { return m.Client == connection })
}

// Faces names them, this tab first and those without a name last, and says how
// many are not among them.
func (p People) Faces() (faces []Face, more int) {
	var nameless Face
	for _, m := range p.members {
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
		f.Me = f.Me || m.Client == p.me
	}
	more = p.Users - len(faces) - nameless.Count
	slices.SortStableFunc(faces, func(a, b Face) int {
		return compare(b.Me, a.Me)
	})
	if cut := len(faces) - maxFaces; cut > 0 {
		faces, more = faces[:maxFaces], more+cut
	}
	if nameless.Count > 0 {
		faces = append(faces, nameless)
	}
	return faces, max(more, 0)
}

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// Words counts them.
func (p People) Words() string {
	switch {
	case p.Problem != "":
		return p.Problem
	case !p.Known:
		return ""
	case p.Users == 1:
		return "1 person"
	default:
		return strconv.Itoa(p.Users) + " people"
	}
}
