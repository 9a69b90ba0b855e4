package playground

import (
	"errors"
	"fmt"
	"testing"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func member(connection, user string) protocol.Member {
	return protocol.Member{Client: connection, User: user}
}

func joined(channel, connection, user string) client.Event {
	return client.Joined{Join: protocol.Join{Channel: channel, Member: member(connection, user)}}
}

func left(channel, connection string) client.Event {
	return client.Left{Leave: protocol.Leave{Channel: channel, Member: member(connection, "")}}
}

// crowdOf is what a tab that is connection "me" knows after an answer.
func crowdOf(p protocol.Presence) Crowd {
	c, _ := Crowd{}.Look("room").Apply(client.Connected{Hello: protocol.Hello{Client: "me"}})
	return c.Answer("room", p, nil)
}

func TestWhoIsHereIsNamedOncePerUserThisTabFirst(t *testing.T) {
	c := crowdOf(protocol.Presence{Connections: 5, Users: 4, Members: []protocol.Member{
		member("1", "grace"), member("2", ""), member("me", "ada"), member("3", ""), member("4", "ada"),
	}})
	faces, more := c.Faces(maxFaces)
	expect(t, "faces", faces, []live.Face{{Name: "ada", Count: 2, Me: true}, {Name: "grace", Count: 1}, {Count: 2}})
	expect(t, "more", more, 0)
	expect(t, "words", c.Words(), "4 users, 5 connections on room")
}

func TestALargeCrowdIsCountedAndNotAllNamed(t *testing.T) {
	p := protocol.Presence{Connections: 5000, Users: 5000}
	for i := range 30 {
		p.Members = append(p.Members, member(fmt.Sprint(i), fmt.Sprint("user", i)))
	}
	faces, more := crowdOf(p).Faces(maxFaces)
	expect(t, "faces", len(faces), maxFaces)
	expect(t, "more", more, 5000-maxFaces)
	expect(t, "words", crowdOf(p).Words(), "5000 users on room")
}

func TestJoinsAndLeavesChangeTheCrowdAtOnce(t *testing.T) {
	c := crowdOf(protocol.Presence{Connections: 1, Users: 1, Members: []protocol.Member{member("me", "")}})
	for _, step := range []struct {
		ev      client.Event
		changed bool
		users   int
	}{
		{joined("room", "1", "grace"), true, 2},
		{joined("room", "1", "grace"), false, 2},
		{joined("elsewhere", "2", "x"), false, 2},
		{left("elsewhere", "1"), false, 2},
		{left("room", "9"), false, 2},
		{left("room", "1"), true, 1},
		{client.Moved{}, false, 1},
	} {
		next, changed := c.Apply(step.ev)
		if changed != step.changed || next.Users != step.users || next.Connections != step.users {
			t.Errorf("%+v: %v, %d users on %d connections", step.ev, changed, next.Users, next.Connections)
		}
		c = next
	}
}

func TestAnEarlierCrowdIsNotChangedByALaterJoin(t *testing.T) {
	c := crowdOf(protocol.Presence{Connections: 1, Users: 1, Members: append(make([]protocol.Member, 0, 9), member("me", ""))})
	one, _ := c.Apply(joined("room", "1", "grace"))
	_, _ = c.Apply(joined("room", "2", "alan"))
	faces, _ := one.Faces(maxFaces)
	expect(t, "faces", faces[0].Name, "grace")
}

func TestAnAnswerAboutAChannelThatOneTurnedAwayFromIsNoNews(t *testing.T) {
	c := crowdOf(protocol.Presence{Connections: 1, Users: 1}).Look("other")
	expect(t, "known", c.Known, false)
	expect(t, "the same again", c.Answer("room", protocol.Presence{Users: 7}, nil), c)
}

func TestWhyItIsNotKnownWhoIsHere(t *testing.T) {
	known := crowdOf(protocol.Presence{Connections: 1, Users: 1})
	off := known.Answer("room", protocol.Presence{}, &protocol.Error{Code: protocol.CodePresenceOff})
	expect(t, "where it is not kept", off.Words(), "Nobody keeps who is on room.")
	expect(t, "with an old server", known.Answer("room", protocol.Presence{}, &protocol.Error{Code: protocol.CodeUnknownCommand}).Problem, NotSpoken)
	expect(t, "without an answer", known.Answer("room", protocol.Presence{}, errors.New("late")), known)
	expect(t, "on another channel", off.Look("other").Problem, NoProblem)
}
