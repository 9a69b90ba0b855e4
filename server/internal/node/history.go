package node

import (
	"context"
	"strconv"

	"fanlight/server/internal/broker"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/recovery"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Page says which part of a channel's history is asked for.
type Page struct {
	Since   *protocol.Since
	Limit   int // at least 1
	Reverse bool
	Filter  string // or "" for none
}

// History reads a page of a channel's past: what follows since, oldest first,
// or what stands before it, newest first. Without since it begins at the one
// end or the other. The error is a [*protocol.Error].
//
// With a filter, and under one that the caller's grants demand, a page is of
// those publications that match.
func (n *Node) History(ctx context.Context, from Caller, name string, p Page) (*protocol.HistoryResponse, error) {
	h, err := n.history(ctx, from, name, p)
	n.note(from, ops.OpHistory, name, protocol.Position{}, err)
	return h, err
}

func (n *Node) history(ctx context.Context, from Caller, name string, p Page) (*protocol.HistoryResponse, error) {
	since := p.Since
	if err := CheckSubscribe(&protocol.Subscribe{Channel: name, Since: since}); err != nil {
		return nil, err
	}
	demanded, err := n.authorize(from, channel.History, name)
	if err != nil {
		return nil, err
	}
	if err := n.checkPage(from, "limit", p.Limit); err != nil {
		return nil, err
	}
	filters, err := n.filtersOf(p.Filter, name, demanded)
	if err != nil {
		return nil, err
	}
	q := broker.Query{Limit: p.Limit, Reverse: p.Reverse}
	if since != nil {
		q.After, q.Before = since.Offset, since.Offset
	}
	h, page, err := n.page(ctx, name, q, filters)
	if err != nil {
		return nil, err
	}
	if since != nil && !h.Belongs(*since) {
		return nil, &protocol.Error{Code: protocol.CodePosition, Field: "since", Message: "the position does not belong to the channel's history"}
	}
	return &protocol.HistoryResponse{Channel: name, Position: h.Position, Last: h.Last, Publications: page.Publications()}, nil
}

// page reads as many publications as the query limits, of those that match. To
// find them it reads the history to its end: nobody can know how many of them
// there are without, and the namespace bounds it.
func (n *Node) page(ctx context.Context, name string, q broker.Query, filters []hub.Filter) (*recovery.History, *hub.Past, error) {
	most := q.Limit
	if len(filters) > 0 {
		q.Limit = 0
	}
	h, err := n.broker.History(ctx, name, q)
	if err != nil {
		return nil, nil, err
	}
	return h, hub.PastOf(h).Select(filters).First(most), nil
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
