package broker

// PublishSource is publish.lua.
var PublishSource = publishSource

// Readers is how many histories are read at a time.
const Readers = readers

// Reading returns how many histories are being read, or wait for their turn.
func (b *Broker) Reading() int {
	b.reads.mu.Lock()
	defer b.reads.mu.Unlock()
	return len(b.reads.flights)
}
