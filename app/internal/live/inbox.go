package live

import "fanlight/shared/client"

const (
	// maxMessages and maxBytes bound the publications, joins and leaves that
	// wait for a frame. At 5,000 messages a second a visible tab has some 80
	// waiting.
	maxMessages = 4096
	maxBytes    = 8 << 20
)

// Batch is what happened since the last frame, in order.
type Batch struct {
	Events []client.Event
	// Dropped counts the publications that were let go of, oldest first, since
	// the tab did not take them in time.
	Dropped int
}

// inbox gathers events. It is not safe for concurrent use.
type inbox struct {
	events   []client.Event // nil where something was dropped
	oldest   int            // nothing that may be dropped stands before this index
	messages int            // that may be dropped
	bytes    int
	dropped  int  // publications
	holed    bool // there is a nil
}

// add takes an event and reports whether it is the first since take.
func (in *inbox) add(ev client.Event) (first bool) {
	first = len(in.events) == 0
	if size, may := droppable(ev); may {
		in.messages++
		in.bytes += size
	}
	in.events = append(in.events, ev)
	for in.messages > maxMessages || in.bytes > maxBytes {
		in.drop()
	}
	return first
}

// droppable reports whether a tab that is too slow may do without an event,
// and how many bytes that frees. Who came and went can be asked for again.
func droppable(ev client.Event) (size int, may bool) {
	switch ev := ev.(type) {
	case client.Received:
		return len(ev.Data), true
	case client.Joined, client.Left:
		return 0, true
	}
	return 0, false
}

// drop lets go of the oldest event that may be dropped; there must be one.
func (in *inbox) drop() {
	for ; ; in.oldest++ {
		ev := in.events[in.oldest]
		if size, may := droppable(ev); may {
			in.messages--
			in.bytes -= size
			if _, ok := ev.(client.Received); ok {
				in.dropped++
			}
			in.events[in.oldest], in.holed = nil, true
			break
		}
	}
	if in.oldest > 2*maxMessages {
		in.compact()
	}
}

func (in *inbox) compact() {
	kept := make([]client.Event, 0, maxMessages)
	for _, ev := range in.events {
		if ev != nil {
			kept = append(kept, ev)
		}
	}
	in.events, in.oldest, in.holed = kept, 0, false
}

// take empties the inbox.
func (in *inbox) take() Batch {
	if in.holed {
		in.compact()
	}
	b := Batch{Events: in.events, Dropped: in.dropped}
	*in = inbox{}
	return b
}
