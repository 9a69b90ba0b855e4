// Package audit notes who asked a relay for what, when, from where, and with
// which outcome; never what was said. It tells that to a channel and to a file.
//
// # What it costs the one who asks
//
// [Log.Note] takes a lock, adds to a number or appends an entry, and returns. It
// never waits for a listener or a disk. What is noted is gathered for
// [Config.Interval] and then told together, with the same thing done again and
// again as one entry that counts:
//
//   - The same is: operation, outcome, channel, user, address, way in, and for
//     publishes that were taken, an offset that follows. So an entry says exactly
//     whose each offset is.
//   - Past 256 entries in an interval, an offset need only be higher: then a busy
//     channel with many publishers takes one entry for each of them, which says
//     how many of the offsets in between are theirs.
//   - Past 1024, what needs an entry of its own is counted as lost, and nothing
//     else. Of what was refused it is 512: whoever asks for nonsense, however
//     fast, can't push out what was really done.
//
// # Where it goes
//
// To the channel: in messages of 16 KiB at the most, in order, each with an
// idempotency key and tried again until Redis has taken it. Up to 64 of them wait
// meanwhile, which is a quarter of a minute of the worst there can be and hours
// of a quiet relay; those after that are lost. The next message says how many
// entries are missing before it.
//
// To the file: a line of JSON each ([ops.Entry]), in one write an interval. What
// the disk does not take is lost, said once in the log, and in the file by a
// line of its own when it takes something again ([ops.Lost]). A disk that hangs
// holds up the telling, and nobody who asks.
//
// When the log ends, it tells what it has: the channel gets one try.
package audit
