// Package relay is Fanlight's server as a library: [New] returns an
// http.Handler that relays Redis Pub/Sub to WebSockets and event streams. It
// is wiring and nothing else; the parts are in server/internal:
//
//	api, transport      what comes in: HTTP; WebSockets and event streams
//	session             one connection: subscriptions, outbox, end
//	node                the use cases: publish, subscribe
//	hub, broker         delivery in this process; Redis
//	report, audit       what the relay tells of itself: how it is, who asked for what
//	embedded            a Redis for whoever has none
//
// A publish goes down this list and its delivery comes back up; the two meet
// only in Redis, so one relay works just like ten.
package relay
