// Package monitor is the page on which one watches the relays themselves: what
// each says of itself every second, who asks for what, and what is wrong.
//
// It is one more listener on the public client. The figures are a channel,
// ops:metrics, and entering is one subscription that begins five minutes in the
// past, so that the charts are full at once; who asked for what is ops:audit.
// While Redis is away nothing can come over a channel. The page notices the
// silence, and asks GET /readyz of the relay that it is connected to for the
// reason; what the relays noted meanwhile comes when Redis is back, and
// completes the charts.
//
// The state is in values that know nothing of the browser: [Fleet] has the
// relays and their samples, [Outage] knows why nothing comes, [Alerts] which
// threshold was passed, [Log] who asked for what, and [Draw] makes a chart's
// geometry. Each is a reducer: a method takes what happened and returns the next
// value. [State] joins them. All times in there are milliseconds since the Unix
// epoch on the servers' clock, and passed in.
//
// [Page] feeds them and draws nothing that moves itself: that is in leaves, each
// of which renders alone, and when what it shows has changed. A chart's lines are
// set in its SVG directly.
package monitor
