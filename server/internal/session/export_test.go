package session

import "fanlight/shared/protocol"

// BeginRecovery is what a subscribe that asks for the past begins with.
func (s *Session) BeginRecovery() (over func(), err error) {
	return s.beginRecovery(&protocol.Subscribe{Rewind: &protocol.Rewind{Count: 1}})
}

// MaxRefill is how many outboxes the relay may fill in.
const MaxRefill = maxRefill
