// Package feed lets a demo publish at fixed times, and gives it numbers by chance
// that every relay throws alike.
//
// # Time
//
// Time is cut into slots, counted since the Unix epoch, and a slot's publications
// are made when it begins. Who wakes late, on a machine that is busy, makes up for
// the slots of the last second and not for more: a feeder that was paused, or whose
// Redis was away, goes on where the clock is, and what it did not publish is missing.
// One slot's publications are in flight at a time, and the next waits for their
// outcome, so nothing piles up, and there is no other retry.
//
// # Several relays
//
// Each relay has its feeders, and none of them leads. What they publish depends on
// the seed and the slot alone, and so does its key: the first of them is stored, the
// others are duplicates. That holds for clocks that differ by less than keys last,
// five minutes. Between relays nothing orders the slots of the last second, so a
// reader goes by what a message says of its time.
//
// # Chance
//
// [Dice] are SHA-256 of seed, name and number, read as fractions. They need no state,
// so any slot can be asked for, in any order, and two programs agree without a word.
package feed
