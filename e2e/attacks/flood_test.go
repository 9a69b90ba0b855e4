package attacks_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fanlight/e2e/latency"
	"fanlight/shared/protocol"
)

// enemy is the address that attacks come from.
const enemy = "127.0.0.66"

// Whatever one address does, everyone else gets every message in its order, and
// as soon as ever.
func TestAHealthyClientNoticesNothingOfAnAttack(t *testing.T) {
	// The timeouts are for attackers: whoever means well must not miss them.
	s := start(t, "-handshake-timeout", "2s", "-connect-timeout", "2s", "-message-timeout", "2s",
		"-max-connections-per-address", "100", "-publish-rate-address", "500", "-command-rate", "500")
	var alone latency.Summary
	for _, c := range []struct {
		name   string
		attack func(*site)
		counts []string // the limits that refuse, or hold back
	}{
		{"nothing", func(*site) {}, nil}, // how soon that is
		{"heads that trickle in", slowHeads, []string{"handshake_timeout"}},
		{"bodies that trickle in", slowBodies, []string{"message_timeout"}},
		{"messages that trickle in", slowMessages, []string{"message_timeout"}},
		{"connections without a word", silentConnections, []string{"connect_timeout"}},
		{"a flood of connections", connectionFlood, []string{"connections_per_address"}},
		{"a flood of subscribes", subscribeFlood, []string{"subscriptions"}},
		{"a flood of pings", pingFlood, []string{"ping_rate"}},
		{"a flood of nonsense", nonsenseFlood, []string{"command_rate"}},
		{"a flood of publishes", publishFlood, []string{"publish_rate_address"}},
		{"a flood of posts", postFlood, []string{"publish_rate_address"}},
		{"a flood of empty frames", emptyFrames, []string{"frame"}},
		{"frames that are too large", hugeFrames, []string{"frame"}},
		{"a reader who does not read", neverReads, []string{"outbox"}},
		{"bombs", bombs, nil}, // nothing is taken, so nothing has to be limited
	} {
		t.Run(c.name, func(t *testing.T) {
			// What a busy machine delays now and then is delayed by an attack each time.
			// How soon is soon is asked again meanwhile: it may have become busy.
			var delay error
			for try := range 5 {
				var took, busy latency.Summary
				if !t.Run(fmt.Sprintf("try %d", try+1), func(t *testing.T) { took, busy = s.beside(t, c.attack, c.counts) }) {
					return
				}
				if delay = took.Beside(alone, busy); delay == nil {
					if c.name == "nothing" {
						alone = took
					}
					return
				}
				if !t.Run(fmt.Sprintf("alone after try %d", try+1), func(t *testing.T) { took, busy = s.beside(t, func(*site) {}, nil) }) {
					return
				}
				if took.Beside(latency.Summary{}, busy) == nil {
					alone = took
				}
			}
			t.Error(delay)
		})
	}
}

// beside has a healthy client talk beside an attack, which has to pass some limits.
// It returns how long the messages took, and how busy the machine was.
func (s *site) beside(t *testing.T, attack func(*site), limits []string) (took, busy latency.Summary) {
	t.Helper()
	here := *s
	here.T = t
	// Those of the last attack are places that others can't have yet.
	here.eventually("nobody is here", func() bool { return here.held() == 0 })
	before := here.allRefusals()
	h := here.healthy()
	attack(here.as(enemy))
	took, busy = h.finish()
	after := here.allRefusals()
	for _, limit := range limits {
		if after[limit] <= before[limit] {
			t.Errorf("%s has refused nothing", limit)
		}
	}
	return took, busy
}

