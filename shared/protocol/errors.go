package protocol

import "net/http"

// Code names a kind of failure. Codes are stable: programs may compare them,
// and texts may change.
type Code string

// The codes that a server answers with.
const (
	// CodeBadFrame is a line of a frame that is not a JSON object.
	CodeBadFrame Code = "bad_frame"
	// CodeUnknownCommand is a command without any known name, or with several.
	CodeUnknownCommand Code = "unknown_command"
	// CodeBadRequest is a field that is missing, superfluous or out of range.
	CodeBadRequest Code = "bad_request"
	// CodeChannelInvalid is a channel name outside the grammar.
	CodeChannelInvalid Code = "channel_invalid"
	// CodeDataInvalid is data that is not one JSON value.
	CodeDataInvalid Code = "data_invalid"
	// CodeInvalidUTF8 is text that is not UTF-8.
	CodeInvalidUTF8 Code = "invalid_utf8"
	// CodeBinary is a binary frame; every way in takes text alone.
	CodeBinary Code = "binary"
	// CodeTooLarge is a message, a frame or a body over its limit.
	CodeTooLarge Code = "too_large"
	// CodeTooManySubscriptions is one channel more than a connection may have.
	CodeTooManySubscriptions Code = "too_many_subscriptions"
	// CodeAlreadySubscribed is a second subscribe to the same channel.
	CodeAlreadySubscribed Code = "already_subscribed"
	// CodeNotSubscribed is an unsubscribe without a subscribe.
	CodeNotSubscribed Code = "not_subscribed"
	// CodeConnectRequired is a first command other than connect.
	CodeConnectRequired Code = "connect_required"
	// CodeAlreadyConnected is a second connect.
	CodeAlreadyConnected Code = "already_connected"
	// CodeConnectTimeout is a connection that did not connect in time.
	CodeConnectTimeout Code = "connect_timeout"
	// CodeVersion is a protocol version that this server does not speak.
	CodeVersion Code = "version_unsupported"
	// CodeOrigin is a page from another site.
	CodeOrigin Code = "origin_refused"
	// CodeHost is a request for a host that this server is not.
	CodeHost Code = "host_refused"
	// CodeNotFound is a path that does not exist.
	CodeNotFound Code = "not_found"
	// CodeMethod is a method that the path does not take.
	CodeMethod Code = "method_not_allowed"
	// CodeUpgrade is a request for a WebSocket that does not ask for an upgrade.
	CodeUpgrade Code = "upgrade_required"
	// CodeIdle is a connection that was silent for too long.
	CodeIdle Code = "idle_timeout"
	// CodeSlowConsumer is a connection that does not read what it is sent.
	CodeSlowConsumer Code = "slow_consumer"
	// CodePosition is a position that is not in the channel's history.
	CodePosition Code = "position_unknown"
	// CodePresenceOff is a channel whose namespace keeps no presence.
	CodePresenceOff Code = "presence_off"
	// CodeGap is a connection that missed messages and has no way to be told
	// which.
	CodeGap Code = "gap"
	// CodeUnauthorized is a token that is missing where one is needed, or that
	// is not valid here.
	CodeUnauthorized Code = "unauthorized"
	// CodeTokenExpired is a token whose time is over: come back with a new one.
	CodeTokenExpired Code = "token_expired"
	// CodeRevoked is a token, or a user, that was revoked.
	CodeRevoked Code = "revoked"
	// CodeTicket is a ticket that is not known, was used, or is too old.
	CodeTicket Code = "ticket_invalid"
	// CodePermission is an operation on a channel that was not granted.
	CodePermission Code = "permission_denied"
	// CodePermissionsChanged is a refreshed token with other grants than the
	// subscriptions were made under: come back, and subscribe anew.
	CodePermissionsChanged Code = "permissions_changed"
	// CodeFilterInvalid is a filter expression that is wrong; At says where.
	CodeFilterInvalid Code = "filter_invalid"
	// CodeTagsInvalid is a tag that is not a text or a number, or tags over a limit.
	CodeTagsInvalid Code = "tags_invalid"
	// CodeRateLimited is more than may come within a time: see RetryAfter.
	CodeRateLimited Code = "rate_limited"
	// CodeTooManyConnections is one connection more than the server, an address
	// or a user may have.
	CodeTooManyConnections Code = "too_many_connections"
	// CodeTooManyChannels is one channel more than the server may listen to.
	CodeTooManyChannels Code = "too_many_channels"
	// CodeShutdown is a server that stops.
	CodeShutdown Code = "shutdown"
	// CodeUnavailable is a Redis that does not answer: try again.
	CodeUnavailable Code = "unavailable"
	// CodeInternal is a fault of the server's.
	CodeInternal Code = "internal"
)

