package transport_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

// Each history is larger than the outbox, so each recovery waits until the one
// before is written. Whoever reads has them all, in each way in.
func TestWhoReadsRecoversManyLargeHistoriesWhole(t *testing.T) {
	t.Parallel()
	const channels, kept = 40, 10
	r := newRig(t, func(cfg *transport.Config) { cfg.Outbox = 32 << 10 })
	body := strings.Repeat("x", 8<<10)
	query := url.Values{"rewind": {fmt.Sprint(kept)}}
	var subscribes strings.Builder
	for c := range channels {
		name := fmt.Sprintf("c%d", c)
		query.Add("channel", name)
		fmt.Fprintf(&subscribes, `{"id":%d,"subscribe":{"channel":"%s","since":{"epoch":"","offset":0}}}`+"\n", c+2, name)
		for n := range kept {
			r.publish(name, fmt.Sprintf(`"%d %d %s"`, c, n, body))
		}
	}
	want := func(t *testing.T, n int, text string) {
		t.Helper()
		if begins := fmt.Sprintf("%d %d ", n/kept, n%kept); !strings.Contains(text, begins) {
			t.Fatalf("publication %d is %.100s, not %s", n, text, begins)
		}
	}
	t.Run("fanlight.v1", func(t *testing.T) {
		s := r.v1()
		s.send(subscribes.String() + `{"id":1000,"ping":{}}`)
		answered := false // behind all but the last, which it does not wait for
		for n := 0; n < channels*kept || !answered; {
			m := s.next()
			switch {
			case m.Error != nil:
				t.Fatal(m.Error)
			case m.Pong != nil:
				answered = true
			case m.Publication != nil:
				want(t, n, string(m.Publication.Data))
				n++
			}
		}
	})
	t.Run("plain", func(t *testing.T) {
		s := r.dial("?"+query.Encode(), "")
		for n := range channels * kept {
			want(t, n, s.text())
		}
	})
	t.Run("event stream", func(t *testing.T) {
		s := r.stream("?"+query.Encode(), 0)
		for n := 0; n < channels*kept; {
			if event := s.event(); strings.Contains(event, "data:") {
				want(t, n, event)
				n++
			}
		}
	})
}

// What does not read is not read from; its end is noticed all the same.
func TestARelayStopsThoughRecoveriesWaitForPeersThatDoNotRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for range 100 {
		r.publish("c", `"`+strings.Repeat("x", protocol.DefaultLimits.Message-2)+`"`)
	}
	s := r.v1()
	query := "?rewind=100&channel=c"
	for n := range 100 {
		query += fmt.Sprintf("&channel=c%d", n)
		s.send(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"c","rewind":{"count":100}}}`, 2*n+2))
		s.send(fmt.Sprintf(`{"id":%d,"unsubscribe":{"channel":"c"}}`, 2*n+3))
	}
	r.dial(query, "")
	r.stream(query, 0)
	// The rig's end is the test: each of the three is gone within its patience.
}
