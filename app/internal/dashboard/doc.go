// Package dashboard is a page with two boards: prices of a market that there is
// not, and the readings of a fleet of sensors that there is not either. Both
// come over channels like anybody's.
//
// The charts keep their history over a reload since a subscription begins in the
// past (rewind). Choosing what to watch subscribes anew, with a filter that the
// server applies, and [Arrivals] reckons what that spares. What is missing is
// shown as what it is: a line is broken and never drawn across, and the mark
// there says whether this tab missed something, the history began anew, or the
// sensor had not sent.
//
// The state is in values that know nothing of the browser: [Market] has the
// prices, [Fleet] the readings, and [Alerts] what was out of range. They are
// reducers, told of one event after another and of the time; what they keep is
// bounded. They change in place, since a copy a frame is what one would notice
// at a thousand messages a second, and count their turns, so that nothing is
// painted that has not changed.
//
// [Page] subscribes and draws. Its elements are rendered once; then a [pen] sets
// a text or an attribute of theirs, once a painted frame, and go-app compares no
// trees. A chart is an SVG path, since that can be broken where a polyline can't.
package dashboard
