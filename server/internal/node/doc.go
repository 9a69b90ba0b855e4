// Package node holds the use cases: publish, subscribe, unsubscribe. Whatever
// comes in, by whichever way, comes through here: the one place that checks a
// request, and the one place to look for what a request does.
package node
