// Package session is one connection, whatever it speaks: its subscriptions,
// its outbox, its end.
//
// # The outbox
//
// What a session sends is queued in its outbox, which is bounded in bytes.
// Nothing writes while nothing is queued: the first item starts a goroutine
// that writes until the outbox is empty, and then is gone. While it writes,
// items gather, and leave together in the next write; so the busier a session
// is, the more it sends at once. A session may also ask for a flush interval:
// the goroutine then starts only when it has passed.
//
// When the outbox is full, the session ends with [protocol.CodeSlowConsumer]:
// what is queued is thrown away, and whoever comes back recovers from the
// history. Nobody else notices.
//
// # The end
//
// A session ends once, for one reason, from whichever side: [Session.End]. The
// goroutine that writes is also the one that closes, so a close never
// overtakes or cuts a message. [Manager] counts the sessions, ends them all
// when the relay stops, and waits until each is gone.
package session
