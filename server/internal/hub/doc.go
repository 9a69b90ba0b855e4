// Package hub delivers: it knows which of this process's subscribers listen to
// which channel, and hands each publication to all of them.
//
// A publication is encoded once per encoding, not per subscriber; subscribers
// share the bytes. Delivering never waits: [Subscriber.Deliver] only queues,
// and a subscriber that does not keep up is its session's business. So the one
// goroutine that reads from Redis can be the one that fans out.
//
// # Joining
//
// A subscription must begin at an exact position. The hub can't know it: it
// has to be read from Redis, and publications arrive meanwhile. So a
// subscription that has joined gathers publications until it is told from
// where it starts; then it gets, under the room's lock and therefore without
// hole, double or swap, first the word that it has started, then what it
// wants of the past, then what it gathered after that position, then
// everything live.
//
// # Holes
//
// Redis Pub/Sub loses messages: while the link is down, when a Redis fails
// over, when it cuts off a slow reader. A room (room.go) knows the position of
// the last publication that went through, and lets only the next one follow.
// Otherwise it asks for the history, holds back what arrives meanwhile, and
// delivers what was missed as if nothing had happened. Only what the history
// does not have any more is told to the subscribers, as a gap or a reset.
//
// # Filters
//
// A subscription may have filters. They are asked once for each publication,
// however many subscriptions share them, live and of the past (past.go), as far
// as those share what was read. They come after everything else: what they
// hold back has still been gathered, filled in and counted, and moves the
// subscriber's position on. Of a gap, whose tags nobody knows, every subscriber
// is told.
package hub
