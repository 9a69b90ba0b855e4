package ledger

import "fanlight/shared/protocol"

// window is how many offsets an account remembers one by one.
const window = 1024

// account is one channel's: where it stands, and which of the last offsets
// came.
type account struct {
	protocol.Since
	came [window / 64]uint64 // the bit of an offset is the one at offset % window
	// filtered says that not everything is meant to come.
	filtered bool
}

// newAccount begins behind a position: everything up to there has come.
func newAccount(since protocol.Since) *account {
	a := &account{}
	a.restart(since)
	return a
}

// restart begins anew behind a position.
func (a *account) restart(since protocol.Since) {
	a.Since = since
	for i := range a.came {
		a.came[i] = ^uint64(0)
	}
}

// has reports whether an offset up to the highest one came. What is too long
// ago for the window did.
func (a *account) has(offset uint64) bool {
	return a.Offset-offset >= window || a.came[offset%window/64]>>(offset%64)&1 == 1
}

func (a *account) mark(offset uint64) { a.came[offset%window/64] |= 1 << (offset % 64) }

// take goes on to the next offset, which came.
func (a *account) take(offset uint64, id string) {
	a.Offset, a.Last = offset, id
	a.mark(offset)
}

// skip goes on to an offset over all that did not come, and returns how many
// those are. It does nothing for one that lies behind.
func (a *account) skip(to uint64) (lost uint64) {
	if to <= a.Offset {
		return 0
	}
	lost = to - a.Offset
	for offset := to - min(lost, window) + 1; offset <= to; offset++ {
		a.came[offset%window/64] &^= 1 << (offset % 64)
		if offset == ^uint64(0) {
			break
		}
	}
	a.Offset, a.Last = to, ""
	return lost
}
