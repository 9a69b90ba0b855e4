// Package playground is the page where one publishes and listens by hand.
//
// Its state is values that know nothing of the browser. [Desk] holds what one
// does: the channels one listens to, the message one is writing, and those that
// wait for their answer; [Check] holds the filter that is being written. [Feed]
// holds what one sees: the messages as they arrived, filtered, paused, and
// bounded. They are reducers: a method takes what happened and returns the next
// value, and a Desk also returns the [Effect]s that the page is to carry out.
// The tests drive them natively.
//
// The components only draw them. Page watches the connection; the feed, which
// changes with every frame under load, is a leaf that renders without its
// ancestors, and each of its rows renders only when its slot got another
// message.
package playground
