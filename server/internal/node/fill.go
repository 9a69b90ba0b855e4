package node

import (
	"context"
	"time"

	"fanlight/shared/protocol"
)

// fillRetry is the wait before a hole is tried again that Redis did not answer for.
const fillRetry = 200 * time.Millisecond

// fill closes a hole in a channel that the hub has noticed, in a goroutine of
// its own, and goes on until that is done or nobody listens any more.
func (n *Node) fill(channel string, since protocol.Since) {
	n.fills.Go(func() {
		for again := true; again; {
			if !n.hub.Filling(channel, since) {
				return
			}
			// The position is the relay's own, so it may end an epoch that it
			// does not belong to any more.
			err := n.broker.Renew(n.ctx, channel, since)
			if err == nil {
				h, _, herr := n.since(n.ctx, channel, since)
				if herr == nil {
					again, since = n.hub.Fill(channel, since, h)
				}
				err = herr
			}
			if err != nil && !n.sleep(fillRetry) {
				return
			}
		}
	})
}

// checkLoop looks for holes that nothing else would show: a last message that
// Redis kept and did not send, a Redis that was emptied.
func (n *Node) checkLoop(interval time.Duration) {
	var before map[string]protocol.Position
	for n.sleep(interval) {
		if now, err := n.check(n.ctx, before); err == nil {
			before = now
		}
	}
}

// check compares where the channels stand here with where they stood in Redis
// at the last check: what was there then must have arrived by now. It returns
// where they stand in Redis now.
func (n *Node) check(ctx context.Context, before map[string]protocol.Position) (map[string]protocol.Position, error) {
	standings := n.hub.Standings()
	channels := make([]string, len(standings))
	for i, s := range standings {
		channels[i] = s.Channel
	}
	positions, err := n.broker.Positions(ctx, channels)
	if err != nil {
		return nil, err
	}
	now := make(map[string]protocol.Position, len(positions))
	for i, s := range standings {
		p, was := positions[i], before[s.Channel]
		now[s.Channel] = p
		lost := was.Epoch == s.At.Epoch && was.Offset > s.At.Offset
		if lost || p.Epoch != s.At.Epoch && p.Epoch == was.Epoch || p.Epoch == s.At.Epoch && p.Offset < s.At.Offset {
			n.hub.Check(s.Channel)
		}
	}
	return now, nil
}

// sleep waits, and reports false when the node is closed meanwhile.
func (n *Node) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}
