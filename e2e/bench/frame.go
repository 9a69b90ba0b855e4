package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The opcodes of RFC 6455, section 5.2, that the bench meets.
const (
	opContinuation = 0
	opText         = 1
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// maxFrame is the longest frame that the load takes, in bytes: far above what
// any outbox holds, so that a length read from the wrong place shows at once.
const maxFrame = 16 << 20

var (
	errFrameBits   = errors.New("frame: reserved bits, or a mask from a server")
	errFrameLength = errors.New("frame: longer than 16 MiB")
	errFrameOpcode = errors.New("frame: an opcode that nobody sends here")
)

// frameHandler takes what a frameReader finds. Neither method may keep p.
type frameHandler interface {
	// text takes the next piece of a text message; end marks its last piece,
	// which may be empty.
	text(p []byte, end bool) error
	// control takes a whole close, ping or pong frame.
	control(opcode byte, p []byte) error
}

// frameReader reads a server's WebSocket frames from a stream that arrives in
// pieces of any size. It copies nothing but headers and control frames, and so
// costs next to nothing per byte: the load shares a core with Redis.
type frameReader struct {
	// head gathers a header that came in pieces: 2 bytes and a length of up to 8.
	head  [10]byte
	have  int
	left  int
	final bool
	op    byte
	in    bool // the payload of a frame is being read
	ctl   []byte
}

// feed reads all of p. After an error the reader is of no more use.
func (r *frameReader) feed(p []byte, h frameHandler) error {
	for {
		if !r.in {
			rest, whole, err := r.header(p)
			if err != nil || !whole {
				return err
			}
			p = rest
		}
		n := min(r.left, len(p))
		if n == 0 && r.left > 0 {
			return nil
		}
		r.left -= n
		if err := r.payload(p[:n], h); err != nil {
			return err
		}
		p = p[n:]
		r.in = r.left > 0
	}
}

// header reads a frame's header and returns what follows it; whole is false
// when p ends first.
func (r *frameReader) header(p []byte) (rest []byte, whole bool, err error) {
	need := 2
	for {
		if r.have < need {
			n := copy(r.head[r.have:need], p)
			r.have += n
			p = p[n:]
		}
		if r.have < need {
			return nil, false, nil
		}
		if need == 2 {
			switch r.head[1] & 0x7f {
			case 126:
				need = 4
				continue
			case 127:
				need = 10
				continue
			}
		}
		break
	}
	if r.head[0]&0x70 != 0 || r.head[1]&0x80 != 0 {
		return nil, false, errFrameBits
	}
	length := uint64(r.head[1])
	switch need {
	case 4:
		length = uint64(binary.BigEndian.Uint16(r.head[2:]))
	case 10:
		length = binary.BigEndian.Uint64(r.head[2:])
	}
	if length > maxFrame {
		return nil, false, errFrameLength
	}
	r.have = 0
	r.in = true
	r.left = int(length)
	r.final = r.head[0]&0x80 != 0
	r.op = r.head[0] & 0x0f
	return p, true, nil
}

func (r *frameReader) payload(p []byte, h frameHandler) error {
	switch r.op {
	case opText, opContinuation:
		return h.text(p, r.final && r.left == 0)
	case opClose, opPing, opPong:
		if len(r.ctl)+len(p)+r.left > 125 {
			return errFrameLength
		}
		r.ctl = append(r.ctl, p...)
		if r.left > 0 {
			return nil
		}
		err := h.control(r.op, r.ctl)
		r.ctl = r.ctl[:0]
		return err
	default:
		return errFrameOpcode
	}
}

// closed is the error of a connection that the server closed with a code.
func closed(p []byte) error {
	if len(p) < 2 {
		return errors.New("closed without a code")
	}
	return fmt.Errorf("closed with %d %q", binary.BigEndian.Uint16(p), p[2:])
}

// appendClientFrame appends one final frame as a client sends it. The mask is
// four zero bytes: a key like any other to the server, which still has to
// unmask, while the load saves the work.
func appendClientFrame(dst []byte, opcode byte, payload []byte) []byte {
	return append(append(appendHeader(dst, opcode, len(payload), 0x80), 0, 0, 0, 0), payload...)
}

// appendServerFrame appends one final text frame as a server sends it.
func appendServerFrame(dst, payload []byte) []byte {
	return append(appendHeader(dst, opText, len(payload), 0), payload...)
}

func appendHeader(dst []byte, opcode byte, length int, mask byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch {
	case length < 126:
		return append(dst, mask|byte(length))
	case length <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, mask|126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(dst, mask|127), uint64(length))
	}
}
