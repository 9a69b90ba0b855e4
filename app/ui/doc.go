// Package ui is the house that the pages live in: their addresses, and the
// shell around them with its name, navigation, connection state, theme and
// notices.
//
// The shell is one component for every route, so that it, and the connection
// that it owns, stay when one goes from page to page; only the page inside is
// another. A page gets the connection when it is made, and hears about it once
// it is mounted, which happens in the browser alone.
//
// What the shell says is decided by small reducers, which know nothing of the
// browser: [Status] for the connection, [Who] for who the tab is to the server,
// and [Update] for newer builds.
//
// What pages share is in package widget, below this one.
package ui
