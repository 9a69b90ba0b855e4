package presence

import (
	"context"
	"encoding/json"
	"strings"

	"fanlight/shared/protocol"
)

// List returns who is on a channel, on all relays, those among them of whom
// this relay was told before the call. At most [protocol.MaxMembers] are
// listed; all are counted. Its error is a [*protocol.Error] with
// CodeUnavailable, when Redis does not answer.
func (p *Presence) List(ctx context.Context, channel string) (protocol.Presence, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := p.sent(ctx, channel); err != nil {
		return protocol.Presence{}, p.unavailable(err)
	}
	for {
		c := &call{list: protocol.MaxMembers, sweep: p.steady()}
		a, err := read(script.Run(ctx, p.cfg.Redis, p.keys(channel), p.args(channel, c)...))
		if err != nil {
			return protocol.Presence{}, p.unavailable(err)
		}
		p.heard(channel, a.generation)
		if a.next == 0 && c.sweep {
			continue // more had expired than one call removes
		}
		return presence(channel, a), nil
	}
}

// sent waits until Redis was told what is to be told about a channel, or that
// failed.
func (p *Presence) sent(ctx context.Context, channel string) error {
	p.mu.Lock()
	r := p.rooms[channel]
	if r == nil || p.link.away || !r.inFlight && len(r.dirty) == 0 || r.notBefore > p.now() {
		p.mu.Unlock()
		return nil
	}
	w := make(chan struct{})
	if len(r.dirty) > 0 {
		r.waiting = append(r.waiting, w)
	} else {
		r.flying = append(r.flying, w)
	}
	p.mu.Unlock()
	select {
	case <-w:
		return nil
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// steady reports whether expired members may be removed.
func (p *Presence) steady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now() >= p.link.steady
}

// heard notes that Redis answered, and which generation of a channel it has.
func (p *Presence) heard(channel, generation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link.away {
		p.found(p.now())
		p.look()
	}
	r := p.rooms[channel]
	if r == nil || r.inFlight || r.generation == "" || r.generation == generation {
		return // in flight, the answer will tell
	}
	r.learn(generation)
	p.settle(r)
	p.look()
}

func presence(channel string, a answer) protocol.Presence {
	list := protocol.Presence{
		Channel: channel, Connections: a.connections, Users: a.users,
		Members: make([]protocol.Member, 0, len(a.members)),
	}
	for _, value := range a.members {
		var m protocol.Member
		// What is not ours to read, somebody else has written: leave it out.
		if text, _, _ := strings.Cut(value, "\n"); text != "" && json.Unmarshal([]byte(text[1:]), &m) == nil {
			list.Members = append(list.Members, m)
		}
	}
	return list
}
