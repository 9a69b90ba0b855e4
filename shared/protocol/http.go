package protocol

import "encoding/json"

// PublishRequest is the body of POST /publish. The article that Fanlight grew
// from posts {"message": …}; everyone else posts {"channel": …, "data": …}.
type PublishRequest struct {
	// Channel defaults to [DefaultChannel].
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	// Message is the article's name for Data. One of the two, not both.
	Message json.RawMessage `json:"message"`
	Tags    Tags            `json:"tags"`
	Key     string          `json:"key"`
}

// TicketResponse answers POST /ticket: a stand-in for the caller's token that
// works once, as ?ticket= of /ws or /sse, where no header can be set.
type TicketResponse struct {
	Ticket string `json:"ticket"`
	// Expires is when it is too late, in microseconds since the Unix epoch.
	Expires int64 `json:"expires"`
}

// FilterResponse answers GET /filter?expression=. That an expression is wrong is
// an answer too, and no failure of the request.
type FilterResponse struct {
	// Tags are the names of the tags that it looks at, when it is right.
	Tags []string `json:"tags,omitempty"`
	// Error is what is wrong with it, and At in there where.
	Error *Error `json:"error,omitempty"`
}

// Identity is one of those that a server without configuration offers to
// whoever wants to see what permissions do: GET /identities lists them, and
// POST /identities?name= answers with a token for one.
type Identity struct {
	Name string `json:"name"`
	// About says in a few words what it may do.
	About string `json:"about"`
}

// TokenResponse answers POST /identities.
type TokenResponse struct {
	Token string `json:"token"`
	// Expires is when it ends, in microseconds since the Unix epoch.
	Expires int64 `json:"expires"`
}

// HistoryResponse answers GET /history.
type HistoryResponse struct {
	Channel string `json:"channel"`
	// Position and Last are those of the channel's last publication.
	Position
	Last string `json:"last,omitempty"`
	// Publications are the page's, oldest first, or newest first if it was
	// asked for in reverse.
	Publications []Publication `json:"publications"`
}

// MaxBatch is the most publications that one POST /publish may bring.
const MaxBatch = 100

// BatchResponse answers a POST /publish that brought an array.
type BatchResponse struct {
	// Status is [StatusSuccess] when every publication was taken,
	// [StatusFailed] when none was, else [StatusPartial]. A batch of which every
	// publication came too fast is a [Problem] instead, with
	// [CodeRateLimited].
	Status string `json:"status"`
	// Results are the publications' own, in their order.
	Results []BatchResult `json:"results"`
}

// BatchResult is a [PublishResponse] or an error.
type BatchResult struct {
	*PublishResponse
	Error *Error `json:"error,omitempty"`
}

// What a Status says. That of a [PublishResponse] is always success: failures
// are answered with a [Problem].
const (
	StatusSuccess = "success"
	StatusPartial = "partial"
	StatusFailed  = "failed"
)

// PublishResponse answers POST /publish.
type PublishResponse struct {
	Status string `json:"status"`
	Published
	// Message is the published data, as the article's client expects.
	Message json.RawMessage `json:"message"`
}

// Problem is the body of every failed HTTP call, as application/problem+json
// (RFC 9457).
type Problem struct {
	// Title is the HTTP status in words.
	Title string `json:"title"`
	// Status is the HTTP status code.
	Status int `json:"status"`
	// Detail is [Error.Message].
	Detail string `json:"detail"`
	Code   Code   `json:"code"`
	Field  string `json:"field,omitempty"`
	Limit  int    `json:"limit,omitempty"`
	// At and RetryAfter are as in [Error].
	At         int `json:"at,omitempty"`
	RetryAfter int `json:"retry_after,omitempty"`
}

// VersionResponse answers GET /version.
type VersionResponse struct {
	// Protocol is the subprotocol's name, [Subprotocol].
	Protocol string `json:"protocol"`
	// Build names the page, as [Hello.Build].
	Build string `json:"build,omitempty"`
	// Go is the version of Go that the server was built with.
	Go string `json:"go"`
	// Revision is the commit that the server was built from, when known.
	Revision string `json:"revision,omitempty"`
	// Redis is "embedded" or "external".
	Redis string `json:"redis"`
	// RedisAddr is where an embedded Redis listens, host:port; told only by a
	// server that is open, and there for its own machine.
	RedisAddr string `json:"redis_addr,omitempty"`
}
