package transport_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

func TestAPlainSocketHearsDataAndNothingAroundIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	a := r.plain("")
	b := r.plain("", a)
	for data, want := range map[string]string{
		`"Hello WebSocket!"`: "Hello WebSocket!",
		`{"n": 1}`:           `{"n": 1}`,
		`[1,2]`:              `[1,2]`,
		`null`:               `null`,
		`""`:                 ``,
		`"two\nlines é"`:     "two\nlines é",
	} {
		r.publish(protocol.DefaultChannel, data)
		for _, s := range []*socket{a, b} {
			if got := s.text(); got != want {
				t.Errorf("%s was heard as %q", data, got)
			}
		}
	}
}

func TestAPlainSocketListensToTheChannelsItNames(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.plain("?channel=a&channel=b&channel=a")
	eventually(t, "two subscriptions", func() bool { _, n := r.node.Count(); return n == 2 })
	r.publish("c", `"not for it"`)
	r.publish("a", `"a"`)
	if got := s.text(); got != "a" {
		t.Error(got)
	}
}

func TestWhatAPlainSocketSaysIsPublishedToItsFirstChannel(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.plain("?channel=a&channel=b")
	other := r.plain("?channel=a", s)
	var want []string
	for i := range 50 {
		text := fmt.Sprintf("message %d\n\"<é>", i)
		s.send(text)
		want = append(want, text)
	}
	for _, listener := range []*socket{s, other} {
		for _, text := range want {
			if got := listener.text(); got != text {
				t.Fatalf("heard %q, want %q", got, text)
			}
		}
	}
	s.send("{\"n\":\n1}")
	if got := other.text(); got != `{"n":1}` {
		t.Errorf("JSON came out as %q", got)
	}
	s.send("")
	if got := other.text(); got != "" {
		t.Errorf("nothing came out as %q", got)
	}
}

func TestAPlainSocketHearsOtherPrograms(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.plain("")
	opt, err := redis.ParseURL(r.redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	defer func() { _ = c.Close() }()
	for _, payload := range []string{"\xff\xfe", "hello", strings.Repeat("x", protocol.DefaultLimits.Message+1), `{"n":1}`} {
		if err := c.Publish(context.Background(), protocol.DefaultChannel, payload).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"hello", `{"n":1}`} {
		if got := s.text(); got != want {
			t.Errorf("heard %.50q, want %q", got, want)
		}
	}
}

func TestPlainSocketsThatEndAndWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	many := "?channel=c"
	for n := range protocol.DefaultLimits.Subscriptions {
		many += fmt.Sprintf("&channel=c%d", n)
	}
	for name, c := range map[string]struct {
		query string
		do    func(*socket)
		close protocol.CloseCode
		code  protocol.Code
	}{
		"a bad channel":        {"?channel=No", func(*socket) {}, 4500, protocol.CodeChannelInvalid},
		"a bad second channel": {"?channel=a&channel=", func(*socket) {}, 4500, protocol.CodeChannelInvalid},
		"too many channels":    {many, func(*socket) {}, 4500, protocol.CodeTooManySubscriptions},
		"a message too large":  {"", func(s *socket) { s.send(strings.Repeat("x", protocol.DefaultLimits.Message)) }, 1009, protocol.CodeTooLarge},
		"a frame too large":    {"", func(s *socket) { s.send(strings.Repeat("x", protocol.DefaultLimits.Frame+1)) }, 1009, protocol.CodeTooLarge},
		"broken UTF-8":         {"", func(s *socket) { s.send("\xff") }, 1007, protocol.CodeInvalidUTF8},
		"a binary frame":       {"", func(s *socket) { _ = s.ws.Write(within(s.T), websocket.MessageBinary, []byte("x")) }, 1003, protocol.CodeBinary},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.dial(c.query, "")
			s.T = t
			c.do(s)
			s.wantClose(c.close, c.code)
		})
	}
}

func TestAPlainSocketIsSentAwayWhileRedisIs(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	listening := r.plain("")
	r.redis.Close()
	listening.send("hello")
	listening.wantClose(protocol.CloseUnavailable, protocol.CodeUnavailable)
	r.dial("", "").wantClose(protocol.CloseUnavailable, protocol.CodeUnavailable)
}

func TestAPlainSocketIsSentAwayWhenRedisWasFlushed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.plain("")
	opt, err := redis.ParseURL(r.redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	defer func() { _ = c.Close() }()
	if err := c.FlushAll(within(t)).Err(); err != nil {
		t.Fatal(err)
	}
	r.publish(protocol.DefaultChannel, `"of another life"`)
	s.wantClose(protocol.CloseGap, protocol.CodeGap)
}
