package node

import (
	"context"
	"strconv"

	"fanlight/server/internal/broker"
	"fanlight/server/internal/limit"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// History reads a page of a channel's past: what follows since, oldest first,
// or what stands before it, newest first. Without since it begins at the one
// end or the other. The error is a [*protocol.Error].
func (n *Node) History(ctx context.Context, from Caller, name string, since *protocol.Since, count int, reverse bool) (*protocol.HistoryResponse, error) {
	if err := CheckSubscribe(&protocol.Subscribe{Channel: name, Since: since}); err != nil {
		return nil, err
	}
	if _, err := n.authorize(from, channel.History, name); err != nil {
		return nil, err
	}
	if err := n.checkPage(from, "limit", count); err != nil {
		return nil, err
	}
	q := broker.Query{Limit: count, Reverse: reverse}
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

// checkPage returns nil for a number of publications that may be asked for at
// a time.
func (n *Node) checkPage(from Caller, field string, count int) error {
	most := n.limiter.Config().HistoryPage
	if count > most {
		from.Limits.Refused(limit.HistoryPage)
	}
	if count < 1 || count > most {
		return &protocol.Error{
			Code: protocol.CodeBadRequest, Field: field, Limit: most,
			Message: "1 to " + strconv.Itoa(most) + " publications may be asked for",
		}
	}
	return nil
}
