// Package broker is the relay's side of Redis: it publishes, reads positions,
// and holds the process's one Pub/Sub connection. Everything that knows a
// Redis key, script or command is here; whoever delivers is a [Handler].
//
// # Publishing
//
// One Lua script, publish.lua, gives a publication its offset, appends it to
// the channel's stream and PUBLISHes it, atomically, so that history and live
// delivery can't disagree about the order. Publishes that wait at the same
// time go to Redis in one pipeline, in the order in which they came, as a
// transaction. That is for the order alone: of a plain pipeline whose first calls
// find the script unknown, the later ones may succeed, when another relay loads
// it in between, and the first ones would go again behind them. Nothing
// is retried here: a publish whose reply was lost may have happened, and only
// an idempotency key, which the script knows, makes it safe to try again.
//
// # Listening
//
// A link is one life of the Pub/Sub connection (link.go). It subscribes to
// what is wanted, hands each message to the Handler as soon as it is read and
// never waits for anyone, since a Redis whose subscriber does not read has to
// cut it off. A link that fails is replaced; one that only seems to work is
// found out by the probe (probe.go): a message to ourselves that has to come
// back. topics.go decides which channels are wanted and when a subscription
// counts as made.
//
// # What is in Redis
//
// For a channel C behind the prefix P, with braces so that a cluster keeps
// them on one node:
//
//	PC                     the Pub/Sub channel
//	fanlight/meta/{PC}     hash: epoch, offset, last (the last publication's id)
//	fanlight/stream/{PC}   stream: entry <offset>-0 holds id, time, data
//	fanlight/key/{PC}/K    hash: the result of the publish with idempotency key K
//
// No channel name holds a slash, so none can name one of these. All keys that a
// script is given are of one channel, and so in one slot of a cluster. The
// transaction around a pipeline is not: it has several channels, and a cluster
// would refuse it (CROSSSLOT). We speak to one Redis; a client of a cluster would
// have to make a pipeline for each slot, which costs no promise, since there is
// none about the order across channels.
package broker
