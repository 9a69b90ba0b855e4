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
// # The past
//
// What is replayed of the history does not count against the outbox: a limit
// that a history can exceed would send away, again and again, who only wants to
// catch up. Instead a session recovers one channel at a time (recovery.go). The
// next [Session.Subscribe] that asks for the past waits until the one before has
// its answer, and no more than an outbox's worth of the past is left to write;
// and as it is the transport's reader that waits, so do all commands behind it.
// Who reads recovers any number of channels, each whole; who does not read is
// not read from, until a write has taken too long and the connection ends.
//
// What the relay fills in, when it has missed something itself, nobody has asked
// for, and it can't wait. It may be [maxRefill] times an outbox, together with
// what is being replayed; past that the session ends like one with a full outbox.
//
// So what waits for one connection is at most an outbox that is queued, an
// outbox that is being written, and of the past one history and an outbox, or
// maxRefill outboxes. That does not depend on how often it asks, or for how many
// channels.
//
// # The end
//
// A session ends once, for one reason, from whichever side: [Session.End]. The
// goroutine that writes is also the one that closes, so a close never
// overtakes or cuts a message. [Manager] counts the sessions, ends them all
// when the relay stops, and waits until each is gone.
package session
