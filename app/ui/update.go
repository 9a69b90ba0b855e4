package ui

import "fanlight/shared/client"

// Update decides when a tab goes over to a newer build. Two things must come
// together: the server says that it serves another build than ours, and the
// service worker has fetched it; before that, a reload would only bring ours
// back from the cache.
type Update struct {
	// Mine is the build that runs here.
	Mine string
	// Ready says that a reload brings another build: the worker has fetched
	// one, or there is no worker.
	Ready bool
	// Late says that the worker was given time enough.
	Late bool

	other bool
}

// Step is what to do about an update.
type Step int

// The steps.
const (
	// Stay is for a tab that runs the server's build, or can't do better yet.
	Stay Step = iota
	// Reload at once: nothing is lost.
	Reload
	// Offer a button, since somebody would lose something, or since reloading
	// did not help before.
	Offer
)

// Apply takes in what the client reports. It reports whether another build was
// found just now: time to have the worker look for it.
func (u Update) Apply(ev client.Event) (next Update, found bool) {
	before := u.other
	switch ev := ev.(type) {
	case client.Connected:
		// A server without pages has no say.
		u.other = ev.Hello.Build != "" && ev.Hello.Build != u.Mine
	case client.Stale:
		u.other = true
	}
	return u, u.other && !before
}

// Step says what to do. Idle says that nothing would be lost by a reload, and
// left names the build that this tab has reloaded by itself to get away from,
// which it does once a build.
func (u Update) Step(idle bool, left string) Step {
	switch {
	case !u.other || !u.Ready && !u.Late:
		return Stay
	case u.Ready && idle && left != u.Mine:
		return Reload
	default:
		return Offer
	}
}
