package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

func TestTheConversationOfTheProtocolsDocumentation(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.dial("", protocol.Subprotocol)
	if got := s.ws.Subprotocol(); got != protocol.Subprotocol {
		t.Errorf("subprotocol %q", got)
	}
	s.send(`{"id":1,"connect":{"version":1,"flush":16}}`)
	hello := s.next()
	if h := hello.Hello; hello.ID != 1 || h == nil || h.Version != 1 || h.Build != "b1" || h.Client == "" || h.Ping != 60000 || h.Limits != protocol.DefaultLimits || time.Since(time.UnixMicro(h.Time)).Abs() > time.Minute {
		t.Fatalf("%+v", h)
	}
	s.send(`{"id":2,"subscribe":{"channel":"news"}}`)
	if m := s.reply(2); m.Subscribed == nil || m.Subscribed.Channel != "news" || m.Subscribed.Offset != 0 {
		t.Fatalf("%+v", m)
	}
	s.send(`{"id":3,"publish":{"channel":"news","data":{"n": 1},"key":"k"}}`)
	// The publication may come before the reply; both say the same.
	var published *protocol.Published
	var publication *protocol.Publication
	for published == nil || publication == nil {
		switch m := s.next(); {
		case m.Published != nil && m.ID == 3:
			published = m.Published
		case m.Publication != nil && m.ID == 0:
			publication = m.Publication
		default:
			t.Fatalf("%+v", m)
		}
	}
	if published.Position != publication.Position() || published.Offset != 1 || published.ID != publication.ID || string(publication.Data) != `{"n": 1}` || publication.Foreign {
		t.Errorf("%+v, %+v", published, publication)
	}
	s.send(`{"id":4,"publish":{"channel":"news","data":2,"key":"k"}}`)
	if m := s.reply(4); m.Published == nil || !m.Published.Duplicate || m.Published.Position != published.Position {
		t.Errorf("%+v", m.Published)
	}
	s.alive("5")
	s.send(`{"id":6,"unsubscribe":{"channel":"news"}}`)
	if m := s.reply(6); m.Unsubscribed == nil || m.Unsubscribed.Channel != "news" {
		t.Errorf("%+v", m)
	}
	r.publish("news", "3")
	s.alive("7") // and nothing before it
}

func TestARefusedCommandLeavesTheConnectionAsItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.v1()
	s.send(`{"id":2,"subscribe":{"channel":"a"}}`)
	if m := s.reply(2); m.Subscribed == nil {
		t.Fatalf("%+v", m)
	}
	big := strings.Repeat("x", protocol.DefaultLimits.Message)
	for _, c := range []struct {
		line  string
		id    uint64
		code  protocol.Code
		field string
		limit int
	}{
		{`what?`, 0, protocol.CodeBadFrame, "", 0},
		{`[]`, 0, protocol.CodeBadFrame, "", 0},
		{`null`, 0, protocol.CodeBadFrame, "", 0},
		{`{"id":9,"dance":{}}`, 9, protocol.CodeUnknownCommand, "", 0},
		{`{"id":9,"ping":{},"publish":{}}`, 9, protocol.CodeUnknownCommand, "", 0},
		{`{"ping":{}}`, 0, protocol.CodeBadRequest, "id", 0},
		{`{"id":9,"subscribe":{"channel":7}}`, 9, protocol.CodeBadRequest, "subscribe.channel", 0},
		{`{"id":9,"connect":{"version":1}}`, 9, protocol.CodeAlreadyConnected, "", 0},
		{`{"id":9,"subscribe":{"channel":"No"}}`, 9, protocol.CodeChannelInvalid, "channel", 0},
		{`{"id":9,"subscribe":{}}`, 9, protocol.CodeChannelInvalid, "channel", 0},
		{`{"id":9,"subscribe":{"channel":"a"}}`, 9, protocol.CodeAlreadySubscribed, "channel", 0},
		{`{"id":9,"unsubscribe":{"channel":"b"}}`, 9, protocol.CodeNotSubscribed, "channel", 0},
		{`{"id":9,"publish":{"channel":"No","data":1}}`, 9, protocol.CodeChannelInvalid, "channel", 0},
		{`{"id":9,"publish":{"channel":"a"}}`, 9, protocol.CodeBadRequest, "data", 0},
		{`{"id":9,"publish":{"channel":"a","data":1,"key":"` + strings.Repeat("k", 129) + `"}}`, 9, protocol.CodeBadRequest, "key", 128},
		{`{"id":9,"publish":{"channel":"a","data":"` + big + `"}}`, 9, protocol.CodeTooLarge, "data", protocol.DefaultLimits.Message},
	} {
		s.send(c.line)
		if e := s.wantError(c.id, c.code); e.Field != c.field || e.Limit != c.limit || e.Message == "" {
			t.Errorf("%.60s: %+v", c.line, e)
		}
		s.alive("10")
	}
	r.publish("a", `"still here"`)
	if m := s.next(); m.Publication == nil || string(m.Publication.Data) != `"still here"` {
		t.Errorf("%+v", m)
	}
}

