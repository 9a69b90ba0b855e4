package client

import (
	"errors"
	"strconv"

	"fanlight/shared/protocol"
)

var (
	// ErrClosed says that the client was closed. An error that matches it also
	// comes after the server told the client to stay away; it then wraps the
	// reason, so that [CloseCode] finds the code.
	ErrClosed = errors.New("client: closed")
	// ErrQueueFull says that [Config.Queue] calls are waiting already.
	ErrQueueFull = errors.New("client: too many calls are waiting")
)

// The reasons of the client's own for leaving a connection.
var (
	errDialTimeout = errors.New("client: the server did not say hello in time")
	errDead        = errors.New("client: the link is dead: a ping was not answered in time")
	errSubprotocol = errors.New("client: the server does not speak " + protocol.Subprotocol)
	errBinary      = errors.New("client: the server sent a binary frame")
	errBadFrame    = errors.New("client: the server sent what is not a message")
	errStream      = errors.New("client: the server left a hole in a channel and did not say so")
)

// CloseCode finds the code in an error of [Disconnected], or in one that
// matches [ErrClosed]. It reports false when the server did not close the
// connection but lost it, or when there never was one.
func CloseCode(err error) (protocol.CloseCode, bool) {
	var closed *closedError
	if errors.As(err, &closed) {
		return closed.code, true
	}
	return 0, false
}

// closedError is a connection that the server ended.
type closedError struct {
	code   protocol.CloseCode
	reason string
	// refusal is what the server answered before, nil when nothing.
	refusal *protocol.Error
}

func (e *closedError) Error() string {
	text := "client: the server closed the connection with code " + strconv.Itoa(int(e.code))
	switch {
	case e.refusal != nil:
		text += ": " + e.refusal.Message
	case e.reason != "":
		text += ": " + e.reason
	}
	return text
}

func (e *closedError) Unwrap() error {
	if e.refusal == nil {
		return nil // not a nil *protocol.Error in an interface
	}
	return e.refusal
}

// endedError is what the methods of a client answer that was told to stay away.
type endedError struct{ reason error }

func (e *endedError) Error() string        { return ErrClosed.Error() + ": " + e.reason.Error() }
func (e *endedError) Is(target error) bool { return target == ErrClosed }
func (e *endedError) Unwrap() error        { return e.reason }
