package client

import (
	"context"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

// BenchmarkReceive is what one message costs from the frame to OnEvent, when a
// frame holds as many as come in 16 ms at 20,000 a second.
func BenchmarkReceive(b *testing.B) {
	const batch = 320
	var lines []string
	for n := range batch {
		lines = append(lines, publication("room:42", "k3v9x2", uint64(123456+n), `{"user":"someone","text":"a message of usual length, more or less","n":12345}`))
	}
	frame := []byte(strings.Join(lines, "\n"))
	cfg := Config{OnEvent: func(Event) {}}
	c := &Client{cfg: cfg, ctx: context.Background(), subs: map[string]*subscription{
		"room:42": {channel: "room:42", wanted: true, remote: present},
	}}
	s := c.newSession(nil)
	s.pulse = newPulse(time.Hour, time.Hour, time.Now())
	s.clock.start = time.Now()
	sub := c.subs["room:42"]
	b.ReportAllocs()
	b.SetBytes(int64(len(frame) / batch))
	for i := 0; b.Loop(); i++ {
		if i%batch == 0 {
			sub.position = &protocol.Since{Epoch: "k3v9x2", Offset: 123455} // all of it is news
			if err := c.receive(s, frame, time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
