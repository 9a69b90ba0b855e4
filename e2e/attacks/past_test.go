package attacks_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

const pastChannels, pastKept, pastSize = 8, 200, 10 << 10 // 16 MiB in all

// Who asks for the past, and does not read it, is held back.
func TestThePastThatNobodyReadsTakesLittleMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		most   int // MiB; each asks for more than twice as much
		attack func(*site)
	}{
		{"one connection, again and again", 96, asksAgain},
		{"event streams of many channels", 256, func(s *site) { asksForMany(s, "/sse", "200 OK") }},
		{"plain WebSockets of many channels", 256, func(s *site) { asksForMany(s, "/ws", "101 Switching Protocols") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			for n := range pastChannels {
				message := fmt.Sprintf(`{"channel":"past%d","data":"%s"}`, n, strings.Repeat("x", pastSize))
				batch := "[" + strings.Repeat(message+",", 9) + message + "]"
				for range pastKept / 10 {
					if a := s.post("/publish", batch); a.status != http.StatusOK {
						t.Fatal(a)
					}
				}
			}
			before := s.resident()
			h := s.healthy()
			c.attack(s.as(enemy))
			after := s.peak()
			h.finish()
			t.Logf("from %d MiB to %d MiB", before>>20, after>>20)
			if more := (after - before) >> 20; more > c.most {
				t.Errorf("it takes %d MiB more", more)
			}
		})
	}
}

// asksAgain subscribes and unsubscribes for three seconds, and reads nothing.
// It takes its time, so that what it asks for is not called off again.
func asksAgain(s *site) {
	w := s.connected()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for round := range 60 {
		<-tick.C
		for n := range pastChannels {
			w.says(fmt.Sprintf(`{"id":%d,"unsubscribe":{"channel":"past%d"}}`, 2*round+2, n))
			w.says(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"past%d","rewind":{"count":%d}}}`, 2*round+3, n, protocol.MaxRewind))
		}
	}
}

// asksForMany opens connections that ask for all that there is, and reads of
// each but the first line.
func asksForMany(s *site, path, says string) {
	path += fmt.Sprintf("?rewind=%d", pastKept)
	for n := range pastChannels {
		path += fmt.Sprintf("&channel=past%d", n)
	}
	for range 30 {
		c := s.raw()
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, s.addr)
		if strings.HasPrefix(path, "/ws") {
			_, _ = io.WriteString(c, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")
		}
		_, _ = io.WriteString(c, "\r\n")
		if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || !strings.Contains(line, says) {
			s.Fatalf("it begins with %q, %v", line, err)
		}
	}
}

// peak returns the most memory that the program has within two seconds.
func (s *site) peak() int {
	s.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	most := 0
	for range 20 {
		<-tick.C
		most = max(most, s.resident())
	}
	return most
}

// resident returns the bytes of memory that the program has.
func (s *site) resident() int {
	s.Helper()
	m := regexp.MustCompile(`(?m)^process_resident_memory_bytes (\S+)$`).FindStringSubmatch(s.metrics())
	if m == nil {
		s.Skip("the system does not say how much memory the program has")
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		s.Fatal(err)
	}
	return int(n)
}
