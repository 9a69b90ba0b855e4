// Package presence knows who is on a channel, on all relays: by connection and
// by user. Each relay tells Redis about its own connections, again and again;
// what is not told again expires, so a relay that is killed takes nobody's
// count with it for longer than [Config.TTL].
//
// # Identity
//
// Who somebody is, is their user's name, and for a connection without a name
// the connection itself. Joins and leaves are those of identities: a user's
// first connection joins, the last one leaves, and those in between are nobody
// else's business. A nameless connection that breaks can't be known again, as
// its successor has another id; so its leave and the other's join are both
// told.
//
// # Grace
//
// When an identity's last connection leaves, it stays a member for
// [Config.Grace], is counted and listed, and only then leaves. If it returns
// before, on any relay, the new connection takes the old one's place and nobody
// hears of it. A user's other connections, and a nameless connection that has
// ended for good, leave at once, for there is nothing to wait for.
//
// A relay that stops does the same for all its members: the grace bridges the
// time that clients need to find another relay, or the same one again. For a
// relay that was killed its members' expiry is grace enough.
//
// # One truth
//
// Whoever is in Redis's set is present, and whoever is taken out of it is told
// to have left, in the same script; so the events always lead from one list to
// the next. In particular one who has expired, but whom nobody has removed yet,
// can still return in silence. Whoever calls the script removes what has
// expired, and each member can be removed once, so a leave is told once,
// however many relays look.
//
// # What is in Redis
//
// For a channel C behind the prefix P, with braces so that a cluster keeps
// them on one node:
//
//	fanlight/presence/{PC}           sorted set: connections by expiry, ms
//	fanlight/presence/{PC}/arrivals  sorted set: connections by arrival, µs
//	fanlight/presence/{PC}/members   hash:
//	    generation                   the name of this life of the three keys
//	    m:<connection>               announced or not, member as JSON, identity
//	    i:<identity>                 its number of connections, or
//	                                 ~<connection> while that one is in its grace
//
// They expire ten minutes after the last member would have.
//
// An identity is u<name>, or c<connection> for one without a name. All times
// but that of arrival are Redis's own. Keeping the counts at each change makes
// a list of a large channel cost what it shows, not what there is.
//
// Joins and leaves are published on the channel's own Pub/Sub channel PC, as
// {"fanlight":1,"join":{…}} and {"fanlight":1,"leave":{…}} with a
// [fanlight/shared/protocol.Member] inside.
//
// # What a relay does
//
// Enter and Leave note what is wanted (presence.go), for each channel and
// connection the latest state alone, and return. One goroutine (loop.go) tells
// Redis, with whatever is due in one pipeline: changes at once; every third of
// the TTL that the members are still there; and, when the script said that
// somebody is about to expire, a look when it happens. What fails is tried
// again; each change can be told twice without harm.
//
// Telling again also repairs. A member that Redis does not know (room.go) has
// either been removed and announced, since the relay could not reach Redis for
// too long: then it joins again. Or Redis lost the channel: then the keys'
// generation is another one, nobody was told of a leave, and the member is put
// back in silence.
//
// A Redis that comes back after a while holds members whom no relay could
// refresh. So a relay that could not reach it refreshes its own first, and
// removes nobody for one interval, in which the others do so too.
//
// # What is not promised
//
// Events are Pub/Sub messages without a place in the history: whoever was away
// asks for the list again. When Redis loses data or goes back in time, an event
// may be told twice. A leave is late by up to an interval if the relay that should have
// told it is gone, and is not told at all if Redis loses the channel and the
// relay dies at the same time, or if no relay has members on the channel any
// more.
package presence