func TestAFrameMayHoldSeveralCommands(t *testing.T) {
	t.Parallel()
	s := newRig(t, nil).dial("", protocol.Subprotocol)
	s.send("{\"id\":1,\"connect\":{\"version\":1}}\n\n{\"id\":2,\"ping\":{}}\r\nnonsense\n{\"id\":3,\"ping\":{}}\n")
	var got []string
	for range 4 {
		m := s.next()
		got = append(got, fmt.Sprintf("%d %t %t %t", m.ID, m.Hello != nil, m.Pong != nil, m.Error != nil))
	}
	if want := []string{"1 true false false", "2 false true false", "0 false false true", "3 false true false"}; !slices.Equal(got, want) {
		t.Errorf("answered %q", got)
	}
}

func TestAFlushIntervalMakesOneFrameOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.dial("", protocol.Subprotocol)
	s.send(`{"id":1,"connect":{"version":1,"flush":1000}}` + "\n" + `{"id":2,"subscribe":{"channel":"a"}}`)
	for s.next().Subscribed == nil {
	}
	r.publish("a", "0") // begins an interval, or falls into one
	var all sync.WaitGroup
	for n := 1; n < 20; n++ {
		all.Go(func() { r.publish("a", fmt.Sprint(n)) })
	}
	frames, came, began := 0, 0, time.Now()
	for came < 20 {
		frame := s.text()
		ms, err := protocol.DecodeMessages([]byte(frame))
		if err != nil || strings.Count(frame, "\n") != len(ms)-1 {
			t.Fatalf("%d messages in the frame %q: %v", len(ms), frame, err)
		}
		frames, came = frames+1, came+len(ms)
	}
	all.Wait()
	// One an interval, which is a second; and some to spare.
	if took := time.Since(began); frames > 5+int(took/time.Second) {
		t.Errorf("20 messages came in %d frames within %v", frames, took)
	}
}

func TestConnectionsThatEndAndWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*transport.Config)
		do     func(*socket)
		close  protocol.CloseCode
		code   protocol.Code
	}{
		"no connect in time": {func(c *transport.Config) { c.ConnectTimeout = time.Millisecond }, func(*socket) {}, 4003, protocol.CodeConnectTimeout},
		"a subscribe first": {nil, func(s *socket) {
			s.send(`{"id":1,"subscribe":{"channel":"a"}}`)
			s.wantError(1, protocol.CodeConnectRequired)
		}, 4501, protocol.CodeConnectRequired},
		"nonsense first":    {nil, func(s *socket) { s.send(`hello`); s.wantError(0, protocol.CodeBadFrame) }, 4501, protocol.CodeConnectRequired},
		"an old version":    {nil, func(s *socket) { s.send(`{"id":1,"connect":{"version":0}}`); s.wantError(1, protocol.CodeVersion) }, 4502, protocol.CodeVersion},
		"a version to come": {nil, func(s *socket) { s.send(`{"id":1,"connect":{"version":2}}`); s.wantError(1, protocol.CodeVersion) }, 4502, protocol.CodeVersion},
		"a flush below nothing": {nil, func(s *socket) {
			s.send(`{"id":1,"connect":{"version":1,"flush":-1}}`)
			s.wantError(1, protocol.CodeBadRequest)
		}, 4500, protocol.CodeBadRequest},
		"a flush too long": {nil, func(s *socket) {
			s.send(`{"id":1,"connect":{"version":1,"flush":1001}}`)
			s.wantError(1, protocol.CodeBadRequest)
		}, 4500, protocol.CodeBadRequest},
		"a binary frame": {nil, func(s *socket) {
			_ = s.ws.Write(within(s.T), websocket.MessageBinary, []byte(`{"id":1,"connect":{"version":1}}`))
		}, 1003, protocol.CodeBinary},
		"broken UTF-8":           {nil, func(s *socket) { s.send("{\"id\":1,\"connect\":{\"version\":1,\"x\":\"\xff\"}}") }, 1007, protocol.CodeInvalidUTF8},
		"a frame too large":      {nil, func(s *socket) { s.send(strings.Repeat(" ", protocol.DefaultLimits.Frame+1)) }, 1009, protocol.CodeTooLarge},
		"a frame much too large": {nil, func(s *socket) { s.send(strings.Repeat(" ", 4<<20)) }, 1009, protocol.CodeTooLarge},
		"silence":                {func(c *transport.Config) { c.PingInterval = 20 * time.Millisecond }, func(s *socket) { s.send(`{"id":1,"connect":{"version":1}}`) }, 4002, protocol.CodeIdle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRig(t, c.change).dial("", protocol.Subprotocol)
			c.do(s)
			s.wantClose(c.close, c.code)
		})
	}
}

func TestALargestFrameIsTaken(t *testing.T) {
	t.Parallel()
	s := newRig(t, nil).v1()
	frame := `{"id":2,"ping":{}}`
	s.send(frame + strings.Repeat(" ", protocol.DefaultLimits.Frame-len(frame)))
	if m := s.reply(2); m.Pong == nil {
		t.Errorf("%+v", m)
	}
}

