package broker

import (
	"sync"

	"fanlight/shared/protocol"
)

// maxSeen bounds the channels whose position is remembered. When there are
// more, some are forgotten: they lose a safeguard, and nothing else.
const maxSeen = 8192

// seen remembers how far each channel had come, for publish.lua to notice a
// Redis that went back in time.
type seen struct {
	mu  sync.Mutex
	all map[string]protocol.Position
}

func (s *seen) get(channel string) protocol.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[channel]
}

func (s *seen) put(channel string, p protocol.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[string]protocol.Position)
	}
	old, known := s.all[channel]
	if old.Epoch == p.Epoch && old.Offset >= p.Offset {
		return
	}
	if !known && len(s.all) >= maxSeen {
		for forgotten := range s.all {
			delete(s.all, forgotten)
			break
		}
	}
	s.all[channel] = p
}
