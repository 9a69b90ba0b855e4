package node

import (
	"context"
	"net/netip"
	"slices"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/limit"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Caller is who asks a node for something. Whatever is asked for is authorised
// here, at each call, so that no way in can forget to.
type Caller struct {
	// Who is behind it; nil is somebody without a token.
	Who *auth.Identity
	// Limits bound what it may take; nil bounds nothing.
	Limits *limit.Conn
	// User is what it is called, From its address, and Way how it came in, one of
	// those in package ops. They are for the audit, and decide nothing.
	User string
	From netip.Addr
	Way  string
	// Relay says that it is the relay itself, which alone publishes on its own
	// channels, and which is not audited and not counted when it does: else each
	// entry would bring the next.
	Relay bool
}

// Name returns the name under which the caller is present: the subject of its
// token. Whoever has none is taken at the word of claimed where everything is
// open, and is nobody in particular anywhere else.
func (n *Node) Name(who *auth.Identity, claimed string) string {
	switch {
	case !who.Anonymous():
		return who.Subject
	case n.authority.Open():
		return claimed
	default:
		return ""
	}
}

// Authority returns who decides what is allowed.
func (n *Node) Authority() *auth.Authority { return n.authority }

// MaySubscribe returns nil when a Subscribe of the caller would make sense, be
// authorised and within its limits, for those who have to know before they begin
// to answer. Only a refusal is audited: the Subscribe follows.
func (n *Node) MaySubscribe(from Caller, req *protocol.Subscribe) error {
	_, _, err := n.maySubscribe(from, req)
	if err != nil {
		n.Refused(from, ops.OpSubscribe, req.Channel, err)
	}
	return err
}

// authorize checks the name and the permission, in this order: a name that
// can't be says nothing about anybody's channels. It returns the filters that
// the grants demand.
func (n *Node) authorize(from Caller, op channel.Op, name string) ([]string, error) {
	if err := CheckChannel(name); err != nil {
		return nil, err
	}
	if from.Who == nil {
		from.Who = n.authority.Anonymous()
	}
	return n.authority.Authorize(from.Who, op, name)
}

// StillMay returns nil if the subscription would be the same under another
// identity: allowed, with the same filters, and told the same of who is there.
func (n *Node) StillMay(who *auth.Identity, s *Subscription) error {
	demanded, err := n.authority.Authorize(who, channel.Subscribe, s.Channel())
	if err == nil && (!slices.Equal(demanded, s.demanded) || n.mayKnowWho(who, s.Channel()) != s.aware) {
		err = &protocol.Error{Code: protocol.CodePermission, Field: "channel", Message: "other things are granted on " + s.Channel()}
	}
	return err
}

// mayKnowWho reports whether one may see who is on a channel, and so hear who
// comes and goes.
func (n *Node) mayKnowWho(who *auth.Identity, name string) bool {
	if who == nil {
		who = n.authority.Anonymous()
	}
	_, err := n.authority.Authorize(who, channel.Presence, name)
	return err == nil
}

// Identify returns who is behind a token.
func (n *Node) Identify(ctx context.Context, token string) (*auth.Identity, error) {
	if token == "" {
		return n.authority.Anonymous(), nil
	}
	return n.authority.Verify(ctx, token)
}
