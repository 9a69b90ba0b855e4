package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fanlight/e2e/leak"
	"fanlight/server/relay"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { leak.Main(m) }

// floorServer serves a floor in this process.
func floorServer(t *testing.T) (f *floor, addr string) {
	f = &floor{channel: protocol.DefaultChannel, size: 64}
	srv := httptest.NewServer(f.handler())
	t.Cleanup(func() { srv.Close(); f.close() })
	return f, strings.TrimPrefix(srv.URL, "http://")
}

// relayServer serves a relay on its embedded Redis in this process.
func relayServer(t *testing.T) (addr string) {
	r, err := relay.New(relay.Config{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(r)
	t.Cleanup(func() {
		srv.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return strings.TrimPrefix(srv.URL, "http://")
}

func newTestFleet(t *testing.T, addr string, m mode) *fleet {
	f, err := newFleet(t.Context(), fleetConfig{
		addr: addr, mode: m, channel: "bench-test", subscribers: 12, trackEvery: 3, size: 64, buffer: 512,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f
}

// drive runs a traffic until the slowest subscriber has so many messages.
func drive(t *testing.T, f *fleet, d driver, interval time.Duration, messages uint64) (sent uint64) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := f.start(ctx, d.mark); err != nil {
		t.Fatal(err)
	}
	f.measuring.Store(true)
	if err := d.begin(ctx, interval); err != nil {
		t.Fatal(err)
	}
	for f.slowest() < messages {
		if err := hold(ctx, f, time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	sent, err := d.end(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func TestEverySubscriberCountsEveryMessageOfEverySystem(t *testing.T) {
	for _, sys := range systems {
		for name, interval := range map[string]time.Duration{"paced": time.Millisecond, "saturation": 0} {
			t.Run(sys.key+"/"+name, func(t *testing.T) {
				var addr string
				if sys.mode == modeFloor {
					_, addr = floorServer(t)
				} else {
					addr = relayServer(t)
				}
				f := newTestFleet(t, addr, sys.mode)
				var d driver = floorDriver{addr: addr}
				if sys.mode != modeFloor {
					var err error
					if d, err = newRelayDriver(t.Context(), f, 2, 8, 64); err != nil {
						t.Fatal(err)
					}
				}
				t.Cleanup(d.close)
				sent := drive(t, f, d, interval, 50)
				if err := f.settle(t.Context(), sent); err != nil {
					t.Fatal(err)
				}
				f.close()
				if err := f.verify(sent); err != nil {
					t.Fatal(err)
				}
				messages, frames := f.totals()
				if messages != 12*sent || frames == 0 || frames > messages {
					t.Errorf("%d messages in %d frames of %d sent to 12", messages, frames, sent)
				}
				if got := len(f.latencies()); got < 4*50 {
					t.Errorf("%d latencies of 4 subscribers", got)
				}
			})
		}
	}
}

func TestALostMessageIsNoticed(t *testing.T) {
	server, addr := floorServer(t)
	f := newTestFleet(t, addr, modeFloor)
	d := floorDriver{addr: addr}
	sent := drive(t, f, d, time.Millisecond, 5)
	for _, c := range server.sockets()[:11] {
		if _, err := c.Write(server.frame(nil, time.Now(), numberFirst+sent)); err != nil {
			t.Fatal(err)
		}
	}
	err := f.settle(t.Context(), sent+1)
	if err == nil || !strings.Contains(err.Error(), "1 subscribers lack some (1 in all)") {
		t.Errorf("got %v", err)
	}
}

func TestAMessageThatCameTwiceIsNoticed(t *testing.T) {
	server, addr := floorServer(t)
	f := newTestFleet(t, addr, modeFloor)
	sent := drive(t, f, floorDriver{addr: addr}, time.Millisecond, 5)
	if err := write(server.sockets(), server.frame(nil, time.Now(), numberFirst)); err != nil {
		t.Fatal(err)
	}
	if err := f.settle(t.Context(), sent+1); err != nil {
		t.Fatal(err)
	}
	f.close()
	if err := f.verify(sent + 1); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
}

func TestAConnectionThatTheServerClosesIsAFault(t *testing.T) {
	server, addr := floorServer(t)
	f := newTestFleet(t, addr, modeFloor)
	if _, err := server.sockets()[0].Write([]byte{0x80 | opClose, 6, 0x0f, 0xa1, 's', 'l', 'o', 'w'}); err != nil {
		t.Fatal(err)
	}
	<-f.fault.done()
	if err := f.fault.get(); !strings.Contains(err.Error(), `closed with 4001 "slow"`) {
		t.Errorf("got %v", err)
	}
}

func TestWordsOfWhereAChannelStandsAreNoMessages(t *testing.T) {
	server, addr := floorServer(t)
	f := newTestFleet(t, addr, modeFloor)
	sent := drive(t, f, floorDriver{addr: addr}, time.Millisecond, 5)
	word := appendServerFrame(nil, []byte(`{"moved":{"channel":"bench-test","epoch":"e","offset":9}}`))
	if err := write(server.sockets(), append(word, server.frame(nil, time.Now(), numberFirst+sent)...)); err != nil {
		t.Fatal(err)
	}
	if err := f.settle(t.Context(), sent+1); err != nil {
		t.Error(err)
	}
}

func TestAServerThatDoesNotUpgradeIsAnError(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	_, _, err := upgrade(t.Context(), strings.TrimPrefix(srv.URL, "http://"), "/ws", protocol.Subprotocol)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
}

func TestTheFloorEndsWithItsInput(t *testing.T) {
	in, end := io.Pipe()
	read, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- floorMain([]string{"-size", "64"}, in, out) }()
	printed := make([]byte, 64)
	n, err := read.Read(printed)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(printed[:n]))
	if status, err := get(t.Context(), url+"/readyz"); status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	_ = end.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
