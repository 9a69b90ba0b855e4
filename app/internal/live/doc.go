// Package live is the tab's one connection, and the place where its pace
// becomes the screen's.
//
// A [Link] owns a client of package shared/client. What the client reports is
// gathered in a bounded inbox and handed on once a painted frame, as one
// [Batch], to whoever watches: the shell for the connection's state, a page
// for its messages. However fast messages come, a component is told at most
// sixty times a second, and renders as often.
//
// A hidden tab paints nothing, so a timer stands in for the frame. When a tab
// does not keep up all the same, the inbox lets go of the oldest publications
// and counts them; what the client says about the connection is never lost.
package live
