package hub

const (
	// maxBacklog and maxBacklogBytes bound what waits: in a room while a hole is
	// being filled, and with a subscription until it starts.
	maxBacklog      = 4096
	maxBacklogBytes = 16 << 20
)

// backlog is publications that wait.
type backlog struct {
	items []*fanout
	bytes int // of their data
}

// add appends a publication, or reports false when there is no room for it.
func (b *backlog) add(f *fanout) bool {
	if len(b.items) >= maxBacklog || b.bytes+len(f.pub.Data) > maxBacklogBytes {
		return false
	}
	b.items = append(b.items, f)
	b.bytes += len(f.pub.Data)
	return true
}

// from returns what is left of a backlog behind its first n items.
func (b *backlog) from(n int) backlog {
	rest := backlog{items: b.items[n:], bytes: b.bytes}
	for _, f := range b.items[:n] {
		rest.bytes -= len(f.pub.Data)
	}
	return rest
}
