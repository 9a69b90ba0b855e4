package checker

import "fmt"

// identity: one id per (epoch, offset), one offset per id and per message.
func (k *check) identity(c *channel) {
	type at struct {
		epoch  string
		offset uint64
	}
	ids := map[at][]*Event{}        // the first event of each id there
	offsets := map[string]*Event{}  // by id
	stored := map[string][]*Event{} // by data, the first event of each place
	for _, e := range c.said {
		if e.ID == "" || e.Epoch == "" || e.Offset == 0 {
			k.violate("one id", "a message without an id or a position", e)
			continue
		}
		if first := offsets[e.ID]; first == nil {
			offsets[e.ID] = e
		} else if first.Epoch != e.Epoch || first.Offset != e.Offset {
			k.violate("one offset", "one id at two positions", first, e)
		}
		if e.Data != "" && c.data[e.ID] != e.Data {
			k.violate("one id", "one id for two messages", c.places[place{e.Epoch, e.Offset, e.ID}], e)
		}
		if c.places[place{e.Epoch, e.Offset, e.ID}] != e {
			continue // nothing new
		}
		here := at{e.Epoch, e.Offset}
		ids[here] = append(ids[here], e)
		// A Redis that went back in time uses offsets again.
		if n := len(ids[here]); n > 1+k.undone(c, e.Offset) {
			k.violate("one id", fmt.Sprintf("%d ids at one position", n), ids[here]...)
		}
		if e.Data == "" {
			continue
		}
		stored[e.Data] = append(stored[e.Data], e)
		// What a Redis lost may be stored again by a retry.
		if n := len(stored[e.Data]); n > k.lives(c) {
			k.violate("one offset", fmt.Sprintf("one message was stored %d times", n), stored[e.Data]...)
		}
	}
}

// sent: nothing is received, or stored, that nobody sent or that was refused.
func (k *check) sent(c *channel) {
	known := map[string]bool{}
	for i := range k.events {
		e := &k.events[i]
		if e.Channel != c.name || (e.Kind != Receive && e.Kind != Ack && e.Kind != Entry) {
			continue
		}
		if known[e.Data] && !e.Foreign {
			continue
		}
		origin := c.invokes[e.Data]
		if e.Foreign {
			origin = c.foreign[e.Data]
		}
		refusal := c.refused[e.Data]
		switch {
		case origin == nil:
			k.violate("sent", "nobody sent it", e)
		case origin.N > e.N:
			k.violate("sent", "it was there before it was sent", origin, e)
		case refusal != nil && !e.Foreign:
			k.violate("sent", "it was refused, and is there all the same", origin, refusal, e)
		}
		known[e.Data] = true
	}
}

// epochs: a channel begins anew only when its data was lost.
func (k *check) epochs(c *channel) {
	var firsts []*Event
	seen := map[string]bool{}
	for _, e := range c.said {
		if e.Epoch != "" && !seen[e.Epoch] {
			seen[e.Epoch] = true
			firsts = append(firsts, e)
		}
	}
	if n := len(firsts); n > k.lives(c) {
		k.violate("epoch", fmt.Sprintf("%d epochs, though Redis lost its data %d times", n, k.lives(c)-1), firsts...)
	}
}

// order: who was acknowledged before another was invoked has a lower offset.
func (k *check) order(c *channel) {
	// For each epoch, the highest acknowledged offset so far, as it grew.
	highest := map[string][]*Event{}
	for _, ack := range c.acks {
		invoke := c.invokes[ack.Data]
		if invoke == nil {
			continue // another rule's
		}
		var before *Event
		for i := len(highest[ack.Epoch]) - 1; i >= 0; i-- {
			if h := highest[ack.Epoch][i]; h.N < invoke.N {
				before = h
				break
			}
		}
		if before != nil && before.Offset >= ack.Offset && !k.undoneBetween(c, before, ack) {
			k.violate("order", "acknowledged before the other was invoked, and yet behind it",
				c.invokes[before.Data], before, invoke, ack)
		}
		if h := highest[ack.Epoch]; len(h) == 0 || h[len(h)-1].Offset < ack.Offset || k.undoneBetween(c, h[len(h)-1], ack) {
			highest[ack.Epoch] = append(h, ack)
		}
	}
}
