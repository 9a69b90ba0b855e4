package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// publishBatch publishes an array, in its order. Each has its own result, and
// one that is refused does not keep the others back. A key of the request as a
// whole stands for the first one's position in it, the second one's and so on,
// so that trying the batch again is safe too.
func (a *API) publishBatch(w http.ResponseWriter, r *http.Request, from node.Caller, common protocol.Publish, body []byte) error {
	items, err := readBatch(body)
	if err != nil {
		a.Node.Refused(from, ops.OpPublish, "", err)
		return err
	}
	results := make([]protocol.BatchResult, len(items))
	var out sync.WaitGroup
	for i, item := range items {
		p := common
		if common.Key != "" {
			p.Key = common.Key + "/" + strconv.Itoa(i)
		}
		err := fill(&p, item)
		if err != nil {
			a.Node.Refused(from, ops.OpPublish, p.Channel, err)
		} else {
			out.Add(1)
			err = a.Node.Publish(r.Context(), from, p, func(published protocol.Published, err error) {
				results[i] = batchResult(publishResponse(p, published), err)
				out.Done()
			})
			if err != nil {
				out.Done()
			}
		}
		if err != nil {
			results[i] = batchResult(nil, err)
		}
	}
	out.Wait() // the broker answers each within its own time

	taken := 0
	for _, res := range results {
		if res.Error == nil {
			taken++
		}
	}
	status := protocol.StatusSuccess
	switch taken {
	case len(results):
	case 0:
		if slow := allTooFast(results); slow != nil {
			return slow
		}
		status = protocol.StatusFailed
	default:
		status = protocol.StatusPartial
	}
	writeJSON(w, "application/json", http.StatusOK, protocol.BatchResponse{Status: status, Results: results})
	return nil
}

func readBatch(body []byte) (items []json.RawMessage, err error) {
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, &protocol.Error{Code: protocol.CodeDataInvalid, Field: "body", Message: "the body is not JSON: " + err.Error()}
	}
	if len(items) == 0 || len(items) > protocol.MaxBatch {
		return nil, &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "body", Limit: protocol.MaxBatch,
			Message: fmt.Sprintf("a batch has 1 to %d publications, not %d", protocol.MaxBatch, len(items)),
		}
	}
	return items, nil
}

// allTooFast returns the error of a batch of which every publication came too
// fast: that of the one which has to wait longest. Clients look at the status,
// to know that all of it may come again. It is nil for any other batch.
func allTooFast(results []protocol.BatchResult) error {
	longest := results[0].Error
	for _, res := range results {
		switch {
		case res.Error == nil || res.Error.Code != protocol.CodeRateLimited:
			return nil
		case res.Error.RetryAfter > longest.RetryAfter:
			longest = res.Error
		}
	}
	return longest
}

func batchResult(taken *protocol.PublishResponse, err error) protocol.BatchResult {
	if err == nil {
		return protocol.BatchResult{PublishResponse: taken}
	}
	var e *protocol.Error
	if !errors.As(err, &e) {
		e = &protocol.Error{Code: protocol.CodeInternal, Message: "something went wrong"}
	}
	return protocol.BatchResult{Error: e}
}
