package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"fanlight/shared/protocol"
)

// publisher is one fanlight.v1 connection that publishes, with a bound on the
// publishes that are not acknowledged yet. One goroutine may take and send; another,
// the publisher's own, reads the acknowledgements.
type publisher struct {
	conn    net.Conn
	prefix  string
	reader  frameReader
	part    []byte
	buf     []byte
	line    []byte
	id      uint64
	hello   chan struct{}
	greeted bool
	// slots holds a token for every publish in flight.
	slots   chan struct{}
	closing atomic.Bool
	fault   *firstError
	wg      sync.WaitGroup
}

// newPublisher connects. What goes wrong later is told to fault.
func newPublisher(ctx context.Context, addr, channel string, inFlight int, fault *firstError) (*publisher, error) {
	conn, rest, err := upgrade(ctx, addr, "/ws", protocol.Subprotocol)
	if err != nil {
		return nil, err
	}
	p := &publisher{
		conn: conn, fault: fault,
		prefix: `,"publish":{"channel":"` + channel + `","data":`,
		hello:  make(chan struct{}),
		slots:  make(chan struct{}, inFlight),
		id:     1,
	}
	p.wg.Go(func() {
		if err := p.read(rest); !p.closing.Load() {
			fault.set(fmt.Errorf("publisher: %w", err))
		}
	})
	connect := fmt.Sprintf(`{"id":1,"connect":{"version":%d}}`, protocol.Version)
	if _, err := conn.Write(appendClientFrame(nil, opText, []byte(connect))); err != nil {
		p.close()
		return nil, err
	}
	select {
	case <-p.hello:
		return p, nil
	case <-fault.done():
		err = fault.get()
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.close()
	return nil, err
}

// take waits until one publish more may be in flight. An acknowledgement gives
// the slot back.
func (p *publisher) take(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-p.fault.done():
		return p.fault.get()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends one message, for which a slot was taken. It does not wait for the
// acknowledgement.
func (p *publisher) send(data []byte) error {
	p.id++
	p.line = append(strconv.AppendUint(append(p.line[:0], `{"id":`...), p.id, 10), p.prefix...)
	p.line = append(append(p.line, data...), "}}"...)
	p.buf = appendClientFrame(p.buf[:0], opText, p.line)
	_, err := p.conn.Write(p.buf)
	return err
}

// read reads until the connection ends and says why.
func (p *publisher) read(rest []byte) error {
	if err := p.reader.feed(rest, p); err != nil {
		return err
	}
	buf := make([]byte, 8<<10)
	for {
		n, err := p.conn.Read(buf)
		if n > 0 {
			if err := p.reader.feed(buf[:n], p); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// text implements frameHandler: a line is the hello or an acknowledgement.
func (p *publisher) text(b []byte, end bool) error {
	p.part = append(p.part, b...)
	if !end {
		return nil
	}
	for line := range protocol.Lines(p.part) {
		switch {
		case bytes.Contains(line, []byte(`"published":`)):
			select {
			case <-p.slots:
			default:
				return fmt.Errorf("an acknowledgement too many: %.200s", line)
			}
		case !p.greeted && bytes.Contains(line, []byte(`"hello":`)):
			p.greeted = true
			close(p.hello)
		default:
			return fmt.Errorf("refused: %.200s", line)
		}
	}
	p.part = p.part[:0]
	return nil
}

// control implements frameHandler.
func (p *publisher) control(opcode byte, b []byte) error {
	if opcode == opClose {
		return closed(b)
	}
	return nil // pings: no publisher is silent for long
}

// close ends the connection and waits for its goroutine.
func (p *publisher) close() {
	p.closing.Store(true)
	_ = p.conn.Close()
	p.wg.Wait()
}
