package hub

import (
	"sync"

	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// Subscriber is whoever listens, usually a session.
type Subscriber interface {
	// Encoding says in which form it wants publications. It must not change.
	Encoding() Encoding
	// Deliver takes something encoded, which is shared and must not be
	// changed. It must not block, nor call the hub.
	Deliver(encoded []byte)
	// Replay is Deliver for the past that the subscriber has asked for; Refill
	// for what it has missed without knowing, and the history filled in.
	Replay(encoded []byte)
	Refill(encoded []byte)
	// End takes what can't be said in the subscriber's encoding, and ends it.
	// It must not block, nor call the hub.
	End(why *protocol.Error)
}

// Config says whom a hub asks for help.
type Config struct {
	// Fill is called when a channel has a hole after the position: it must see
	// to it that [Hub.Fill] is called with the history from there on, and not
	// block. It is called with the room locked: it must not call the hub from
	// the same goroutine.
	Fill func(channel string, since protocol.Since)
}

// Hub is safe for concurrent use.
type Hub struct {
	cfg   Config
	mu    sync.RWMutex
	rooms map[string]*room
}

// New returns a hub without subscribers.
func New(cfg Config) *Hub { return &Hub{cfg: cfg, rooms: make(map[string]*room)} }

// Join adds a subscription, which gathers publications until it is started. It
// gets what all of its filters match.
func (h *Hub) Join(channel string, sub Subscriber, filters ...Filter) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[channel]
	if r == nil {
		r = &room{hub: h, channel: channel}
		h.rooms[channel] = r
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Subscription{sub: sub, room: r, index: len(r.subs), joined: r.at.Epoch, filters: filters}
	r.subs = append(r.subs, s)
	return s
}

// Leave removes a subscription, and reports whether it was the channel's last.
// After it returned, nothing is delivered any more. Leaving twice is harmless,
// and never the last.
func (h *Hub) Leave(s *Subscription) (last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.index < 0 {
		return false
	}
	end := len(r.subs) - 1
	moved := r.subs[end]
	r.subs[s.index], moved.index = moved, s.index
	r.subs[end] = nil
	r.subs = r.subs[:end]
	s.index, s.gathered = -1, backlog{}
	if end > 0 {
		return false
	}
	delete(h.rooms, r.channel)
	return true
}

// HandlePublication delivers a publication to its channel's subscribers; prev
// is the id of the one before it, "" for the first and for foreign ones.
func (h *Hub) HandlePublication(pub protocol.Publication, prev string) {
	if r := h.room(pub.Channel); r != nil {
		r.take(&fanout{pub: pub, prev: prev})
	}
}

// HandleResubscribed says that publications may have been missed: the link to
// Redis was down. Whatever was is filled in.
func (h *Hub) HandleResubscribed(channel string) { h.Check(channel) }

// HandlePresence tells a channel's subscribers who came or went, those whose
// encoding has a word for it. It has no place in the publications' order.
func (h *Hub) HandlePresence(channel string, join, leave *protocol.Member) {
	r := h.room(channel)
	if r == nil {
		return
	}
	var m protocol.Message
	if join != nil {
		m.Join = &protocol.Join{Channel: channel, Member: *join}
	} else {
		m.Leave = &protocol.Leave{Channel: channel, Member: *leave}
	}
	encoded := protocol.AppendMessage(nil, &m)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.subs {
		if s.started && !s.unaware && s.sub.Encoding() == EncodingV1 {
			s.sub.Deliver(encoded)
		}
	}
}

// Check looks for publications of the channel that did not arrive.
func (h *Hub) Check(channel string) {
	if r := h.room(channel); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.known {
			r.startFilling()
		}
	}
}

// Fill takes the history of a channel since a position, asked for through
// [Config.Fill], and delivers what was missed. When that does not close the
// hole it returns true, and from where to ask again.
func (h *Hub) Fill(channel string, since protocol.Since, history *recovery.History) (again bool, from protocol.Since) {
	r := h.room(channel)
	if r == nil {
		return false, protocol.Since{}
	}
	return r.fill(since, history)
}

// Filling reports whether a channel still waits for a Fill from the position.
func (h *Hub) Filling(channel string, since protocol.Since) bool {
	r := h.room(channel)
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.filling && r.at == since
}

// Standing is where a channel stands in this process.
type Standing struct {
	Channel string
	At      protocol.Since
}

// Standings returns where all channels stand that somebody has started to
// listen to, and that are not being filled.
func (h *Hub) Standings() []Standing {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]Standing, 0, len(h.rooms))
	for channel, r := range h.rooms {
		r.mu.Lock()
		if r.known && !r.filling {
			all = append(all, Standing{Channel: channel, At: r.at})
		}
		r.mu.Unlock()
	}
	return all
}

// Count returns the number of channels and of subscriptions.
func (h *Hub) Count() (channels, subscriptions int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, r := range h.rooms {
		r.mu.Lock()
		subscriptions += len(r.subs)
		r.mu.Unlock()
	}
	return len(h.rooms), subscriptions
}

func (h *Hub) room(channel string) *room {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rooms[channel]
}
