package live

import (
	"cmp"
	"slices"
	"strconv"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Roster is who is on a channel, as far as a tab was told: what the server
// answered, and who came and went since. It is a value.
type Roster struct {
	// Known says that the server has told.
	Known bool
	// Connections and Users count everybody, as in [protocol.Presence].
	Connections, Users int
	// Me is the connection of this tab.
	Me string

	members []protocol.Member
}

// Face is somebody who is present.
type Face struct {
	// Name is empty for everybody who gave none.
	Name string
	// Count is the number of connections, and Me says that this tab is one of them.
	Count int
	Me    bool
}

// Told takes in what the server answered.
func (r Roster) Told(answer protocol.Presence) Roster {
	return Roster{Known: true, Connections: answer.Connections, Users: answer.Users, Me: r.Me, members: answer.Members}
}

// Apply takes in what the client reports of the channel, and whether that changed
// anything. Joins and leaves are of users, and of connections without a name; the
// next answer counts exactly. The server waits a little before it says that
// somebody left, so who reloads does not flap.
func (r Roster) Apply(ev client.Event) (_ Roster, changed bool) {
	switch ev := ev.(type) {
	case client.Connected:
		r.Me = ev.Hello.Client
		return r, true
	case client.Joined:
		if r.Known && r.find(ev.Client) < 0 {
			r.members = append(slices.Clone(r.members), ev.Member)
			r.Connections++
			r.Users++
			return r, true
		}
	case client.Left:
		if i := r.find(ev.Client); i >= 0 {
			r.members = slices.Delete(slices.Clone(r.members), i, i+1)
			r.Connections--
			r.Users--
			return r, true
		}
	}
	return r, false
}

func (r Roster) find(connection string) int {
	return slices.IndexFunc(r.members, func(m protocol.Member) bool { return m.Client == connection })
}

// Faces names those who are present, so many at the most: this tab first, then who
// has been there longest, then everybody without a name; and says how many users
// are not among them.
func (r Roster) Faces(most int) (faces []Face, more int) {
	var nameless Face
	for _, m := range r.members {
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
		f.Me = f.Me || m.Client == r.Me
	}
	more = r.Users - len(faces) - nameless.Count
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(a.rank(), b.rank()) })
	if cut := len(faces) - most; cut > 0 {
		faces, more = faces[:most], more+cut
	}
	if nameless.Count > 0 {
		faces = append(faces, nameless)
	}
	return faces, max(more, 0)
}

func (f Face) rank() int {
	if f.Me {
		return 0
	}
	return 1
}

// Words is what somebody is called on a page.
func (f Face) Words() string {
	switch {
	case f.Name == "" && f.Count == 1 && f.Me:
		return "you, without a name"
	case f.Name == "" && f.Me:
		return strconv.Itoa(f.Count) + " without a name, you among them"
	case f.Name == "":
		return strconv.Itoa(f.Count) + " without a name"
	case f.Me:
		return f.Name + " (you)"
	}
	return f.Name
}