// many does something so many times at a time.
func many(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// trickle writes the text a piece at a time until the other side hangs up, and
// reports whether it did, and what it said.
func trickle(c net.Conn, text string) (cut bool, said string) {
	heard := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(c)
		heard <- string(b)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range 200 {
		select {
		case said := <-heard:
			return true, said
		case <-tick.C:
			_, _ = io.WriteString(c, text[i%len(text):i%len(text)+1])
		}
	}
	_ = c.Close()
	<-heard
	return false, ""
}

func slowHeads(s *site) {
	many(50, func(int) {
		c := s.raw()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
		if cut, _ := trickle(c, "x"); !cut {
			s.Error("a head may take for ever")
		}
	})
}

func slowBodies(s *site) {
	many(50, func(int) {
		c := s.raw()
		_, _ = io.WriteString(c, "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
		if cut, said := trickle(c, " "); !cut || !strings.Contains(said, " 408 ") {
			s.Errorf("a body may take for ever: %t %s", cut, said)
		}
	})
}

func slowMessages(s *site) {
	many(50, func(int) {
		c, _ := s.frames()
		_, _ = io.WriteString(c, "\x81\xfe\x04\x00\x00\x00\x00\x00")
		if cut, _ := trickle(c, " "); !cut {
			s.Error("a message may take for ever")
		}
	})
}

func silentConnections(s *site) {
	many(50, func(int) { s.v1().isClosed(protocol.CloseConnectTimeout) })
}

func connectionFlood(s *site) {
	var mu sync.Mutex
	var let []*socket
	refused := 0
	many(10, func(int) {
		for range 30 {
			w, a := s.try()
			mu.Lock()
			if w != nil {
				let = append(let, w)
			} else {
				refused++
				s.wants(a, 429, `"too_many_connections"`)
			}
			mu.Unlock()
		}
	})
	if len(let) != 100 || refused != 200 {
		s.Errorf("%d connections of one address were let in, %d were not", len(let), refused)
	}
	for _, w := range let {
		_ = w.ws.CloseNow()
	}
	s.eventually("the places are free again", func() bool {
		w, _ := s.try()
		return w != nil
	})
}

// last is the id of the last command of a flood, which has an answer too.
const last = 1 << 40

func (w *socket) saysLast() { w.says(fmt.Sprintf(`{"id":%d,"unsubscribe":{"channel":"none"}}`, last)) }

// drain reads until the last command is answered, and counts the errors' codes.
func (w *socket) drain() (codes map[protocol.Code]int, wait func()) {
	codes = make(map[protocol.Code]int)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			_, frame, err := w.ws.Read(context.Background())
			if err != nil {
				return
			}
			ms, _ := protocol.DecodeMessages(frame)
			for _, m := range ms {
				if m.Error != nil {
					codes[m.Error.Code]++
					if m.Error.Code == protocol.CodeRateLimited && m.Error.RetryAfter < 1 {
						w.Errorf("it does not say when to try again: %+v", m.Error)
					}
				}
				if m.ID == last {
					return
				}
			}
		}
	})
	return codes, done.Wait
}

