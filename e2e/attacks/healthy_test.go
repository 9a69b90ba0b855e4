package attacks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/latency"
	"fanlight/shared/protocol"
)

// pace is how often a healthy client says something, and enough is how much it
// says at least, for its slowest hundredth to be more than chance.
const (
	pace   = 5 * time.Millisecond
	enough = 200
)

// healthy is a publisher and a subscriber who mind their own business.
type healthy struct {
	*testing.T
	stop, stopped chan struct{}
	done          chan struct{} // all was heard
	heard         sync.WaitGroup
	said          int
	latencies     []time.Duration
	watch         func() latency.Summary
}

// healthy starts one. What is published is numbered, and bears its time.
func (s *site) healthy() *healthy {
	s.Helper()
	h := &healthy{T: s.T, stop: make(chan struct{}), stopped: make(chan struct{}), done: make(chan struct{}), watch: latency.Watch()}
	from, to := s.connected(), s.connected()
	to.says(`{"id":2,"subscribe":{"channel":"healthy"}}`)
	to.hears(`"subscribed"`)
	go func() {
		defer close(h.stopped)
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for n := 1; h.said == 0; n++ {
			<-tick.C
			last := ""
			select {
			case <-h.stop:
				if n >= enough {
					h.said, last = n, `,"last":true`
				}
			default:
			}
			from.says(fmt.Sprintf(`{"id":%d,"publish":{"channel":"healthy","data":{"n":%d,"at":%d%s}}}`, n+1, n, time.Now().UnixNano(), last))
		}
	}()
	h.heard.Go(func() {
		defer close(h.done)
		h.listen(to)
	})
	h.heard.Go(func() { // what is published must be answered, and read
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			<-h.done
			cancel()
		}()
		for {
			_, frame, err := from.ws.Read(ctx)
			if err != nil {
				return
			}
			ms, err := protocol.DecodeMessages(frame)
			if err != nil {
				h.Errorf("the healthy publisher hears %s: %v", frame, err)
			}
			for _, m := range ms {
				if m.Error != nil {
					h.Errorf("the healthy publisher is refused: %v", m.Error)
				}
			}
		}
	})
	return h
}

// listen reads until the last message, and checks the order.
func (h *healthy) listen(to *socket) {
	for n := 0; ; {
		read, done := context.WithTimeout(context.Background(), patience)
		typ, frame, err := to.ws.Read(read)
		done()
		if err != nil || typ != websocket.MessageText {
			h.Errorf("the healthy subscriber is cut off after %d: %v", n, err)
			return
		}
		ms, err := protocol.DecodeMessages(frame)
		if err != nil {
			h.Errorf("the healthy subscriber hears %s: %v", frame, err)
			return
		}
		for _, m := range ms {
			if m.Publication == nil {
				continue
			}
			var data struct {
				N, At int64
				Last  bool
			}
			if err := json.Unmarshal(m.Publication.Data, &data); err != nil || data.N != int64(n+1) {
				h.Errorf("the healthy subscriber hears %s after %d: %v", m.Publication.Data, n, err)
				return
			}
			n++
			h.latencies = append(h.latencies, time.Since(time.Unix(0, data.At)))
			if data.Last {
				return
			}
		}
	}
}

// finish waits for the last message. It returns how long they took, and how
// busy the machine was.
func (h *healthy) finish() (took, busy latency.Summary) {
	h.Helper()
	close(h.stop)
	<-h.stopped
	h.heard.Wait()
	busy = h.watch()
	if len(h.latencies) != h.said {
		h.Fatalf("%d of %d messages arrived", len(h.latencies), h.said)
	}
	took = latency.Of(h.latencies)
	h.Logf("the healthy client heard all %d, in order: %v; a sleeper overslept by: %v", h.said, took, busy)
	return took, busy
}
