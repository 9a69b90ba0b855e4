package hub

import (
	"fanlight/server/internal/recovery"
	"fanlight/shared/protocol"
)

// Subscription is one subscriber on one channel. Its room's lock guards it.
type Subscription struct {
	sub   Subscriber
	room  *room
	index int // in room.subs; -1 once it has left

	joined   string // the epoch that the room was in when the subscription joined
	started  bool
	quiet    bool              // nothing was delivered since [Subscription.Quiet]
	from     protocol.Position // what is up to here was delivered by Start
	gathered backlog           // until it has started
	overflow bool              // more came than it may gather

	unaware bool     // it is not told who comes and goes
	filters []Filter // all of them must match
	skipped int      // how many they held back since it was last told where it stands
}

// gather keeps a publication until the subscription starts. One that gets more
// than a backlog can hold can't start: see [Subscription.Start].
func (s *Subscription) gather(f *fanout) {
	if !s.overflow && !s.gathered.add(f) {
		s.overflow, s.gathered = true, backlog{}
	}
}

// HidePresence keeps from the subscriber who comes and who goes.
func (s *Subscription) HidePresence() {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.unaware = true
}

// Start says where the channel stood, after everything that the subscriber has
// or is about to get from past, which is what its filters select of the
// history up to there: it gets the publications after that. Start
// calls started, which must not block, then delivers past, then what was
// gathered. It reports false, and does none of it, when more came than could be
// gathered, when what was gathered does not lead from the top to where the room
// has come meanwhile, or when the subscription has left.
func (s *Subscription) Start(top protocol.Since, past *Past, started func()) bool {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.overflow || s.index < 0 {
		return false
	}
	missed, ok := s.missed(top)
	if !ok {
		return false
	}
	s.started, s.from = true, protocol.Position{Epoch: top.Epoch, Offset: top.Offset}
	gathered := s.gathered
	s.gathered = backlog{}
	started()
	if last := past.replay(s.sub); last > 0 && len(s.filters) > 0 && last != top.Offset && s.sub.Encoding() == EncodingSSE {
		// Filters held back the last ones. Whoever was told the top knows; the
		// id of the last event is behind it.
		s.sub.Replay(EncodeMoved(movedTo(r.channel, top), s.sub.Encoding()))
	}
	if !r.known {
		// The first one to start: now the room knows where it stands.
		r.known, r.at, r.late = true, top, top.Offset
		for _, f := range gathered.items {
			r.retake(f)
		}
		return true
	}
	for _, f := range missed {
		s.deliver(f)
	}
	if top.Epoch != r.at.Epoch {
		r.startFilling()
	}
	return true
}

// missed returns what the room has let through behind the top, in order. It
// reports false when that was not all gathered. What the room has not let
// through yet it will deliver itself.
func (s *Subscription) missed(top protocol.Since) (missed []*fanout, ok bool) {
	r := s.room
	if !r.known {
		return nil, true
	}
	next := top.Offset + 1
	inRoom := top.Epoch == r.at.Epoch
	if !inRoom && r.at.Epoch != s.joined {
		// The room has come into another epoch since. Only when there was none
		// before it can all of that one have been gathered.
		if top.Epoch != "" {
			return nil, false
		}
		inRoom = true
	}
	// In any other case the room is behind, and nothing of its epoch matters.
	own := map[uint64]*fanout{}
	for _, f := range s.gathered.items {
		if p := &f.pub; inRoom && !p.Foreign && p.Epoch == r.at.Epoch && p.Offset >= next && p.Offset <= r.at.Offset {
			own[p.Offset] = f
		}
	}
	if inRoom && r.at.Offset >= next && uint64(len(own)) != r.at.Offset-top.Offset {
		return nil, false
	}
	for _, f := range s.gathered.items {
		p := &f.pub
		if p.Foreign {
			missed = append(missed, f)
			continue
		}
		// The next one is taken where it, or one behind it, came first.
		for own[p.Offset] != nil && next <= p.Offset {
			missed = append(missed, own[next])
			next++
		}
	}
	return missed, true
}

// retake lets through what was gathered before the room knew where it stands.
func (r *room) retake(f *fanout) {
	switch p := &f.pub; {
	case p.Foreign:
		r.deliver(f)
	case p.Epoch == r.at.Epoch && p.Offset <= r.at.Offset:
	default:
		r.admit(f)
	}
}

// deliver hands on what comes after the starting position. What comes before
// may still arrive when the subscription has started: it was in Redis when the
// position was read, and on its way. A foreign publication has no position;
// it came after the subscription was asked for, and that is all that can be said.
func (s *Subscription) deliver(f *fanout) {
	if f.pub.Offset <= s.from.Offset && !f.pub.Foreign && f.pub.Epoch == s.from.Epoch {
		return
	}
	if s.from.Epoch == "" {
		s.from.Epoch = f.pub.Epoch // it began on an empty channel
	}
	if !s.wants(f) {
		s.skip(f)
		return
	}
	s.quiet, s.skipped = false, 0
	if encoded := f.bytes(s.sub.Encoding()); f.past {
		s.sub.Refill(encoded)
	} else {
		s.sub.Deliver(encoded)
	}
}

// mark tells the subscriber of a reset or a gap in its room, as far as it
// concerns it: one that started later may know better already, and one whose
// room was behind may know of a life that the room has missed altogether.
func (s *Subscription) mark(v recovery.Verdict, now protocol.Position) {
	if began := s.from; began.Epoch != now.Epoch {
		s.from = protocol.Position{Epoch: now.Epoch}
		reset := protocol.Reset{Channel: s.room.channel, Epoch: now.Epoch, Was: began}
		if v.Reset != nil && v.Reset.Was.Epoch == began.Epoch && v.Reset.Was.Offset > began.Offset {
			reset.Was = v.Reset.Was
		}
		switch {
		case began == protocol.Position{}: // on an empty channel: it has nothing to forget
		case s.sub.Encoding() == EncodingPlain:
			s.sub.End(resetError(&reset))
			return
		default:
			s.sub.Deliver(EncodeReset(&reset, s.sub.Encoding()))
		}
	}
	if v.Gap == nil || v.Gap.Epoch == s.from.Epoch && v.Gap.To <= s.from.Offset {
		return
	}
	g := *v.Gap
	if g.Epoch == s.from.Epoch && g.From <= s.from.Offset {
		g.From = s.from.Offset + 1
		g.Count = g.To - g.From + 1
	}
	if s.sub.Encoding() == EncodingPlain {
		s.sub.End(GapError(&g))
		return
	}
	s.sub.Deliver(EncodeGap(&g, s.sub.Encoding()))
}

// Quiet returns where the subscription stands, if nothing was delivered to it
// since it was last asked.
func (s *Subscription) Quiet() (at protocol.Since, ok bool) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	at, known := s.at()
	if !known {
		return at, false
	}
	if ok, s.quiet = s.quiet, true; ok {
		s.skipped = 0
	}
	return at, ok
}

// at returns where the subscription stands, if that can be said: not while its
// room is behind what the subscriber has. The lock is held.
func (s *Subscription) at() (at protocol.Since, ok bool) {
	behind := s.room.at.Epoch != s.from.Epoch || s.room.at.Offset < s.from.Offset
	if !s.started || s.room.filling || s.index < 0 || behind {
		return protocol.Since{}, false
	}
	return s.room.at, true
}