func subscribeFlood(s *site) {
	w := s.connected()
	codes, wait := w.drain()
	for n := range 3000 {
		w.says(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"flood%d"}}`, n+2, n))
	}
	w.saysLast()
	wait()
	if codes[protocol.CodeTooManySubscriptions]+codes[protocol.CodeRateLimited] < 3000-128-codes[protocol.CodeUnavailable] {
		s.Errorf("3000 subscribes: %v", codes)
	}
}

func pingFlood(s *site) {
	w := s.connected()
	limited := 0
	for range 10 { // the answers to all at once may be more than wait for a slow reader
		codes, wait := w.drain()
		for range 10 {
			w.says(strings.Repeat(`{"id":7,"ping":{}}`+"\n", 100))
		}
		w.saysLast()
		wait()
		limited += codes[protocol.CodeRateLimited]
	}
	if limited < 9000 {
		s.Errorf("of 10,000 pings %d are too many", limited)
	}
	many(20, func(int) {
		c, r := s.frames()
		go func() {
			for {
				if _, err := io.WriteString(c, strings.Repeat("\x89\x80\x00\x00\x00\x00", 100)); err != nil {
					return
				}
			}
		}()
		// 0: what was sent meanwhile may make the system drop our close frame.
		if code := endOf(c, r); code != protocol.CloseRateLimited && code != 0 {
			s.Errorf("a flood of pings is answered with %d", code)
		}
	})
}

func nonsenseFlood(s *site) {
	w := s.connected()
	codes, wait := w.drain()
	for range 200 {
		w.says(strings.Repeat("nonsense\n", 100))
	}
	w.saysLast()
	wait()
	if codes[protocol.CodeRateLimited] == 0 {
		s.Errorf("20,000 lines of nonsense: %v", codes)
	}
}

func publishFlood(s *site) {
	many(5, func(int) {
		w := s.connected()
		codes, wait := w.drain()
		for range 100 {
			w.says(strings.Repeat(`{"id":7,"publish":{"channel":"flood","data":1}}`+"\n", 20))
		}
		w.saysLast()
		wait()
		if codes[protocol.CodeRateLimited] == 0 {
			s.Errorf("2000 publishes: %v", codes)
		}
	})
}

func postFlood(s *site) {
	var mu sync.Mutex
	statuses := make(map[int]int)
	batch := "[" + strings.Repeat(`{"data":1},`, 99) + `{"data":1}]`
	many(5, func(int) {
		for range 20 {
			s.post("/publish", batch)
			a := s.post("/publish", `{"data":1}`)
			mu.Lock()
			statuses[a.status]++
			mu.Unlock()
			if a.status == 429 && (a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `"retry_after":`)) {
				s.Errorf("it does not say when to try again: %v", a)
			}
		}
	})
	if statuses[429] == 0 || statuses[200]+statuses[429] != 100 {
		s.Errorf("statuses: %v", statuses)
	}
}

func emptyFrames(s *site) {
	many(10, func(int) {
		c, r := s.frames()
		go func() {
			_, err := io.WriteString(c, "\x01\x80\x00\x00\x00\x00")
			for empty := strings.Repeat("\x00\x80\x00\x00\x00\x00", 1000); err == nil; {
				_, err = io.WriteString(c, empty)
			}
		}()
		if code := endOf(c, r); code != protocol.CloseTooLarge && code != 0 {
			s.Errorf("a flood of empty frames is answered with %d", code)
		}
	})
}

func hugeFrames(s *site) {
	many(10, func(int) {
		c, r := s.frames()
		go func() {
			// It says that it has 4 EiB, and sends what fits.
			_, err := io.WriteString(c, "\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
			for piece := strings.Repeat("x", 64<<10); err == nil; {
				_, err = io.WriteString(c, piece)
			}
		}()
		if code := endOf(c, r); code != protocol.CloseTooLarge && code != 0 {
			s.Errorf("a frame of 4 EiB is answered with %d", code)
		}
	})
}

// endOf returns the code with which the server closes, and hangs up then.
func endOf(c net.Conn, r io.Reader) protocol.CloseCode {
	defer func() { _ = c.Close() }()
	return closeCode(r)
}

// neverReads subscribes to what it has published a lot to.
func neverReads(s *site) {
	c, _ := s.frames()
	_ = c // a plain WebSocket on the default channel, whose reader stands still
	body := `{"data":"` + strings.Repeat("x", 60<<10) + `"}`
	for range 200 {
		if a := s.post("/publish", body); a.status != http.StatusOK {
			s.wants(a, 429, "rate_limited")
		}
	}
	s.eventually("it is cut off", func() bool {
		_, err := c.Write([]byte("\x89\x80\x00\x00\x00\x00"))
		var op *net.OpError
		return errors.As(err, &op) || s.refusals("outbox") > 0
	})
}

// bombs are small on the wire and would be large here: nothing is decompressed
// in any form.
func bombs(s *site) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write([]byte(`{"data":"` + strings.Repeat("x", 32<<20) + `"}`))
	_ = z.Close()
	for range 50 {
		s.wants(s.post("/publish", bomb.String(), "Content-Encoding", "gzip"), 415, `"Content-Encoding"`)
	}
	many(10, func(int) {
		c, r := s.frames() // which offers to compress, and is not taken up on it
		// A frame that says that it is compressed (RSV1), of two bytes.
		_, _ = io.WriteString(c, "\xc1\x82\x00\x00\x00\x00xx")
		if code := endOf(c, r); code.Reconnect() {
			s.Errorf("a compressed frame is answered with %d", code)
		}
	})
}
