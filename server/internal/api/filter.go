package api

import (
	"errors"
	"net/http"

	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

// filter serves GET /filter?expression=, for a field that says what is wrong
// while somebody types. It needs no permission: it says nothing about any
// channel, and takes no more time than an expression may be long.
func (a *API) filter(w http.ResponseWriter, r *http.Request) error {
	names, err := node.CheckFilter(r.URL.Query().Get("expression"))
	var e *protocol.Error
	answer := protocol.FilterResponse{Tags: names}
	if errors.As(err, &e) {
		wrong := *e
		wrong.Field = "expression"
		answer.Error = &wrong
	} else if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, answer)
	return nil
}
