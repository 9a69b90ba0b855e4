package security_test

import (
	"slices"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/protocol"
)

func TestWhoMayNotSeeWhoIsThereDoesNotHearWhoComes(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(func(c *relay.Config) {
			c.Namespaces = map[string]relay.Namespace{"room": {Presence: true, JoinLeave: true}}
			c.PresenceGrace = -time.Nanosecond
		})
		enter := func(who string, ops ...string) *line {
			l, why := s.v1(jwt(who, object{"room:*": ops}))
			if why == nil {
				why = l.command(protocol.Command{Subscribe: &protocol.Subscribe{Channel: "room:1"}}).Error
			}
			if why != nil {
				g.Fatal(why)
			}
			return l
		}
		told, untold := enter("alice", "subscribe", "presence"), enter("bob", "subscribe")
		enter("carol", "subscribe")
		if _, why := told.hears("join carol"); why != nil {
			g.Fatalf("alice ended with %v", why)
		}
		s.publish("room:1", knock, "info")
		if heard, why := untold.hears(knock); why != nil || slices.Contains(heard, "join carol") {
			g.Errorf("bob hears %q, %v", heard, why)
		}
	})
}
