package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"fanlight/shared/protocol"
)

// WriteProblem answers a request with an error. Errors that are not the
// protocol's own are told as CodeInternal, without their text.
func WriteProblem(w http.ResponseWriter, err error) {
	var e *protocol.Error
	if !errors.As(err, &e) {
		e = &protocol.Error{Code: protocol.CodeInternal, Message: "something went wrong"}
	}
	status := e.Status()
	if status == 0 {
		status = http.StatusInternalServerError
	}
	wait := e.RetryAfter
	if wait == 0 && status == http.StatusServiceUnavailable {
		wait = 1000
	}
	h := w.Header()
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa((wait+999)/1000)) // RFC 9110 knows whole seconds alone
	}
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusUpgradeRequired:
		h.Set("Upgrade", "websocket")
		h.Set("Connection", "Upgrade")
	}
	writeJSON(w, "application/problem+json", status, protocol.Problem{
		Title: http.StatusText(status), Status: status, Detail: e.Message,
		Code: e.Code, Field: e.Field, Limit: e.Limit, At: e.At, RetryAfter: e.RetryAfter,
	})
}

func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client is gone; there is nobody to tell
}
