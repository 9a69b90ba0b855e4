package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"fanlight/server/internal/limit"
	"fanlight/shared/protocol"
)

// pipe is a ResponseWriter over a connection without a network, so that time
// can be the test's.
type pipe struct {
	http.ResponseWriter
	conn net.Conn
}

func (p *pipe) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return p.conn, bufio.NewReadWriter(bufio.NewReader(p.conn), bufio.NewWriter(p.conn)), nil
}

// upgraded returns a server's socket and its client's end.
func upgraded(t *testing.T, cfg *Config) (*socket, net.Conn) {
	client, server := net.Pipe()
	r := httptest.NewRequest(http.MethodGet, "/ws", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	limits, err := cfg.Limiter.Connect(cfg.Limiter.Addr(r))
	if err != nil {
		t.Fatal(err)
	}
	sock, err := New(*cfg).upgrade(&pipe{httptest.NewRecorder(), server}, r, limits, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sock.ws.CloseNow()
		_ = client.Close()
	})
	return sock, client
}

// Pieces of a message that never ends, empty or of one byte, stay within any
// size limit for as long as they like; and each is a sign of life.
func TestAMessageThatTricklesInIsBoundedInTime(t *testing.T) {
	for name, piece := range map[string]string{
		"empty pieces":     "\x00\x80\x00\x00\x00\x00",
		"small pieces":     "\x00\x81\x00\x00\x00\x00 ",
		"pings in between": "\x89\x80\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sock, client := upgraded(t, &Config{PingInterval: time.Minute})
				var peer sync.WaitGroup
				peer.Go(func() {
					_, err := client.Write([]byte("\x01\x80\x00\x00\x00\x00"))
					for err == nil {
						time.Sleep(time.Second)
						_, err = client.Write([]byte(piece))
					}
				})
				peer.Go(func() { // the pongs
					for b, err := make([]byte, 100), error(nil); err == nil; {
						_, err = client.Read(b)
					}
				})
				began := time.Now()
				_, ok, why := sock.read(1 << 20)
				if took := time.Since(began); ok || why == nil || why.Code != protocol.CodeIdle || took != 10*time.Second {
					t.Errorf("%t, %v after %v", ok, why, took)
				}
				_ = sock.ws.CloseNow()
				_ = client.Close()
				peer.Wait()
			})
		})
	}
}

// What comes as fast as it can is bounded too: the size of a message says
// nothing about how much it takes to send it.
func TestAFloodOfFramesEndsAConnection(t *testing.T) {
	for name, c := range map[string]struct {
		first, piece string
		code         protocol.Code
		count        limit.Name
	}{
		"empty continuations": {"\x01\x80\x00\x00\x00\x00", "\x00\x80\x00\x00\x00\x00", protocol.CodeTooLarge, limit.Frame},
		"pings":               {"", "\x89\x80\x00\x00\x00\x00", protocol.CodeRateLimited, limit.PingRate},
		"pongs":               {"", "\x8a\x80\x00\x00\x00\x00", protocol.CodeRateLimited, limit.PingRate},
		"pings in a message":  {"\x01\x80\x00\x00\x00\x00", "\x89\x80\x00\x00\x00\x00", protocol.CodeRateLimited, limit.PingRate},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var refused []limit.Name
				l := limit.New(limit.Config{Observe: func(name limit.Name) { refused = append(refused, name) }})
				sock, client := upgraded(t, &Config{PingInterval: time.Minute, Limiter: l})
				var peer sync.WaitGroup
				peer.Go(func() {
					_, err := client.Write([]byte(c.first))
					for err == nil {
						_, err = client.Write([]byte(c.piece))
					}
				})
				peer.Go(func() {
					for b, err := make([]byte, 100), error(nil); err == nil; {
						_, err = client.Read(b)
					}
				})
				_, ok, why := sock.read(1000)
				if ok || why == nil || why.Code != c.code || len(refused) != 1 || refused[0] != c.count {
					t.Errorf("%t, %v; counted %v", ok, why, refused)
				}
				_ = sock.ws.CloseNow()
				_ = client.Close()
				peer.Wait()
			})
		})
	}
}

// The rest of a message that was under way when we closed must come soon, too.
func TestAConnectionThatWeCloseEndsSoonWhateverItSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sock, client := upgraded(t, &Config{PingInterval: time.Minute})
		var peer sync.WaitGroup
		peer.Go(func() {
			_, err := client.Write([]byte("\x81\xfe\x40\x00\x00\x00\x00\x00"))
			for err == nil {
				_, err = client.Write([]byte(" "))
				time.Sleep(time.Second / 2)
			}
		})
		peer.Go(func() {
			for b, err := make([]byte, 100), error(nil); err == nil; {
				_, err = client.Read(b)
			}
		})
		_, _, why := sock.read(1 << 20)
		if why == nil || why.Code != protocol.CodeIdle {
			t.Fatal(why)
		}
		began := time.Now()
		sock.Close(why)
		if took := time.Since(began); took > closeTimeout {
			t.Errorf("it took %v to close", took)
		}
		_ = client.Close()
		peer.Wait()
	})
}

func TestASilentConnectionIsGivenTwoAndAHalfPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sock, client := upgraded(t, &Config{PingInterval: time.Minute})
		go func() { // a message now and then, and then none
			for range 5 {
				time.Sleep(2 * time.Minute)
				_, _ = client.Write([]byte("\x81\x82\x00\x00\x00\x00{}"))
			}
		}()
		for range 5 {
			if frame, ok, why := sock.read(100); !ok || string(frame) != "{}" {
				t.Fatalf("%q, %v", frame, why)
			}
		}
		began := time.Now()
		_, ok, why := sock.read(100)
		if took := time.Since(began); ok || why == nil || why.Code != protocol.CodeIdle || took != 150*time.Second {
			t.Errorf("%t, %v after %v", ok, why, took)
		}
		_ = sock.ws.CloseNow()
		_ = client.Close()
	})
}

