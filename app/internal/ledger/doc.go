// Package ledger keeps the books of a tab: what it sent and what became of
// that, what it received, and what is missing or came twice.
//
// It believes nobody. The client says itself when publications are lost, and
// the [Ledger] counts those; but it also follows each channel's offsets on its
// own, and so would catch a client, a relay or a Redis that loses, doubles or
// mixes up messages and says nothing. What was lost with a word and what was
// lost without one are counted apart.
//
// It is fed with every event before anything else is done with it, also before
// a tab that is too slow lets go of messages that it does not show.
//
// # Memory
//
// Of a channel there is one account: the epoch, the highest offset, and for
// each of the last 1,024 offsets up to there a bit that says whether it came.
// That is 200 bytes for each channel that is listened to, whatever comes. So
// the ledger is exact about everything that comes at most 1,024 offsets late;
// what comes later still is taken for a double.
//
// # What it does not know
//
// With a filter, only the server knows which publications were meant for the
// tab: offsets that are left out are then not counted, but what comes twice, or
// late, still is.
//
// It begins with the tab's load, or where a channel is subscribed to: what the
// tab had before is not its business, except that it must not come again. After
// a reset, the channel's account begins anew, since the same offsets are then
// given out again; what the old history still had can't be counted by anybody.
// Of a last message that is lost it learns with the next one, or when the client
// says that it has everything up to there.
package ledger
