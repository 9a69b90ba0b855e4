// Package limit bounds what one connection, one user, one address and all of
// them together may take of a relay, and counts what it refused.
//
// A [Limiter] is one relay's: relays do not tell each other what they let in.
// Whoever calls has a [Conn]: for as long as the connection is held
// ([Limiter.Connect]), or for one HTTP request ([Limiter.Request]). Nil ones
// allow everything.
//
// Rates are token buckets of golang.org/x/time/rate that hold one second's
// worth, so that what comes in bursts is not refused, and what comes for ever
// is. What a refusal says is when it is worth trying again. The buckets of
// users and addresses are in bounded tables: one that was idle for a second is
// full, and can be forgotten without loss.
//
// An address is what a peer can't multiply at will: an IPv4 address, or the /64
// of an IPv6 one. Behind a proxy it is the one that the proxy names, if the
// proxy is trusted (proxies.go).
//
// Limits that are enforced elsewhere, where the thing is that they bound, are
// counted here all the same: [Conn.Refused].
package limit
