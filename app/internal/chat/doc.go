// Package chat is a room in which people talk, and the list of rooms.
//
// What is said goes over the channel chat:<room>, and who types over
// typing:<room>, of which nothing is kept in the tab. Entering a room is one
// subscription that begins in the past (rewind), so that there is no hole
// between what was said before and what is said next; older messages come by
// GET /history when one scrolls up. After a reload the subscription goes on from
// where the tab stood instead, and what came meanwhile is marked as new.
//
// A message is shown when it is sent. Its ID is also the idempotency key that it
// is published with: so a tab may send it again until it is acknowledged, also
// after a reload, and recognizes it when it comes back. What is lost for good,
// and what nobody can know, gets a row of its own.
//
// The state is in values that know nothing of the browser: [Room] has what was
// said and which of it is shown, [Outbox] what one says, [People] who is there,
// [Typing] who types. Each is a reducer: a method takes what happened and
// returns the next value. [Page] does for them what they ask for, and draws.
// The list of messages, which changes most, is a leaf that renders without its
// ancestors, with a row's element for each slot, as in the playground.
//
// Links are found by hand ([Parts]) and drawn as elements. Text is never HTML.
package chat
