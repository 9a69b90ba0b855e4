package hub

// Channels returns the number of channels that somebody listens to, and whether
// the one named is among them.
func (h *Hub) Channels(name string) (n int, listens bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.rooms), h.rooms[name] != nil
}
