// Package auth knows who calls and what they may do. It alone reads tokens;
// what it hands out, an [Identity], is what everything behind it asks about.
//
// # Two modes
//
// An [Authority] without a secret and without a key set is open: whoever has no
// token may do everything, unless the namespace table says otherwise. On
// loopback it then also signs tokens for demo identities, with a secret that it
// makes at start and tells nobody, so that a page can show what permissions do.
//
// With a secret or a key set it is guarded: nobody may do what was not granted,
// by the token's grants or by the namespace table.
//
// # Tokens
//
// A token is a JWT. Which algorithms count is fixed by the configuration and
// never by the token: HS256 for the secret, RS256, PS256, ES256 and EdDSA for the
// key set, and a key is only tried with the algorithm of its own kind, so that
// no public key is ever taken for a secret. exp is required and at most 30 days
// away; sub is required; iss and aud must be those of the configuration, if it
// names any; nbf and iat may be ahead by 5 seconds, for clocks that differ, and exp has no
// such grace. Claims are read by their exact names and types: encoding/json
// alone would take "SUB" for "sub", which an issuer may let its users choose.
//
// A key set comes from a file or a URL. It is read at start, every few minutes,
// and when a token names a key that is not in it, a few times a minute at the most;
// everybody who waits for that waits for the same read. If the set can't be read,
// unknown keys are answered with "unavailable": the client may come back.
//
// # Revocation
//
// Revocations are a sorted set in Redis beside a version, which changes with
// each of them. Every relay looks at the version twice a second, and at the set
// when it is another one; then it ends the connections of whom it finds there.
// Until the set was read once no token is taken. A relay never forgets a
// revocation before its tokens are over, even when Redis does; while Redis is
// away, it goes on with what it knows. A revocation is kept for 30 days: no
// token outlives that.
//
// # Tickets
//
// Browsers can set no header for a WebSocket or an EventSource, and a URL is no
// place for a token, since URLs are logged. So a caller with a token asks for a ticket, and
// puts that into the URL: it works once, on any relay, within 30 seconds. Redis
// knows only its hash.
package auth
