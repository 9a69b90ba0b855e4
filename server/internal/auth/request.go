package auth

import (
	"net/http"
	"strings"
)

// Request returns who is behind an HTTP request: of an Authorization: Bearer
// header (RFC 6750), or of a ?ticket= where a browser can't set headers; an
// anonymous one with neither. Other kinds of Authorization are somebody else's,
// a proxy's perhaps, and not looked at. A token in the URL is never taken: URLs
// end up in logs.
func (a *Authority) Request(r *http.Request) (*Identity, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return a.Verify(r.Context(), strings.TrimSpace(token))
	}
	if ticket := r.URL.Query().Get("ticket"); ticket != "" {
		return a.Redeem(r.Context(), ticket)
	}
	return a.Anonymous(), nil
}
