package api

import (
	"net/http"

	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// caller returns who is behind a request, and counts the request as theirs. What
// it is told with an error is for the audit alone.
func (a *API) caller(r *http.Request) (node.Caller, error) {
	from := node.Caller{From: a.Limiter.Addr(r), Way: ops.WayHTTP}
	who, err := a.Node.Authority().Request(r)
	user := ""
	if err == nil {
		from.Who, from.User = who, a.Node.Name(who, "")
		if !who.Demo { // that one is many people's
			user = who.Subject
		}
	}
	from.Limits = a.Limiter.Request(from.From, user)
	if slow := from.Limits.Request(); slow != nil { // also for trying tokens
		return from, slow
	}
	return from, err
}

// counted counts requests for which it does not matter whose they are, or which
// find that out by themselves, as their address's.
func (a *API) counted(serve func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.Limiter.Request(a.Limiter.Addr(r), "").Request(); err != nil {
			return err
		}
		return serve(w, r)
	}
}

// ticket serves POST /ticket: a stand-in for the caller's token, for the one
// connection that can't set a header. A ticket does not buy another one.
func (a *API) ticket(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("ticket") {
		return &protocol.Error{Code: protocol.CodeUnauthorized, Field: "ticket", Message: "a ticket is given for a token, not for another ticket"}
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	ticket, err := a.Node.Authority().NewTicket(r.Context(), from.Who)
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, ticket)
	return nil
}

// identities serves GET /identities: whom one can be for a try, on a server
// that guards nothing; none on any other.
func (a *API) identities(w http.ResponseWriter, _ *http.Request) error {
	all := a.Node.Authority().Identities()
	if all == nil {
		all = []protocol.Identity{}
	}
	writeJSON(w, "application/json", http.StatusOK, all)
	return nil
}

// mint serves POST /identities?name=: a token for one of them.
func (a *API) mint(w http.ResponseWriter, r *http.Request) error {
	token, err := a.Node.Authority().Mint(r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, token)
	return nil
}
