package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"fanlight/e2e/leak"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { leak.Main(m) }

// echo is a server that says what it hears.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func start(t *testing.T, cfg Config) *Proxy {
	t.Helper()
	p, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func connect(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// say sends a text and expects it back.
func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	hear(t, c, text)
}

func hear(t *testing.T, c net.Conn, text string) {
	t.Helper()
	b := make([]byte, len(text))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != text {
		t.Fatalf("heard %q, %v", b, err)
	}
}

// silent expects nothing to come for a moment: there is no event to wait for.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if n, err := c.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("it is not silent: %d bytes, %v", n, err)
	}
}

func ended(c net.Conn) error {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, err := c.Read(make([]byte, 1))
	return err
}

func TestBytesPassBothWays(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	c := connect(t, p)
	say(t, c, "hello")
	say(t, c, strings.Repeat("long", 100_000)[:1000])
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := ended(c); err != io.EOF {
		t.Errorf("the end did not pass: %v", err)
	}
	if err := p.Await(t.Context(), func(now, ever int) bool { return now == 0 && ever == 1 }); err != nil {
		t.Error(err)
	}
}

func TestACutIsAGoodbyeAndAResetIsNot(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	c := connect(t, p)
	say(t, c, "a")
	if n := p.Cut(Any); n != 1 {
		t.Errorf("%d connections cut", n)
	}
	if err := ended(c); err != io.EOF {
		t.Errorf("after a cut: %v", err)
	}
	c = connect(t, p)
	say(t, c, "b")
	p.Reset(Any)
	if err := ended(c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after a reset: %v", err)
	}
}

func TestWhoIsRefusedCanComeLater(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	old := connect(t, p)
	say(t, old, "a")
	p.Refuse(true)
	// The reset may arrive before the dial has returned.
	if c, err := net.Dial("tcp", p.Addr()); err == nil {
		if err := ended(c); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("refused: %v", err)
		}
	} else if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("refused: %v", err)
	}
	say(t, old, "still here")
	p.Refuse(false)
	say(t, connect(t, p), "b")
}

func TestWhatIsStalledComesLater(t *testing.T) {
	for _, way := range []Way{Up, Down, Up | Down} {
		p := start(t, Config{Target: echo(t)})
		c := connect(t, p)
		say(t, c, "a")
		p.Stall(way)
		again := connect(t, p)
		for _, c := range []net.Conn{c, again} {
			if _, err := c.Write([]byte("held")); err != nil {
				t.Fatal(err)
			}
			silent(t, c)
		}
		p.Flow()
		hear(t, c, "held")
		hear(t, again, "held")
	}
}

func TestAHalfOpenConnectionIsDeadWhileANewOneWorks(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	c := connect(t, p)
	say(t, c, "a")
	if n := p.StallExisting(Any, Up|Down); n != 1 {
		t.Fatalf("%d connections stalled", n)
	}
	if _, err := c.Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	say(t, connect(t, p), "works")
	silent(t, c)
}

func TestBytesPassInSlices(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	p.Slice(3, time.Millisecond)
	c := connect(t, p)
	began := time.Now()
	say(t, c, strings.Repeat("x", 60))
	if took := time.Since(began); took < 19*time.Millisecond {
		t.Errorf("20 slices took %v", took)
	}
}

func TestAClosedProxyLeavesNothingBehind(t *testing.T) {
	p := start(t, Config{Target: echo(t)})
	c := connect(t, p)
	say(t, c, "a")
	p.Stall(Up | Down)
	if _, err := c.Write([]byte("held")); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if err := ended(c); err == nil {
		t.Error("the connection outlives the proxy")
	}
}

func redisThrough(t *testing.T) (*Proxy, *redis.Client, *miniredis.Miniredis) {
	mini := miniredis.RunT(t)
	p := start(t, Config{Target: mini.Addr(), Redis: true})
	rdb := redis.NewClient(&redis.Options{Addr: p.Addr(), MaxRetries: -1, Protocol: 2})
	t.Cleanup(func() { _ = rdb.Close() })
	return p, rdb, mini
}

func TestACommandIsCarriedOutAndItsReplyLost(t *testing.T) {
	p, rdb, mini := redisThrough(t)
	dropped := p.DropReply(func(command []string) bool { return slices.Contains(command, "second") })
	pipe := rdb.Pipeline()
	first, second := pipe.Set(t.Context(), "a", "first", 0), pipe.Set(t.Context(), "b", "second", 0)
	if _, err := pipe.Exec(t.Context()); err == nil {
		t.Error("no reply was lost")
	}
	<-dropped
	if second.Err() == nil {
		t.Errorf("first: %v, second: %v", first.Err(), second.Err())
	}
	mini.CheckGet(t, "a", "first")
	mini.CheckGet(t, "b", "second")
	if err := rdb.Set(t.Context(), "c", "second", 0).Err(); err != nil {
		t.Errorf("a second reply was lost: %v", err)
	}
}

func TestConnectionsThatListenAreToldApart(t *testing.T) {
	p, rdb, _ := redisThrough(t)
	sub := rdb.Subscribe(t.Context(), "news")
	defer func() { _ = sub.Close() }()
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := rdb.Publish(t.Context(), "news", strings.Repeat("x", 100_000)).Err(); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.ReceiveMessage(t.Context()); err != nil || len(m.Payload) != 100_000 {
		t.Fatal(err)
	}
	if l, a := p.Conns(Listening), p.Conns(Asking); l != 1 || a != 1 {
		t.Fatalf("%d listen and %d ask", l, a)
	}
	p.Reset(Listening)
	if err := rdb.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the other kind was reset, too: %v", err)
	}
	if _, err := sub.ReceiveTimeout(t.Context(), patience); err == nil {
		t.Error("it was not reset")
	}
}

// Whatever the bytes are, reading them ends, and what is read is what was there.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n", "+OK\r\n", "$-1\r\n", "*-1\r\n", ":12\r\n", "-ERR no\r\n",
		"%1\r\n+a\r\n:1\r\n", ">2\r\n+x\r\n_\r\n", "*1000000000\r\n", "$9999999999\r\n", "*1\r\n*1\r\n*0\r\n", "\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bufio.NewReader(bytes.NewReader(b))
		for {
			v, err := read(in)
			if err != nil {
				return
			}
			if !bytes.HasPrefix(b, v.raw) {
				t.Fatalf("read %q of %q", v.raw, b)
			}
			b = b[len(v.raw):]
		}
	})
}
