package auth

import (
	"fmt"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Authorize returns nil if one may do something on a channel of a valid name,
// with the filters that all it reads there must pass. Else the error is a
// *[protocol.Error], permission_denied, which names operation and channel, and
// nothing that would tell whether the channel exists or what its rules are.
func (a *Authority) Authorize(who *Identity, op channel.Op, name string) (filters []string, err error) {
	filters, ok := who.Grants.Allow(op, name, who.Subject)
	if !ok && !a.access(who, channel.Namespace(name)).Has(op) {
		return nil, &protocol.Error{Code: protocol.CodePermission, Message: fmt.Sprintf("may not %s %s", verb(op), name), Field: "channel"}
	}
	return filters, nil
}

// access returns what one may do in a namespace without a grant.
func (a *Authority) access(who *Identity, namespace string) channel.Op {
	rule, common := a.cfg.Namespaces[namespace], a.cfg.Namespaces[""]
	if !rule.AnonymousSet {
		rule.Anonymous, rule.AnonymousSet = common.Anonymous, common.AnonymousSet
	}
	if !rule.DefaultSet && rule.Default == 0 {
		rule.Default = common.Default
	}
	switch {
	case !who.Anonymous() && rule.AnonymousSet:
		// Whoever has a token could leave it at home.
		return rule.Default | rule.Anonymous
	case !who.Anonymous():
		return rule.Default
	case rule.AnonymousSet:
		return rule.Anonymous
	case a.Open():
		return channel.All
	}
	return 0
}

func verb(op channel.Op) string {
	switch op {
	case channel.Subscribe:
		return "subscribe to"
	case channel.Publish:
		return "publish to"
	case channel.History:
		return "read the history of"
	case channel.Presence:
		return "see who is on"
	}
	return op.String() + " on"
}
