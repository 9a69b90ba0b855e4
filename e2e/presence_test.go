package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// v1As opens a fanlight.v1 connection under a name, on a channel.
func (s *site) v1As(user, channel string) *wire {
	s.rig.t.Helper()
	w := s.dial("/ws", &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
	w.say(fmt.Sprintf(`{"id":1,"connect":{"version":1,"user":%q}}`, user))
	w.hears(`"hello":`)
	w.say(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, channel))
	w.hears(`"subscribed"`)
	return w
}

// present asks a relay over HTTP who is on a channel.
func (s *site) present(channel string) (p protocol.Presence) {
	s.rig.t.Helper()
	code, body := get(s.rig.t, s.url()+"/presence?channel="+channel)
	if err := json.Unmarshal([]byte(body), &p); err != nil || code != 200 {
		s.rig.t.Fatal(code, body)
	}
	return p
}

func TestPresenceCountsConnectionsAndUsersOnAllRelays(t *testing.T) {
	g := newRig(t)
	here, there := g.site(), g.site()
	alice := here.v1As("alice", "chat:room")
	there.v1As("alice", "chat:room")
	bob := there.v1As("bob", "chat:room")
	alice.hears(`"join":{"channel":"chat:room"`, `"user":"alice"`) // herself, before bob
	alice.hears(`"join":{"channel":"chat:room"`, `"user":"bob"`)
	for _, s := range []*site{here, there} {
		eventually(t, "three connections of two users", func() bool {
			p := s.present("chat:room")
			return p.Connections == 3 && p.Users == 2 && len(p.Members) == 3
		})
	}
	bob.say(`{"id":3,"unsubscribe":{"channel":"chat:room"}}`)
	alice.hears(`"leave":{"channel":"chat:room"`, `"user":"bob"`)
	if p := here.present("chat:room"); p.Connections != 2 || p.Users != 1 {
		t.Errorf("after bob left: %+v", p)
	}
	alice.say(`{"id":4,"presence":{"channel":"chat:room"}}`)
	alice.hears(`{"id":4,"presence":{"channel":"chat:room","connections":2,"users":1`)
}

func TestAReconnectWithinTheGraceIsNobodysBusiness(t *testing.T) {
	g := newRig(t)
	g.grace = 2 * patience // so that bob is back in time on any machine
	s := g.site()
	alice := s.v1As("alice", "chat:room")
	alice.hears(`"join"`)
	bob := s.v1As("bob", "chat:room")
	alice.hears(`"join"`, `"user":"bob"`)
	_ = bob.conn.CloseNow()
	s.v1As("bob", "chat:room")
	carol := s.v1As("carol", "chat:room")
	alice.hears(`"join"`, `"user":"carol"`) // and nothing of bob in between
	_ = carol
}

func TestPresenceIsRefusedWhereNobodyKeepsIt(t *testing.T) {
	s := newRig(t).site()
	if code, body := get(t, s.url()+"/presence?channel=silent:room"); code != 404 {
		t.Errorf("answered %d %s", code, body)
	}
	w := s.v1()
	w.say(`{"id":2,"presence":{"channel":"silent:room"}}`)
	w.hears(`{"id":2,"error":{"code":"presence_off"`)
	w.say(`{"id":3,"presence":{"channel":"No"}}`)
	w.hears(`{"id":3,"error":{"code":"channel_invalid"`)
}
