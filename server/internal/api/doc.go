// Package api is the HTTP side of the relay that answers and is done: publish,
// health, version. It also keeps the door (guard.go): who may call at all, on
// every way in, is decided by Host and Origin before anything else.
//
// Every failure is answered with application/problem+json (RFC 9457) and a
// stable code: problem.go is the one place that does.
package api
