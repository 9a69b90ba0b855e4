// Package referee looks after games of four in a row, on the server.
//
// It is a caller like any other, with an identity of its own: it reads commands
// where players may only publish, and publishes where everybody may only read.
// So the secret that proves a seat is read by nobody else; what it says to all
// carries a hash of it.
//
// # Several relays
//
// Each relay has a referee, and none of them leads. All read the same commands in
// the order that Redis gave them, and what becomes of a command depends on those
// before it alone. Each publishes the same event, under a key made of the command's
// position: the first is stored and the others are duplicates. A game's events are
// published one after another, and each again until it is there, so no event
// overtakes another.
//
// # After a restart
//
// An event has the whole game and its command's position. A referee begins with a
// game's last event and goes on with the commands after it. That also makes it cheap
// to forget a game that nobody plays: it is asked to open it again.
package referee
