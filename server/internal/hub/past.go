package hub

import (
	"slices"
	"sync"

	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// Past is publications of a history for a subscription to begin with. What
// filters say of them, and their encodings, are worked out once for all who
// share the history: many come back at once, to the same place. It does not
// change, and nil is one without publications.
type Past struct {
	mu    *sync.Mutex // guards the items, which others have too
	items []*fanout
}

// PastOf returns what a history has.
func PastOf(h *recovery.History) *Past {
	return h.Memo.Made(func() any {
		p := &Past{mu: new(sync.Mutex), items: make([]*fanout, len(h.Publications))}
		for i := range h.Publications {
			p.items[i] = &fanout{pub: h.Publications[i], past: true}
		}
		return p
	}).(*Past)
}

// Select returns the publications that match all filters.
func (p *Past) Select(filters []Filter) *Past {
	if p == nil || len(filters) == 0 {
		return p
	}
	selected := &Past{mu: p.mu}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.items {
		if f.matches(filters) {
			selected.items = append(selected.items, f)
		}
	}
	return selected
}

// First returns the first n publications, or all.
func (p *Past) First(n int) *Past {
	return &Past{mu: p.mu, items: p.items[:min(n, len(p.items))]}
}

// Reversed returns the last publication first.
func (p *Past) Reversed() *Past {
	reversed := &Past{mu: p.mu, items: slices.Clone(p.items)}
	slices.Reverse(reversed.items)
	return reversed
}

// Len returns how many publications there are.
func (p *Past) Len() int {
	if p == nil {
		return 0
	}
	return len(p.items)
}

// Publications returns them.
func (p *Past) Publications() []protocol.Publication {
	all := make([]protocol.Publication, p.Len())
	for i := range all {
		all[i] = p.items[i].pub
	}
	return all
}

// replay hands them to a subscriber, and returns the offset of the last, 0 for
// none.
func (p *Past) replay(to Subscriber) (last uint64) {
	if p.Len() == 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.items {
		to.Replay(f.bytes(to.Encoding()))
		last = f.pub.Offset
	}
	return last
}
