// Package game is the pages of four in a row: [Lobby], and [Page] for one game.
//
// A tab decides nothing. It publishes commands on a channel that it can't read,
// and shows the last event that the referee published. What proves a seat is a
// secret that the browser keeps, so whoever reloads has the seat again. The rules
// of package four serve the page to show whose turn it is, and which columns are
// full.
package game
