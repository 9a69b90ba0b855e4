package client

import (
	"container/list"
	"encoding/json"

	"fanlight/shared/protocol"
)

// call is one of [Client.Publish] or [Client.Presence] that has no answer yet.
type call struct {
	channel string
	data    json.RawMessage // nil asks for presence
	tags    json.RawMessage // nil for none
	key     string

	number uint64 // counts the calls
	sent   bool   // on the connection that stands
	id     uint64 // of the command, when sent
	place  *list.Element

	// done is closed when the answer, one of its fields, or err is set.
	done   chan struct{}
	answer protocol.Message
	err    error
}

// queue holds the calls that have no answer, in their order.
// They stay in it while they are under way, so that after a lost connection
// they go out again in that order, before all newer ones.
type queue struct {
	list  list.List
	bound int
	calls uint64
	// next is where to look for one that was not sent: all before it were.
	next *list.Element
}

func (q *queue) push(p *call) {
	q.calls++
	p.number = q.calls
	p.place = q.list.PushBack(p)
	if q.next == nil {
		q.next = p.place
	}
}

// unsent returns the oldest call that is to be sent, nil when there is none.
func (q *queue) unsent() *call {
	for ; q.next != nil; q.next = q.next.Next() {
		if p := q.next.Value.(*call); !p.sent {
			return p
		}
	}
	return nil
}

// again marks a call to be sent once more, in its old place.
func (q *queue) again(p *call) {
	p.sent = false
	if q.next == nil || p.number < q.next.Value.(*call).number {
		q.next = p.place
	}
}

// allAgain is for a connection that ended: nothing on it counts as sent.
func (q *queue) allAgain() {
	for e := q.list.Front(); e != nil; e = e.Next() {
		e.Value.(*call).sent = false
	}
	q.next = q.list.Front()
}

// remove takes a call out and reports whether it was still in.
func (q *queue) remove(p *call) bool {
	if p.place == nil {
		return false
	}
	if q.next == p.place {
		q.next = p.place.Next()
	}
	q.list.Remove(p.place)
	p.place = nil
	return true
}

// finish takes a call out and tells its caller the outcome.
func (q *queue) finish(p *call, answer protocol.Message, err error) {
	if q.remove(p) {
		p.answer, p.err = answer, err
		close(p.done)
	}
}

// fail finishes all with the error.
func (q *queue) fail(err error) {
	for e := q.list.Front(); e != nil; e = q.list.Front() {
		q.finish(e.Value.(*call), protocol.Message{}, err)
	}
}

func (q *queue) full() bool { return q.list.Len() >= q.bound }
