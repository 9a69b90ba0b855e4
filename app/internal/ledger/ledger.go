package ledger

import (
	"errors"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Figures are the ledger's sums.
type Figures struct {
	// Sent counts publishes, Acknowledged those that are in a channel's
	// history, Refused those that are not, and Failed those that may not be.
	Sent, Acknowledged, Refused, Failed uint64
	// Received counts the publications that came, Recovered those of them that
	// came out of the history.
	Received, Recovered uint64
	// Missing counts the publications that did not come and will not. Silent is
	// how many of them nobody told of, which must not happen.
	Missing, Silent uint64
	// Doubled counts publications that had come before: the same channel, epoch
	// and offset. This must not happen.
	Doubled uint64
	// Disordered counts publications that came behind a later one, and
	// histories that began anew without a word. This must not happen.
	Disordered uint64
	// Resets counts the histories that began anew, with a word.
	Resets uint64
}

// Waiting returns how many publishes have no answer yet.
func (f Figures) Waiting() uint64 { return f.Sent - f.Acknowledged - f.Refused - f.Failed }

// Broken reports whether something happened that must not.
func (f Figures) Broken() bool { return f.Silent+f.Doubled+f.Disordered > 0 }

// Ledger keeps the figures. The zero value is an empty one. It is not safe for
// concurrent use.
type Ledger struct {
	Figures
	accounts map[string]*account
}

// Send notes a publish, Answer what became of one.
func (l *Ledger) Send() { l.Sent++ }

// Answer notes what became of a publish.
func (l *Ledger) Answer(err error) {
	var refusal *protocol.Error
	switch {
	case err == nil:
		l.Acknowledged++
	case errors.As(err, &refusal):
		l.Refused++
	default:
		l.Failed++
	}
}

// Begin opens a channel's account at a position that is kept from before.
func (l *Ledger) Begin(channel string, since protocol.Since) {
	if l.accounts == nil {
		l.accounts = make(map[string]*account)
	}
	l.accounts[channel] = newAccount(since)
}

// End closes a channel's account. What still comes is received, and nothing
// more is asked about it.
func (l *Ledger) End(channel string) { delete(l.accounts, channel) }

// Position returns where a channel stands; false before it has begun.
func (l *Ledger) Position(channel string) (protocol.Since, bool) {
	if a := l.accounts[channel]; a != nil {
		return a.Since, true
	}
	return protocol.Since{}, false
}

// Apply takes in what the client reports.
func (l *Ledger) Apply(ev client.Event) {
	switch ev := ev.(type) {
	case client.Received:
		l.received(&ev)
	case client.Subscribed:
		if l.accounts[ev.Channel] == nil {
			// With a filter it is not known how far back the first one is.
			behind := min(uint64(max(ev.Recovered, 0)), ev.Position.Offset) // #nosec G115 -- not negative
			if ev.Filtered && behind > 0 {
				behind = ev.Position.Offset
			}
			l.Begin(ev.Channel, protocol.Since{Epoch: ev.Position.Epoch, Offset: ev.Position.Offset - behind})
		}
		l.accounts[ev.Channel].filtered = ev.Filtered
	case client.Gap:
		if a := l.accounts[ev.Channel]; a != nil && ev.To >= ev.From && ev.From > 0 {
			l.enter(a, ev.Epoch)
			l.reach(a, ev.From-1)
			l.Missing += a.skip(ev.To)
		}
	case client.Reset:
		if a := l.accounts[ev.Channel]; a != nil {
			l.Resets++
			a.restart(protocol.Since{Epoch: ev.Epoch})
		}
	case client.Moved:
		if a := l.accounts[ev.Channel]; a != nil {
			l.enter(a, ev.Position.Epoch)
			l.reach(a, ev.Position.Offset)
		}
	}
}

func (l *Ledger) received(r *client.Received) {
	l.Received++
	if r.Recovered {
		l.Recovered++
	}
	a := l.accounts[r.Channel]
	if a == nil || r.Offset == 0 {
		return // a foreign publication has no position
	}
	l.enter(a, r.Epoch)
	switch {
	case r.Offset > a.Offset:
		l.reach(a, r.Offset-1)
		a.take(r.Offset, r.ID)
	case a.has(r.Offset):
		l.Doubled++
	default:
		a.mark(r.Offset)
		l.Disordered++
		l.Missing--
		l.Silent = min(l.Silent, l.Missing)
	}
}

// enter goes over to another epoch, which a reset should have announced.
func (l *Ledger) enter(a *account, epoch string) {
	switch {
	case a.Epoch == epoch:
	case a.Epoch == "" && a.Offset == 0:
		a.Epoch = epoch // the channel's first publication brings it
	default:
		l.Disordered++
		a.restart(protocol.Since{Epoch: epoch})
	}
}

// reach notes that everything up to an offset has been, without having come:
// with a filter, by intention.
func (l *Ledger) reach(a *account, offset uint64) {
	if a.filtered {
		if offset > a.Offset {
			a.restart(protocol.Since{Epoch: a.Epoch, Offset: offset})
		}
		return
	}
	lost := a.skip(offset)
	l.Missing += lost
	l.Silent += lost
}