func TestAPlainSocketThatAnswersPingsStaysAndOneThatDoesNotGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sock, client := upgraded(t, &Config{PingInterval: time.Minute})
		pings := startPinger(sock, time.Minute)
		defer pings.stop()
		var peer sync.WaitGroup
		peer.Go(func() { // five pongs, and then none
			ping := make([]byte, 2)
			for n := 0; ; n++ {
				if _, err := io.ReadFull(client, ping); err != nil {
					return
				}
				if n < 5 {
					_, _ = client.Write([]byte("\x8a\x80\x00\x00\x00\x00"))
				}
			}
		})
		began := time.Now()
		_, ok, why := sock.read(100)
		if took := time.Since(began); ok || why == nil || why.Code != protocol.CodeIdle || took != 5*time.Minute+150*time.Second {
			t.Errorf("%t, %v after %v", ok, why, took)
		}
		_ = sock.ws.CloseNow()
		_ = client.Close()
		peer.Wait()
	})
}

func TestAWriteThatNobodyReadsIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		hurry time.Duration
		want  time.Duration
	}{
		"by itself":         {0, writeTimeout},
		"sooner if hurried": {time.Second, time.Second + hurryTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sock, client := upgraded(t, &Config{PingInterval: time.Minute})
				if c.hurry > 0 {
					go func() {
						time.Sleep(c.hurry)
						sock.Hurry()
					}()
				}
				began := time.Now()
				err := sock.Write([][]byte{[]byte("x")})
				if took := time.Since(began); err == nil || took != c.want {
					t.Errorf("%v after %v, want %v", err, took, c.want)
				}
				_ = sock.ws.CloseNow()
				_ = client.Close()
			})
		})
	}
}

func TestAReasonFitsIntoACloseFrame(t *testing.T) {
	for _, message := range []string{"", "short", strings.Repeat("x", 200), strings.Repeat("é", 200), "bad \xff UTF-8"} {
		synctest.Test(t, func(t *testing.T) {
			sock, client := upgraded(t, &Config{PingInterval: time.Minute})
			got := make(chan []byte, 1)
			go func() {
				b := make([]byte, 200)
				n, _ := client.Read(b)
				got <- b[:n]
				_ = client.Close()
			}()
			sock.Close(&protocol.Error{Code: protocol.CodeNotFound, Message: message}) // which has no close code
			frame := <-got
			if code := websocket.StatusCode(int(frame[2])<<8 | int(frame[3])); code != websocket.StatusCode(protocol.CloseInternal) {
				t.Errorf("%q: code %d", message, code)
			}
			want := "not_found: " + message
			reason := string(frame[4:])
			if len(frame) > 127 || int(frame[1]) != len(frame)-2 || !strings.HasPrefix(want, reason) || len(want) < 123 && message != "bad \xff UTF-8" && reason != want {
				t.Errorf("%q: reason %q", message, reason)
			}
		})
	}
}

// Items beyond one batch are written in several, and none is cut or lost.
func TestItemsLeaveInFramesOfABatchAtMost(t *testing.T) {
	for _, joined := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sock, client := upgraded(t, &Config{PingInterval: time.Minute})
			sock.joined = joined
			var items [][]byte
			var want []string
			for _, size := range []int{0, 1, 125, 126, 127, 65534, 65535, 65536, maxBatch, maxBatch + 1, 3, 0, 70000, 70000, 70000} {
				item := strings.Repeat("x", size)
				items, want = append(items, []byte(item)), append(want, item)
			}
			go func() {
				if err := sock.Write(items); err != nil {
					t.Error(err)
				}
				_ = sock.ws.CloseNow()
			}()
			ws := readFrames(t, client)
			var got []string
			for _, frame := range ws {
				if joined {
					if len(frame) > maxBatch+1 {
						t.Errorf("a frame of %d bytes", len(frame))
					}
					got = append(got, strings.Split(frame, "\n")...)
				} else {
					got = append(got, frame)
				}
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("joined %t: %d items came of %d", joined, len(got), len(want))
			}
			if joined && len(ws) == len(want) {
				t.Error("nothing was joined")
			}
			_ = client.Close()
		})
	}
}

// readFrames reads unmasked text frames until the connection ends.
func readFrames(t *testing.T, conn net.Conn) (frames []string) {
	t.Helper()
	in := bufio.NewReader(conn)
	for {
		op, err := in.ReadByte()
		if err != nil {
			return frames
		}
		if op != 0x81 {
			t.Fatalf("a frame begins with %x", op)
		}
		short, err := in.ReadByte()
		size, more := int(short), 0
		switch short {
		case 126:
			size, more = 0, 2
		case 127:
			size, more = 0, 8
		}
		for range more {
			var b byte
			b, err = in.ReadByte()
			size = size<<8 | int(b)
		}
		payload := make([]byte, size)
		for n := 0; n < size && err == nil; {
			var k int
			k, err = in.Read(payload[n:])
			n += k
		}
		if err != nil {
			t.Fatal(err)
		}
		if more == 2 && size < 126 || more == 8 && size < 1<<16 {
			t.Errorf("a size of %d took %d bytes", size, more)
		}
		frames = append(frames, string(payload))
	}
}
