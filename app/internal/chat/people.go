package chat

import (
	"errors"
	"strconv"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxFaces is how many of those who are there are named.
const maxFaces = 24

// People are those who are in a room.
type People struct {
	// Problem is why the server doesn't tell, in words.
	Problem string

	live.Roster
}

// Answer takes in what the server said. A question that failed for a passing
// reason leaves what is known.
func (p People) Answer(answer protocol.Presence, err error) People {
	var refused *protocol.Error
	switch {
	case err == nil:
		return People{Roster: p.Told(answer)}
	case errors.As(err, &refused) && refused.Code == protocol.CodePresenceOff:
		return People{Problem: "This server does not keep who is in a room.", Roster: live.Roster{Me: p.Me}}
	case errors.As(err, &refused) && refused.Code == protocol.CodePermission:
		return People{Problem: "You may not see who is in this room.", Roster: live.Roster{Me: p.Me}}
	}
	return p
}

// Apply takes in what the client reports of a room.
func (p People) Apply(ev client.Event) People {
	p.Roster, _ = p.Roster.Apply(ev)
	return p
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
