package session

import (
	"fanlight/server/internal/auth"
	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

// Caller returns who is behind the session.
func (s *Session) Caller() node.Caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller
}

// User returns the name under which the session is present, "" for nobody in
// particular.
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller.User
}

// Identify says who is behind the session; claimed is the name that somebody
// without a token would like to have. When the identity's time is over, or when
// it is revoked, the session ends and says why.
//
// It may be called again, with a newer token of the same one. What is
// subscribed to then goes on; but if the new token grants other things, the
// session ends with CodePermissionsChanged: whoever comes back subscribes, is
// authorised anew, and has missed nothing.
//
// It fails with CodeTooManyConnections when the user has as many connections as
// one may have; nothing has changed then. Demo identities are many people.
func (s *Session) Identify(who *auth.Identity, claimed string) error {
	if !who.Demo {
		if err := s.limits.Identify(who.Subject); err != nil {
			return err
		}
	}
	unwatch := s.node.Authority().Watch(who, func(why *protocol.Error) { s.End(why) })
	s.mu.Lock()
	if s.left {
		s.mu.Unlock()
		unwatch()
		return nil
	}
	before := s.unwatch
	s.caller.Who, s.caller.User, s.unwatch = who, s.node.Name(who, claimed), unwatch
	changed := false
	for _, sub := range s.subs {
		changed = changed || s.node.StillMay(who, sub.Subscription) != nil
	}
	s.mu.Unlock()
	before()
	if changed {
		s.End(&protocol.Error{
			Code:    protocol.CodePermissionsChanged,
			Message: "the new token grants other things; come back and subscribe again",
		})
	}
	return nil
}
