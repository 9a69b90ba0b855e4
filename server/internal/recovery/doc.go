// Package recovery says what somebody who left off at a position gets from a
// channel's history: everything since, or as much as there is and an exact word
// about the rest. It is pure: no Redis, no clock.
//
// There are three verdicts.
//
//   - The position is in the history: what follows it is recovered, whole.
//   - The position is older than what the history keeps: a gap says from which
//     offset to which the publications are lost; the rest follows.
//   - The position does not belong to this history: the epoch is another, or
//     the offset is beyond the last one, or another publication stands there.
//     Redis was emptied, or went back in time. A reset says so, and the history
//     there is follows from its beginning.
//
// The relay judges its own position so when its link to Redis broke, and each
// subscriber's when it comes back.
package recovery
