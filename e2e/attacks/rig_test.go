package attacks_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/leak"
	"fanlight/shared/protocol"
)

// patience is how long anything may take that should happen at once, on a machine
// with much else to do.
const patience = time.Minute

// program is the path of a fanlight that was built for these tests.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fanlight-attacks-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "fanlight")
	if out, err := exec.Command("go", "build", "-o", program, "fanlight/server").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	http.DefaultClient.CloseIdleConnections()
	if err := leak.Find(); err != nil && code == 0 {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// site is a program that runs, seen from one address.
type site struct {
	*testing.T
	addr, ops string
	prefix    string // of channels in Redis
	greeting  string // what it has printed, up to where its metrics are
	from      net.IP // nil is wherever
	token     string

	logged *logged
	stop   func() // ends the program, and waits; more than once is harmless
}

// start runs the program until the test ends, and waits until it is ready.
func start(t *testing.T, args ...string) *site {
	t.Helper()
	s := startUnready(t, args...)
	s.eventually("it is ready", func() bool { return s.get("/readyz").status == http.StatusOK })
	return s
}

func startUnready(t *testing.T, args ...string) *site {
	t.Helper()
	args = append([]string{"-addr", "127.0.0.1:0", "-ops-addr", "127.0.0.1:0", "-embedded-addr", "127.0.0.1:0"}, args...)
	s := &site{T: t, logged: &logged{}}
	if url := os.Getenv("FANLIGHT_TEST_REDIS_URL"); url != "" {
		s.prefix = fmt.Sprintf("attacks%d.", time.Now().UnixNano())
		args = append(args, "-redis", url, "-prefix", s.prefix)
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = io.MultiWriter(t.Output(), s.logged)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	t.Cleanup(s.stop)
	lines := bufio.NewScanner(out)
	for s.ops == "" && lines.Scan() {
		s.greeting += lines.Text() + "\n"
		if m := regexp.MustCompile(`^Fanlight .* http://(\S+)$`).FindStringSubmatch(lines.Text()); m != nil {
			s.addr = m[1]
		}
		if m := regexp.MustCompile(`^Metrics .* http://(\S+)/metrics$`).FindStringSubmatch(lines.Text()); m != nil {
			s.ops = m[1]
		}
	}
	if s.addr == "" || s.ops == "" {
		t.Fatal("it does not say where it is")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

// as returns the site as another address sees it.
func (s *site) as(ip string) *site {
	other := *s
	other.from = net.ParseIP(ip)
	return &other
}

func (s *site) eventually(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatal("it never came to be: ", what)
		}
	}
}

// dialer comes from the site's address.
func (s *site) dialer() *net.Dialer {
	d := &net.Dialer{Timeout: patience}
	if s.from != nil {
		d.LocalAddr = &net.TCPAddr{IP: s.from}
	}
	return d
}

// raw opens a TCP connection.
func (s *site) raw() net.Conn {
	s.Helper()
	c, err := s.dialer().Dial("tcp", s.addr)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// answer is what an HTTP request got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) get(path string, headers ...string) answer {
	s.Helper()
	return s.request(http.MethodGet, path, "", headers...)
}

func (s *site) post(path, body string, headers ...string) answer {
	s.Helper()
	return s.request(http.MethodPost, path, body, headers...)
}

// request makes a request on a connection of its own; headers are names and
// values in turn.
func (s *site) request(method, path, body string, headers ...string) answer {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Close = true
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DialContext: s.dialer().DialContext, DisableCompression: true}, Timeout: patience}
	resp, err := client.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// wants checks an answer's status and that it says something.
func (s *site) wants(a answer, status int, says ...string) {
	s.Helper()
	for _, part := range says {
		if a.status != status || !strings.Contains(a.body, part) {
			s.Fatalf("%d %s, not %d %s", a.status, a.body, status, part)
		}
	}
}

// socket is a WebSocket.
type socket struct {
	*site
	ws *websocket.Conn
}

// try opens a WebSocket, or returns what was answered instead.
func (s *site) try(subprotocols ...string) (*socket, answer) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	transport := &http.Transport{DialContext: s.dialer().DialContext}
	ws, resp, err := websocket.Dial(ctx, "ws://"+s.addr+"/ws", &websocket.DialOptions{ //nolint:bodyclose // one that is refused is read; one that is not has none
		Subprotocols: subprotocols, HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		if resp == nil {
			s.Fatal(err)
		}
		defer transport.CloseIdleConnections()
		b, _ := io.ReadAll(resp.Body)
		return nil, answer{resp.StatusCode, resp.Header, string(b)}
	}
	s.Cleanup(func() { _ = ws.CloseNow() })
	ws.SetReadLimit(-1)
	return &socket{s, ws}, answer{}
}

// v1 opens a fanlight.v1 connection; connected says connect, and waits for hello.
func (s *site) v1() *socket {
	s.Helper()
	w, a := s.try(protocol.Subprotocol)
	if w == nil {
		s.Fatalf("no WebSocket, but %d %s", a.status, a.body)
	}
	return w
}

func (s *site) connected() *socket {
	s.Helper()
	w := s.v1()
	w.says(`{"id":1,"connect":{"version":1,"token":"` + s.token + `"}}`)
	w.hears(`"hello"`)
	return w
}

// says sends a frame; that the other side has hung up is not its concern.
func (w *socket) says(frame string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = w.ws.Write(ctx, websocket.MessageText, []byte(frame))
}

// hears reads until a frame holds the text, and returns it.
func (w *socket) hears(text string) string {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_, frame, err := w.ws.Read(ctx)
		if err != nil {
			w.Fatalf("waiting for %s: %v", text, err)
		}
		for line := range bytes.Lines(frame) {
			if strings.Contains(string(line), text) {
				return string(line)
			}
		}
	}
}

// isClosed reads until the connection ends, and checks the code.
func (w *socket) isClosed(code protocol.CloseCode) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_, _, err := w.ws.Read(ctx)
		if err == nil {
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.StatusCode(code) {
			w.Fatalf("it ended with %v, not with %d", err, code)
		}
		return
	}
}

// frames opens a WebSocket of which the frames are ours to write.
func (s *site) frames() (net.Conn, *bufio.Reader) {
	s.Helper()
	c := s.raw()
	_, err := io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: "+s.addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
	if err != nil {
		s.Fatal(err)
	}
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil) //nolint:bodyclose // a switch of protocols has none
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		s.Fatalf("no WebSocket: %v, %v", resp, err)
	}
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		s.Errorf("it takes %s: a few bytes could become many", got)
	}
	return c, r
}

// closeCode reads what the server writes until it closes, and returns the code,
// 0 if it hangs up without one.
func closeCode(r io.Reader) protocol.CloseCode {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			return 0
		}
		size := int64(head[1])
		if size > 125 {
			more := make([]byte, map[int64]int{126: 2, 127: 8}[size])
			if _, err := io.ReadFull(r, more); err != nil {
				return 0
			}
			size = 0
			for _, b := range more {
				size = size<<8 | int64(b)
			}
		}
		if head[0] != 0x88 || size < 2 {
			if _, err := io.CopyN(io.Discard, r, size); err != nil {
				return 0
			}
			continue
		}
		code := make([]byte, 2)
		_, _ = io.ReadFull(r, code)
		return protocol.CloseCode(int(code[0])<<8 | int(code[1]))
	}
}
