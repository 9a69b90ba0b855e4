// Package checker decides whether Fanlight kept its promises while things went
// wrong. Publishers and subscribers write down what they did and saw, one
// [Event] after the other; afterwards [Check] reads the whole history and looks
// for what can't be, had every promise been kept. It knows nothing of how the
// server works, only of what was said to its users.
//
// # The log
//
// One JSON object a line, numbered in the order in which things happened as the
// process that writes them saw it. Kind says which of the other fields are set:
//
//	{"n":1,"kind":"invoke","who":"p1","channel":"news","data":"p1-1"}
//	{"n":2,"kind":"ack","who":"p1","channel":"news","data":"p1-1","epoch":"x","offset":1,"id":"A"}
//	{"n":3,"kind":"receive","who":"bob","channel":"news","data":"p1-1","epoch":"x","offset":1,"id":"A"}
//	{"n":4,"kind":"disconnect","who":"bob","text":"the connection broke"}
//
// An event that claims that something came before something else is written on
// the safe side: invoke before the call, ack after its return, receive after
// the message was there, and what a test does to Redis's data before it does
// it. "data" is the name that a publisher gave to a message, no two the same;
// "id" is the name that the server gave to it.
//
// # The rules
//
//	one id       one id per (channel, epoch, offset), whoever says it
//	one offset   one offset per id, and one per message: it is stored once
//	sent         nothing is received that nobody sent, or that was refused
//	epoch        a channel gets a new epoch only when its data was lost
//	consecutive  offsets go up by one, unless a marker stands between
//	complete     whatever was acknowledged between a subscriber's first and
//	             last message, it received or was told that it had not
//	order        acknowledged before another was invoked: a lower offset
//	gap, reset   every marker is true, exact, and had to be
//	stored       what was acknowledged is in the final stream
//	top          when faults have stopped, everyone gets to the end
//	recovered    at least as many as stated came from the history, in fact
//
// A history in which Redis lost data says so, with the events flushed, rolled
// back and expired before it happens, and settled after: without them, no loss
// is excused, and with them none that they don't explain.
package checker
