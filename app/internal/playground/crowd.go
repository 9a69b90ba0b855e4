package playground

import (
	"errors"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// maxFaces is how many of those who are present are named.
const maxFaces = 12

// Crowd is who is on the channel that one is about to publish to.
type Crowd struct {
	// Channel is the one in question.
	Channel string
	// Problem is why it doesn't; the zero value also means not yet.
	Problem CrowdProblem

	live.Roster
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

// Look turns to a channel.
func (c Crowd) Look(channel string) Crowd {
	if channel == c.Channel {
		return c
	}
	return c.none(channel, NoProblem)
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
		return Crowd{Channel: channel, Roster: c.Told(p)}
	case errors.As(err, &refused) && refused.Code == protocol.CodePresenceOff:
		return c.none(channel, NotKept)
	case errors.As(err, &refused) && refused.Code == protocol.CodePermission:
		return c.none(channel, NotAllowed)
	case errors.As(err, &refused) && refused.Code == protocol.CodeUnknownCommand:
		return c.none(channel, NotSpoken)
	}
	return c
}

// none is nobody on a channel.
func (c Crowd) none(channel string, problem CrowdProblem) Crowd {
	return Crowd{Channel: channel, Problem: problem, Roster: live.Roster{Me: c.Me}}
}

// Apply takes in what the client reports, and whether that changed anything.
func (c Crowd) Apply(ev client.Event) (_ Crowd, changed bool) {
	switch ev := ev.(type) {
	case client.Joined:
		if ev.Channel != c.Channel {
			return c, false
		}
	case client.Left:
		if ev.Channel != c.Channel {
			return c, false
		}
	}
	c.Roster, changed = c.Roster.Apply(ev)
	return c, changed
}
