package node

import (
	"context"
	"strconv"

	"fanlight/server/internal/broker"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// History reads a page of a channel's past: what follows since, oldest first,
// or what stands before it, newest first. Without since it begins at the one
// end or the other. The error is a [*protocol.Error].
func (n *Node) History(ctx context.Context, from Caller, name string, since *protocol.Since, limit int, reverse bool) (*protocol.HistoryResponse, error) {
	if err := CheckSubscribe(&protocol.Subscribe{Channel: name, Since: since}); err != nil {
		return nil, err
	}
	if _, err := n.authorize(from, channel.History, name); err != nil {
		return nil, err
	}
	if limit < 1 || limit > protocol.MaxRewind {
		return nil, &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "limit", Limit: protocol.MaxRewind,
			Message: "a page has 1 to " + strconv.Itoa(protocol.MaxRewind) + " publications",
		}
	}
	q := broker.Query{Limit: limit, Reverse: reverse}
	if since != nil {
		q.After, q.Before = since.Offset, since.Offset
	}
	h, err := n.broker.History(ctx, name, q)
	if err != nil {
		return nil, err
	}
	if since != nil && !h.Belongs(*since) {
		return nil, &protocol.Error{Code: protocol.CodePosition, Field: "since", Message: "the position does not belong to the channel's history"}
	}
	return &protocol.HistoryResponse{Channel: name, Position: h.Position, Last: h.Last, Publications: h.Publications}, nil
}
