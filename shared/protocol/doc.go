// Package protocol holds what the two sides of Fanlight say to each other: the
// frames of the fanlight.v1 WebSocket subprotocol, the bodies of the HTTP API,
// the positions in a channel's history, and the error and close codes.
//
// # A conversation
//
// A frame is a WebSocket text message that holds one JSON value, or several
// separated by newlines; no value contains a raw newline. The client sends
// commands, each with an id of its choice; the server answers each with one
// reply that bears the same id, and pushes values without an id in between.
//
//	client                                            server
//	{"id":1,"connect":{"version":1,"flush":16}}  ->
//	                                             <-   {"id":1,"hello":{"version":1,"build":"…","client":"…","ping":25000,…}}
//	{"id":2,"subscribe":{"channel":"news"}}      ->
//	                                             <-   {"id":2,"subscribed":{"channel":"news","epoch":"…","offset":41}}
//	{"id":3,"publish":{"channel":"news",
//	        "data":{"n":1},"key":"…"}}           ->
//	                                             <-   {"id":3,"published":{"channel":"news","epoch":"…","offset":42,"id":"…"}}
//	                                             <-   {"publication":{"channel":"news","epoch":"…","offset":42,…,"data":{"n":1}}}
//	{"id":4,"publish":{"channel":"No","data":1}} ->
//	                                             <-   {"id":4,"error":{"code":"channel_invalid","message":"…","field":"channel"}}
//	{"id":5,"ping":{}}                           ->
//	                                             <-   {"id":5,"pong":{"time":1763902443123456}}
//	{"id":6,"unsubscribe":{"channel":"news"}}    ->
//	                                             <-   {"id":6,"unsubscribed":{"channel":"news"}}
//
// The first command is connect, within five seconds. The client pings when it
// has heard nothing for the interval that the hello names, and takes the link
// for dead when no frame comes back; the server does the same the other way
// round, with a longer patience. A close code of 4000-4499 invites the client
// back, one of 4500-4999 does not: see [CloseCode].
//
// # What is not here
//
// Nothing but the standard library, so that both the browser's program and the
// server's can hold it; no I/O; no policy.
package protocol
