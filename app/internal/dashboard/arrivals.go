package dashboard

import (
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Arrivals reckons what a filter spares, since it was chosen. The server says
// nothing about what it leaves out, but offsets count that too: what a
// subscription has passed and not received was spared. Its size is anybody's
// guess; ours is that it was like what came.
type Arrivals struct {
	// Received and Bytes count what came, and its data.
	Received, Bytes uint64
	// Skipped counts what was passed.
	Skipped uint64

	filtered bool
	at       protocol.Position
	known    bool // at is
}

// NewArrivals begins behind a position; without one, where the channel says.
func NewArrivals(since *protocol.Since) Arrivals {
	if since == nil {
		return Arrivals{}
	}
	return Arrivals{at: protocol.Position{Epoch: since.Epoch, Offset: since.Offset}, known: true}
}

// Saved estimates the bytes that did not come.
func (a *Arrivals) Saved() uint64 {
	if a.Received == 0 {
		return 0
	}
	return a.Skipped * a.Bytes / a.Received
}

// Apply takes in what happens to the subscription.
func (a *Arrivals) Apply(ev client.Event) {
	switch ev := ev.(type) {
	case client.Subscribed:
		a.filtered = ev.Filtered
		if !a.known {
			a.at, a.known = ev.Position, true
		}
	case client.Received:
		if ev.Offset == 0 {
			return // it came past the relay, and was not filtered
		}
		a.Received++
		a.Bytes += uint64(len(ev.Data))
		if a.known && ev.Epoch == a.at.Epoch && ev.Offset <= a.at.Offset {
			return // of the past, which begins where it suits the charts
		}
		if a.known {
			a.pass(ev.Epoch, ev.Offset-1)
		}
		a.at, a.known = ev.Position(), true
	case client.Moved:
		a.pass(ev.Position.Epoch, ev.Position.Offset)
	case client.Gap:
		// Nobody knows which of these the filter would have let through.
		a.at, a.known = protocol.Position{Epoch: ev.Epoch, Offset: ev.To}, true
	case client.Reset:
		a.at, a.known = protocol.Position{Epoch: ev.Epoch}, true
	}
}

// pass goes on to an offset without anything having come.
func (a *Arrivals) pass(epoch string, to uint64) {
	if a.filtered && a.known && epoch == a.at.Epoch && to > a.at.Offset {
		a.Skipped += to - a.at.Offset
	}
	if to > a.at.Offset {
		a.at = protocol.Position{Epoch: epoch, Offset: to}
	}
}
