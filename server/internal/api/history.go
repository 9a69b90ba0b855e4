package api

import (
	"net/http"
	"strconv"
	"strings"

	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// defaultPage is how many publications a page of history has, where so many are
// allowed.
const defaultPage = 100

// history serves GET /history?channel=&since=<epoch>:<offset>&limit=&reverse=1&filter=.
func (a *API) history(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	channel := protocol.DefaultChannel
	if q.Has("channel") {
		channel = q.Get("channel")
	}
	limit, reverse := min(defaultPage, a.Limiter.Config().HistoryPage), false
	var since *protocol.Since
	var err error
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil {
			return &protocol.Error{Code: protocol.CodeBadRequest, Field: "limit", Limit: protocol.MaxRewind, Message: "limit is a number"}
		}
	}
	if s := q.Get("reverse"); s != "" {
		if reverse, err = strconv.ParseBool(s); err != nil {
			return &protocol.Error{Code: protocol.CodeBadRequest, Field: "reverse", Message: "reverse is 1 or 0"}
		}
	}
	if s := q.Get("since"); s != "" {
		if since, err = parseSince(s); err != nil {
			return err
		}
	}
	from, err := a.caller(r)
	if err != nil {
		a.Node.Refused(from, ops.OpHistory, channel, err)
		return err
	}
	page, err := a.Node.History(r.Context(), from, channel, node.Page{
		Since: since, Limit: limit, Reverse: reverse, Filter: q.Get("filter"),
	})
	if err != nil {
		return err
	}
	if page.Publications == nil {
		page.Publications = []protocol.Publication{} // an empty page is [], not null
	}
	writeJSON(w, "application/json", http.StatusOK, page)
	return nil
}

// parseSince reads <epoch>:<offset>, and the publication's id behind that, if
// it is there.
func parseSince(s string) (*protocol.Since, error) {
	epoch, rest, _ := strings.Cut(s, ":")
	number, last, _ := strings.Cut(rest, ":")
	offset, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, &protocol.Error{Code: protocol.CodeBadRequest, Field: "since", Message: "since is <epoch>:<offset>"}
	}
	return &protocol.Since{Epoch: epoch, Offset: offset, Last: last}, nil
}
