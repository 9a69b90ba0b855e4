package main

import (
	"bytes"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"fanlight/shared/protocol"
)

// subscriber is one connection that listens. Its goroutine is the fleet's.
type subscriber struct {
	fleet  *fleet
	conn   net.Conn
	reader frameReader
	// phase is only touched by the goroutine that reads.
	phase phase
	// tracked subscribers look into every message; the others only count.
	tracked bool
	// inside says that a message has begun and not ended, and part holds what
	// came of it so far, when it is looked into.
	inside bool
	part   []byte

	messages atomic.Uint64
	frames   atomic.Uint64

	// Of a tracked subscriber: latencies in microseconds, and which messages
	// came, by bit. Read them when the goroutine has ended.
	latencies []uint32
	seen      bitset
	doubled   uint64
}

// phase is how far a subscriber has come.
type phase int

const (
	phaseJoining  phase = iota // waits for its subscription
	phaseJoined                // waits for a probe
	phaseHeard                 // waits for the start
	phaseCounting              // counts
)

// read reads until the connection ends and says why.
func (s *subscriber) read(buf []byte) error {
	for {
		n, err := s.conn.Read(buf)
		if n > 0 {
			if err := s.reader.feed(buf[:n], s); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// text implements frameHandler.
func (s *subscriber) text(p []byte, end bool) error {
	first := !s.inside
	s.inside = !end
	if s.phase == phaseCounting && !s.tracked && len(s.part) == 0 && (!first || !bytes.HasPrefix(p, moved)) {
		n := uint64(bytes.Count(p, newline))
		if end {
			n++
			s.frames.Add(1)
		}
		if n > 0 {
			s.messages.Add(n)
		}
		return nil
	}
	if !end || len(s.part) > 0 {
		s.part = append(s.part, p...)
		if !end {
			return nil
		}
		p = s.part
		s.part = s.part[:0]
	}
	return s.whole(p)
}

var (
	newline = []byte{'\n'}
	// moved begins a line that tells a quiet subscriber where its channel
	// stands; it is no message.
	moved = []byte(`{"moved":`)
)

// whole looks into each line of a whole message: all that come to a tracked
// subscriber, and before the start to anyone.
func (s *subscriber) whole(p []byte) error {
	counting := s.phase == phaseCounting
	var now int64
	if counting && s.fleet.measuring.Load() {
		now = time.Now().UnixMicro()
	}
	var n uint64
	for len(p) > 0 {
		line := p
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			line, p = p[:i], p[i+1:]
		} else {
			p = nil
		}
		switch {
		case bytes.HasPrefix(line, moved):
			continue
		case s.phase != phaseCounting:
			if err := s.early(line); err != nil {
				return err
			}
			continue
		}
		n++
		if s.tracked {
			if err := s.track(line, now); err != nil {
				return err
			}
		}
	}
	if n > 0 {
		s.messages.Add(n)
		s.frames.Add(1)
	}
	return nil
}

// early takes a line that comes before the start.
func (s *subscriber) early(line []byte) error {
	if s.phase == phaseJoining {
		ms, err := protocol.DecodeMessages(line)
		if err != nil {
			return err
		}
		for _, m := range ms {
			switch {
			case m.Error != nil:
				return m.Error
			case m.Subscribed != nil:
				s.phase = phaseJoined
				s.fleet.joined.pass()
			}
		}
		return nil
	}
	_, n, err := readData(line, s.fleet.size, s.fleet.mode.tail())
	if err != nil {
		return fmt.Errorf("%w: %.100q", err, line)
	}
	if s.phase == phaseJoined {
		s.phase = phaseHeard
		s.fleet.heard.pass()
	}
	if n == numberStart {
		s.phase = phaseCounting
		s.fleet.counting.pass()
	}
	return nil
}

// track notes one message; now is 0 outside the window.
func (s *subscriber) track(line []byte, now int64) error {
	at, n, err := readData(line, s.fleet.size, s.fleet.mode.tail())
	if err != nil {
		return fmt.Errorf("%w: %.100q", err, line)
	}
	if n < numberFirst || !s.seen.add(n-numberFirst) {
		s.doubled++
	}
	if now != 0 {
		s.latencies = append(s.latencies, uint32(max(now-at, 0)))
	}
	return nil
}

// control implements frameHandler.
func (s *subscriber) control(opcode byte, p []byte) error {
	switch opcode {
	case opClose:
		return closed(p)
	case opPing:
		_, err := s.conn.Write(appendClientFrame(nil, opPong, p))
		return err
	}
	return nil
}

// bitset is a set of small numbers.
type bitset []uint64

// bitsetTop bounds a bitset: 16 million messages, in 2 MiB.
const bitsetTop = 1 << 24

// add adds n and reports whether it is new and within the bound.
func (b *bitset) add(n uint64) bool {
	if n >= bitsetTop {
		return false
	}
	i, bit := n/64, uint64(1)<<(n%64)
	for uint64(len(*b)) <= i {
		*b = append(*b, 0)
	}
	fresh := (*b)[i]&bit == 0
	(*b)[i] |= bit
	return fresh
}
