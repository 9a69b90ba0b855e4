package session

import (
	"sync"
	"time"

	"fanlight/shared/protocol"
)

// Link is a connection as its session sees it. A transport implements it. Its
// methods are called from one goroutine at a time.
type Link interface {
	// Write sends items, in order, as one piece if it can. It may block, within
	// a time of the transport's own. It must not keep the slice.
	Write(items [][]byte) error
	// Close ends the connection and says why; nil means that the other side is
	// gone already, or that a write failed.
	Close(why *protocol.Error)
	// Hurry makes a Write that is under way give up soon.
	Hurry()
}

// keptItems is how many places an empty outbox keeps, so that a session that
// gets a message now and then does not allocate for each.
const keptItems = 4

// itemSize is what an item takes besides its bytes: without it, an outbox
// could hold any number of empty ones.
const itemSize = 24

// outbox queues what a session sends, and writes it.
type outbox struct {
	link  Link
	limit int           // bytes
	flush time.Duration // 0: at once

	mu      sync.Mutex
	items   [][]byte
	spare   [][]byte      // the slice that is not being filled
	bytes   int           // of what is live, and queued
	past    int           // of what is past, until it is written
	caught  chan struct{} // closed once little enough of that is left; nil when nobody waits
	writing bool          // a goroutine writes, or a timer will start one
	ended   bool
	why     *protocol.Error
	timer   *time.Timer
	high    int           // the most bytes that waited, since it was last asked for
	tally   *tally        // where what was written is counted
	leave   func()        // called once, before the link is closed
	closed  func()        // called once, after that: who is slow to close takes a place till then
	done    chan struct{} // closed once the link is closed
}

// add queues an item. It reports false when the item does not fit, and the
// outbox must be ended; after the end it drops what it is given.
func (o *outbox) add(item []byte, k kind) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return true
	}
	switch size := itemSize + len(item); k {
	case live:
		if o.bytes+size > o.limit {
			return false
		}
		o.bytes += size
		o.high = max(o.high, o.bytes)
	case missed:
		if o.past+size > maxRefill*o.limit {
			return false
		}
		o.past += size
	case asked:
		o.past += size
	}
	o.items = append(o.items, item)
	o.start()
	return true
}

// start sees to it that what is queued is written. The lock is held.
func (o *outbox) start() {
	switch {
	case o.writing:
	case o.flush == 0 || o.ended:
		o.writing = true
		go o.write()
	default:
		o.writing = true
		if o.timer == nil {
			o.timer = time.AfterFunc(o.flush, o.write)
		} else {
			o.timer.Reset(o.flush)
		}
	}
}

// end makes what is queued the last that is written, or throws it away.
// Only the first call counts, for which it reports true.
func (o *outbox) end(why *protocol.Error, discard bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return false
	}
	o.ended, o.why = true, why
	if discard {
		o.items, o.bytes = nil, 0
		o.link.Hurry()
	}
	if o.timer != nil && o.timer.Stop() {
		o.writing = false // the timer would have been the one that writes
	}
	o.start()
	return true
}

// takeHigh returns the most bytes that waited since it was last called.
func (o *outbox) takeHigh() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	high := o.high
	o.high = o.bytes
	return high
}

// write writes until nothing is queued, and closes the link once the outbox
// has ended.
func (o *outbox) write() {
	for {
		o.mu.Lock()
		if len(o.items) == 0 {
			o.writing = false
			ended, why := o.ended, o.why
			o.mu.Unlock()
			if ended {
				o.leave()
				o.link.Close(why)
				o.closed()
				close(o.done)
			}
			return
		}
		items := o.items
		o.items, o.spare, o.bytes = o.spare, nil, 0
		past := o.past
		o.mu.Unlock()

		err := o.link.Write(items)

		if err == nil {
			o.count(items)
		}
		clear(items) // the bytes are shared: don't keep them alive
		o.mu.Lock()
		if cap(items) <= keptItems {
			o.spare = items[:0]
		}
		o.wrote(past)
		if err != nil {
			o.items, o.bytes = nil, 0
			o.ended, o.why = true, nil
		}
		o.mu.Unlock()
	}
}

func (o *outbox) count(items [][]byte) {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	o.tally.items.Add(uint64(len(items)))
	o.tally.bytes.Add(uint64(size)) // #nosec G115 -- lengths are not negative
}
