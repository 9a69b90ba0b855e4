package node

import (
	"errors"

	"fanlight/server/internal/audit"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Refused audits something that was asked for and refused before it came here.
func (n *Node) Refused(from Caller, op, name string, err error) {
	n.note(from, op, name, protocol.Position{}, err)
}

// note audits what somebody asked for and what became of it; at is of a publish
// that was taken.
func (n *Node) note(from Caller, op, name string, at protocol.Position, err error) {
	if from.Relay || n.audit == nil {
		return
	}
	e := audit.Event{
		Op: op, Outcome: ops.OutcomeOK, Channel: name, User: from.User, Way: from.Way, From: from.From,
		Epoch: at.Epoch, Offset: at.Offset,
	}
	if err != nil {
		e.Outcome = string(codeOf(err))
	}
	n.audit.Note(e)
}

func codeOf(err error) protocol.Code {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return protocol.CodeInternal
}

// checkReserved returns an error for a publish on a channel that is the relay's
// own, whatever has been granted: what is read there is what relays say.
func (n *Node) checkReserved(from Caller, name string) error {
	if n.reserved && !from.Relay && (name == ops.MetricsChannel || name == ops.AuditChannel) {
		return &protocol.Error{
			Code: protocol.CodePermission, Field: "channel", Message: "may not publish to " + name + ": relays alone do",
		}
	}
	return nil
}
