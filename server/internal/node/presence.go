package node

import (
	"context"

	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Presence returns who is on a channel, on all relays. It fails with
// CodePresenceOff where presence is not kept, and with CodeUnavailable when
// Redis does not answer.
func (n *Node) Presence(ctx context.Context, from Caller, name string) (protocol.Presence, error) {
	present, err := n.presentTo(ctx, from, name)
	n.note(from, ops.OpPresence, name, protocol.Position{}, err)
	return present, err
}

func (n *Node) presentTo(ctx context.Context, from Caller, name string) (protocol.Presence, error) {
	if _, err := n.authorize(from, channel.Presence, name); err != nil {
		return protocol.Presence{}, err
	}
	if !n.presentOn(name).Kept {
		return protocol.Presence{}, &protocol.Error{
			Code: protocol.CodePresenceOff, Field: "channel", Message: "nobody keeps who is on " + name,
		}
	}
	return n.presence.List(ctx, name)
}

func (n *Node) presentOn(name string) Present {
	if p, ok := n.present[channel.Namespace(name)]; ok {
		return p
	}
	return n.present[""]
}

// enter makes a subscription's connection present, if the channel keeps that,
// and if it has not left already. A subscriber without a connection, which is
// one of the relay's own, is nobody who could be there.
func (n *Node) enter(s *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := n.presentOn(s.Channel()); p.Kept && !s.left && s.who.Client != "" {
		n.presence.Enter(s.Channel(), s.who, p.Announced)
	}
}
