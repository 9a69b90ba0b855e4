package transport_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

// raw is a WebSocket client without manners.
type raw struct {
	*testing.T
	net.Conn
	in *bufio.Reader
}

// rawDial sends an upgrade request and what comes behind it in one write.
func (r *rig) rawDial(subprotocol string, behind []byte) *raw {
	r.t.Helper()
	return r.rawDialAt("/ws", subprotocol, behind)
}

func (r *rig) rawDialAt(path, subprotocol string, behind []byte) *raw {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if subprotocol != "" {
		request += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	if _, err := conn.Write(append([]byte(request+"\r\n"), behind...)); err != nil {
		r.t.Fatal(err)
	}
	c := &raw{T: r.t, Conn: conn, in: bufio.NewReader(conn)}
	resp, err := http.ReadResponse(c.in, nil) //nolint:bodyclose // there is none
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatal(resp, err)
	}
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "" && !strings.Contains(subprotocol, got) {
		r.t.Fatalf("the server chose %q", got)
	}
	return c
}

// frame makes a masked frame: first is its first byte.
func frame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	default:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	b = append(b, 0, 0, 0, 0) // the mask that changes nothing
	return append(b, payload...)
}

const (
	finalText, firstText, middle, finalPing = 0x81, 0x01, 0x00, 0x89
	opText, opClose, opPing, opPong         = 1, 8, 9, 10
)

// next reads a frame.
func (c *raw) next() (op byte, payload string) {
	c.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(c.in, head); err != nil {
		c.Fatal(err)
	}
	size := uint64(head[1])
	switch head[1] {
	case 126:
		var n uint16
		if err := binary.Read(c.in, binary.BigEndian, &n); err != nil {
			c.Fatal(err)
		}
		size = uint64(n)
	case 127:
		if err := binary.Read(c.in, binary.BigEndian, &size); err != nil {
			c.Fatal(err)
		}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(c.in, b); err != nil {
		c.Fatal(err)
	}
	return head[0] & 0x0f, string(b)
}

func (c *raw) wantClose(want protocol.CloseCode) {
	c.Helper()
	for {
		op, payload := c.next()
		if op != opClose {
			continue
		}
		if got := protocol.CloseCode(binary.BigEndian.Uint16([]byte(payload))); got != want {
			c.Fatalf("closed with %d %q, not with %d", got, payload[2:], want)
		}
		return
	}
}

func TestAHastyClientsFirstFrameIsNotLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, size := range []int{0, 400, 600, 3000} { // within our buffer, and beyond it
		connect := `{"id":1,"connect":{"version":1}}` + strings.Repeat(" ", size)
		c := r.rawDial(protocol.Subprotocol, append(frame(finalText, connect), frame(finalText, `{"id":2,"ping":{}}`)...))
		answers := ""
		for strings.Count(answers, `"id":`) < 2 { // in one frame or in two
			_, payload := c.next()
			answers += payload
		}
		if !strings.Contains(answers, `{"id":1,"hello":`) || !strings.Contains(answers, `{"id":2,"pong":`) {
			t.Errorf("%d bytes behind it: %s", size, answers)
		}
	}
}

func TestACommandMayComeInPieces(t *testing.T) {
	t.Parallel()
	c := newRig(t, nil).rawDial(protocol.Subprotocol, nil)
	for _, piece := range [][]byte{
		frame(firstText, `{"id":1,"con`), frame(finalPing, "are you there"), frame(middle, ""), frame(middle, `nect":{"ver`), frame(0x80, `sion":1}}`),
	} {
		for i := range piece {
			if _, err := c.Write(piece[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if op, payload := c.next(); op != opPong || payload != "are you there" {
		t.Errorf("%d %s", op, payload)
	}
	if op, payload := c.next(); op != opText || !strings.Contains(payload, `"hello"`) {
		t.Errorf("%d %s", op, payload)
	}
}

func TestAPieceTooManyIsTooLarge(t *testing.T) {
	t.Parallel()
	c := newRig(t, nil).rawDial(protocol.Subprotocol, nil)
	first := byte(firstText)
	for range 5 {
		if _, err := c.Write(frame(first, strings.Repeat(" ", 32<<10))); err != nil {
			t.Fatal(err)
		}
		first = middle
	}
	c.wantClose(protocol.CloseTooLarge)
}

func TestAPlainSocketIsPingedAndOneThatDoesNotAnswerGoes(t *testing.T) {
	t.Parallel()
	c := newRig(t, func(c *transport.Config) { c.PingInterval = time.Second }).rawDial("", nil)
	if op, payload := c.next(); op != opPing || payload != "" {
		t.Fatalf("%d %s", op, payload)
	}
	c.wantClose(protocol.CloseIdle)
}

// Only the exact name is our protocol; the server must not agree to one and
// speak the other.
func TestAProtocolThatIsNotOursIsNotAgreedTo(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, offered := range []string{"chat", "FANLIGHT.V1", "fanlight.v2"} {
		s := r.dial("", offered)
		if got := s.ws.Subprotocol(); got != "" {
			t.Errorf("offered %s, the server took %q", offered, got)
		}
		s.listens(r, protocol.DefaultChannel)
	}
	c := r.rawDial("chat, "+protocol.Subprotocol, frame(finalText, `{"id":1,"connect":{"version":1}}`))
	if _, payload := c.next(); !strings.Contains(payload, `"hello"`) {
		t.Error(payload)
	}
}

func TestFramesOfEverySizeAreReadBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *transport.Config) { c.Limits.Message, c.Limits.Frame = 1<<20, 1<<20 })
	s := r.plain("?channel=a")
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 128 << 10, 128<<10 + 1, 300 << 10} {
		text := strings.Repeat("x", size)
		r.publish("a", fmt.Sprintf("%q", text))
		if got := s.text(); got != text {
			t.Errorf("sent %d bytes, %d came", size, len(got))
		}
	}
}
