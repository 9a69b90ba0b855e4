package checker

import "fmt"

// stored: the final stream has no hole, and all that was acknowledged is in it
// as far as it reaches, unless Redis lost it.
func (k *check) stored(c *channel) {
	if c.top == nil {
		if len(c.said) > 0 {
			k.violate("stored", "the log does not say where channel "+c.name+" stands in the end", c.said[0])
		}
		return
	}
	k.contiguous(c)
	there := map[string]bool{}
	for _, e := range c.entries {
		there[e.ID] = true
	}
	for _, ack := range c.acks {
		switch {
		case there[ack.ID] || k.mayBeLost(c, ack):
		case ack.Epoch != c.top.Epoch:
			k.violate("stored", "acknowledged in an epoch that is gone, though Redis lost nothing since", c.invokes[ack.Data], ack, c.top)
		case ack.Offset > c.top.Offset:
			k.violate("stored", "acknowledged beyond the end of the channel", c.invokes[ack.Data], ack, c.top)
		case c.top.Offset-ack.Offset < k.cfg.History && ack.Offset > k.expired(c, since(c, ack)):
			k.violate("stored", "acknowledged, and not in the stream", c.invokes[ack.Data], ack, c.top)
		}
	}
}

func (k *check) contiguous(c *channel) {
	for i, e := range c.entries {
		if e.Epoch != c.top.Epoch || i > 0 && e.Offset != c.entries[i-1].Offset+1 {
			k.violate("stored", "the stream has a hole", c.entries[max(i-1, 0)], e)
		}
	}
	n := len(c.entries)
	if uint64(n) > k.cfg.History {
		k.violate("stored", fmt.Sprintf("the stream holds %d messages, more than %d", n, k.cfg.History), c.top)
	}
	switch {
	case n == 0 && c.top.Offset > k.expired(c, 0):
		k.violate("stored", "the stream is empty", c.top)
	case n > 0 && (c.entries[n-1].Offset != c.top.Offset || c.entries[n-1].ID != c.top.ID):
		k.violate("stored", "the stream does not end where the channel does", c.entries[n-1], c.top)
	}
}