// Error is a failure as the server tells it.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	// Field names the input at fault, when there is one.
	Field string `json:"field,omitempty"`
	// Limit is the bound that was passed, when there is one; its unit is the
	// field's own (bytes, channels, milliseconds).
	Limit int `json:"limit,omitempty"`
	// At is where in a text the fault is, in characters, the first one being 1.
	At int `json:"at,omitempty"`
	// RetryAfter is how long to wait before trying again, in milliseconds.
	RetryAfter int `json:"retry_after,omitempty"`
}

// Error implements error.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is reports whether the target is an [Error] of the same code, so that
// errors.Is(err, &Error{Code: CodeTooLarge}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Status returns the HTTP status of the error's code.
func (e *Error) Status() int { return outcomes[e.Code].status }

// Close returns the close code for an error that ends a connection.
func (e *Error) Close() CloseCode { return outcomes[e.Code].close }

// outcomes is the one place that says what a code means on each way in. A
// close code of 0 belongs to errors that never end a connection.
var outcomes = map[Code]struct {
	status int
	close  CloseCode
}{
	CodeBadFrame:             {http.StatusBadRequest, 0},
	CodeUnknownCommand:       {http.StatusBadRequest, 0},
	CodeBadRequest:           {http.StatusBadRequest, CloseBadRequest},
	CodeChannelInvalid:       {http.StatusBadRequest, CloseBadRequest},
	CodeDataInvalid:          {http.StatusBadRequest, 0},
	CodeInvalidUTF8:          {http.StatusBadRequest, CloseInvalidUTF8},
	CodeBinary:               {http.StatusUnsupportedMediaType, CloseUnsupportedData},
	CodeTooLarge:             {http.StatusRequestEntityTooLarge, CloseTooLarge},
	CodeTooManySubscriptions: {http.StatusBadRequest, CloseBadRequest},
	CodeAlreadySubscribed:    {http.StatusConflict, 0},
	CodeNotSubscribed:        {http.StatusConflict, 0},
	CodeConnectRequired:      {http.StatusBadRequest, CloseConnectRequired},
	CodeAlreadyConnected:     {http.StatusConflict, 0},
	CodeConnectTimeout:       {http.StatusRequestTimeout, CloseConnectTimeout},
	CodeVersion:              {http.StatusBadRequest, CloseVersion},
	CodeOrigin:               {http.StatusForbidden, 0},
	CodeHost:                 {http.StatusMisdirectedRequest, 0},
	CodeNotFound:             {http.StatusNotFound, 0},
	CodeMethod:               {http.StatusMethodNotAllowed, 0},
	CodeUpgrade:              {http.StatusUpgradeRequired, 0},
	CodeIdle:                 {http.StatusRequestTimeout, CloseIdle},
	CodeSlowConsumer:         {http.StatusTooManyRequests, CloseSlowConsumer},
	CodePosition:             {http.StatusGone, 0},
	CodePresenceOff:          {http.StatusNotFound, 0},
	CodeGap:                  {http.StatusGone, CloseGap},
	CodeUnauthorized:         {http.StatusUnauthorized, CloseUnauthorized},
	CodeTokenExpired:         {http.StatusUnauthorized, CloseTokenExpired},
	CodeRevoked:              {http.StatusUnauthorized, CloseRevoked},
	CodeTicket:               {http.StatusUnauthorized, CloseUnauthorized},
	CodePermission:           {http.StatusForbidden, ClosePermission},
	CodePermissionsChanged:   {http.StatusForbidden, ClosePermissionsChanged},
	CodeFilterInvalid:        {http.StatusBadRequest, CloseBadRequest},
	CodeTagsInvalid:          {http.StatusBadRequest, 0},
	CodeRateLimited:          {http.StatusTooManyRequests, CloseRateLimited},
	CodeTooManyConnections:   {http.StatusTooManyRequests, CloseTooManyConnections},
	CodeTooManyChannels:      {http.StatusServiceUnavailable, CloseTooManyConnections},
	CodeShutdown:             {http.StatusServiceUnavailable, CloseShutdown},
	CodeUnavailable:          {http.StatusServiceUnavailable, CloseUnavailable},
	CodeInternal:             {http.StatusInternalServerError, CloseInternal},
}