func TestALargestMessageGoesThrough(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.v1()
	s.send(`{"id":2,"subscribe":{"channel":"a"}}`)
	s.reply(2)
	data := `"` + strings.Repeat("x", protocol.DefaultLimits.Message-2) + `"`
	s.send(`{"id":3,"publish":{"channel":"a","data":` + data + `}}`)
	for {
		m := s.next()
		if m.Error != nil {
			t.Fatal(m.Error)
		}
		if m.Publication != nil {
			if string(m.Publication.Data) != data {
				t.Errorf("%d bytes came", len(m.Publication.Data))
			}
			return
		}
	}
}

func TestAConnectionHasAtMostSoManySubscriptions(t *testing.T) {
	t.Parallel()
	s := newRig(t, func(c *transport.Config) { c.Limits.Subscriptions = 2 }).v1()
	s.send(`{"id":2,"subscribe":{"channel":"a"}}
{"id":3,"subscribe":{"channel":"b"}}
{"id":4,"subscribe":{"channel":"c"}}
{"id":5,"unsubscribe":{"channel":"a"}}
{"id":6,"subscribe":{"channel":"d"}}`)
	replies := make(map[uint64]protocol.Message)
	for len(replies) < 5 {
		m := s.next()
		replies[m.ID] = m
	}
	if e := replies[4].Error; e == nil || e.Code != protocol.CodeTooManySubscriptions || e.Limit != 2 {
		t.Errorf("the third: %+v", e)
	}
	if replies[6].Subscribed == nil {
		t.Errorf("after there was room again: %+v", replies[6].Error)
	}
}

func TestARelayThatStopsSendsItsConnectionsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	v1, plain := r.v1(), r.plain("")
	r.sessions.Drain()
	v1.wantClose(protocol.CloseShutdown, protocol.CodeShutdown)
	plain.wantClose(protocol.CloseShutdown, protocol.CodeShutdown)
	late := r.dial("", protocol.Subprotocol)
	late.wantClose(protocol.CloseShutdown, protocol.CodeShutdown)
	late = r.dial("", "")
	late.wantClose(protocol.CloseShutdown, protocol.CodeShutdown)
}

func TestAClientThatSaysGoodbyeIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, code := range []websocket.StatusCode{1000, 1001, 4321} {
		s := r.v1()
		if err := s.ws.Close(code, "bye"); err != nil {
			t.Errorf("%d: %v", code, err)
		}
		eventually(t, "no session", func() bool { return r.sessions.Count() == 0 })
	}
	s := r.v1()
	_ = s.ws.CloseNow()
	eventually(t, "no session", func() bool { return r.sessions.Count() == 0 })
}

// While Redis is away, commands fail one by one and the connection stays.
func TestAConnectionSurvivesARedisThatIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.v1()
	r.redis.Close()
	s.send(`{"id":2,"publish":{"channel":"a","data":1}}`)
	s.wantError(2, protocol.CodeUnavailable)
	s.send(`{"id":3,"subscribe":{"channel":"a"}}`)
	s.alive("4")
	s.wantError(3, protocol.CodeUnavailable)
	s.alive("5")
}

func TestASlowReaderIsSentAwayAndNobodyElseNotices(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *transport.Config) { c.Outbox = 64 << 10; c.Limits.Message = 1 << 20 })
	slow, quick := r.v1(), r.v1()
	for _, s := range []*socket{slow, quick} {
		s.send(`{"id":2,"subscribe":{"channel":"a"}}`)
		s.reply(2)
	}
	data := json.RawMessage(`"` + strings.Repeat("x", 32<<10) + `"`)
	read := make(chan int)
	go func() {
		n := 0
		defer func() { read <- n }()
		for {
			_, frame, err := quick.ws.Read(context.Background())
			if err != nil {
				return
			}
			ms, err := protocol.DecodeMessages(frame)
			if err != nil {
				t.Error(err)
			}
			for _, m := range ms {
				if m.Publication.Offset != uint64(n+1) {
					t.Errorf("after %d came %d", n, m.Publication.Offset)
				}
				n++
				read <- n
			}
		}
	}()
	// One at a time, so that the quick one is never behind; more in all than
	// the sockets of the slow one and its outbox hold.
	for published := 1; published <= 300; published++ {
		r.publish("a", string(data))
		if <-read != published {
			t.Fatal("the quick reader is not")
		}
	}
	eventually(t, "a slow reader that is gone", func() bool { return r.sessions.Count() == 1 })
	r.publish("a", "1")
	<-read
	_ = quick.ws.CloseNow()
	<-read
}

func TestASlowReaderThatReadsAgainIsToldWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *transport.Config) { c.Outbox = 64 << 10; c.Limits.Message = 1 << 20 })
	s := r.v1()
	s.send(`{"id":2,"subscribe":{"channel":"a"}}`)
	s.reply(2)
	data := json.RawMessage(`"` + strings.Repeat("x", 512<<10) + `"`)
	listens := func() bool { _, n := r.node.Count(); return n > 0 }
	for n := 0; n < 30 && listens(); n++ { // more than any socket buffers
		r.publish("a", string(data))
	}
	// From here on it has seconds to read.
	s.wantClose(protocol.CloseSlowConsumer, protocol.CodeSlowConsumer)
}
