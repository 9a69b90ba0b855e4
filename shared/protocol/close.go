package protocol

// CloseCode is a WebSocket close code (RFC 6455, section 7.4). Ours follow one
// rule, so that a client needs no table: 4000-4499 come back, 4500-4999 don't.
type CloseCode int

// The close codes that a server sends. The three below 4000 are the RFC's own,
// for what the RFC itself asks a peer to refuse.
const (
	CloseUnsupportedData CloseCode = 1003
	CloseInvalidUTF8     CloseCode = 1007
	CloseTooLarge        CloseCode = 1009

	CloseShutdown       CloseCode = 4000
	CloseSlowConsumer   CloseCode = 4001
	CloseIdle           CloseCode = 4002
	CloseConnectTimeout CloseCode = 4003
	CloseUnavailable    CloseCode = 4004
	CloseInternal       CloseCode = 4005
	CloseGap            CloseCode = 4006

	CloseTokenExpired       CloseCode = 4007
	ClosePermissionsChanged CloseCode = 4008
	CloseRateLimited        CloseCode = 4009
	CloseTooManyConnections CloseCode = 4010

	CloseBadRequest      CloseCode = 4500
	CloseConnectRequired CloseCode = 4501
	CloseVersion         CloseCode = 4502
	CloseUnauthorized    CloseCode = 4503
	CloseRevoked         CloseCode = 4504
	ClosePermission      CloseCode = 4505
)

// Reconnect reports whether a client that was closed with the code should come
// back. Besides ours it knows the registered codes: a link that broke (1006)
// or a proxy that restarts (1001, 1011-1014) is worth another try, a violation
// of the protocol is not, and 1000 is a goodbye.
func (c CloseCode) Reconnect() bool {
	switch {
	case c >= 4000:
		return c < 4500
	case c == 1000, c == 1002, c == CloseUnsupportedData, c == CloseInvalidUTF8, c == 1008, c == CloseTooLarge, c == 1010:
		return false
	default:
		return true
	}
}
