// Package four has the rules of four in a row, for the referee, which decides,
// and for the page, which shows.
//
// [Apply] is a pure function of a game and a command. Whoever applies the same
// commands in the same order has the same game: so referees on several relays
// agree without talking to each other. Commands go to [MoveChannel] + id, whose
// offsets are the order, and may be read by referees alone; what became of each is
// an [Event] on [GameChannel] + id, with the whole game, so that the last one is
// all that anybody needs to know.
package four
