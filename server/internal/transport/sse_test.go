package transport_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

// stream is an event stream being read.
type stream struct {
	*testing.T
	resp *http.Response
	in   *bufio.Reader
}

// stream opens one, and reads what comes first: when to come back, and where
// each of n channels stands.
func (r *rig) stream(query string, n int) *stream {
	r.t.Helper()
	req, err := http.NewRequestWithContext(within(r.t), http.MethodGet, r.server.URL+"/sse"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // it is, when the test ends
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		r.t.Fatal(resp.Status, resp.Header)
	}
	s := &stream{T: r.t, resp: resp, in: bufio.NewReader(resp.Body)}
	if got := s.event(); got != "retry: 1000\n" {
		r.t.Fatalf("the stream begins with %q", got)
	}
	for range n {
		got := s.event()
		for got == ":\n" { // a sign of life
			got = s.event()
		}
		if !strings.HasPrefix(got, "id: ") || strings.Contains(got, "data:") {
			r.t.Fatalf("a subscription begins with %q", got)
		}
	}
	return s
}

// event returns the lines up to the next empty one.
func (s *stream) event() string {
	s.Helper()
	var event strings.Builder
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			s.Fatal(err)
		}
		if line == "\n" {
			return event.String()
		}
		event.WriteString(line)
	}
}

func TestAnEventStreamCarriesDataAndPosition(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.stream("?channel=a", 1)
	for data, want := range map[string]string{
		`"hello"`:               "data: hello\n",
		`{"n": 1}`:              "data: {\"n\": 1}\n",
		`""`:                    "data: \n",
		`"a\nb\r\nc\rd\n"`:      "data: a\ndata: b\ndata: c\ndata: d\ndata: \n",
		`"id: 7\n\nevent: bad"`: "data: id: 7\ndata: \ndata: event: bad\n",
	} {
		p := r.publish("a", data)
		if got, want := s.event(), fmt.Sprintf("id: a@%s:%d:%s\n%s", p.Epoch, p.Offset, p.ID, want); got != want {
			t.Errorf("%s was heard as %q, want %q", data, got, want)
		}
	}
}

func TestAnEventOfSeveralChannelsTellsWhereAllStand(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.stream("?channel=a&channel=b", 2)
	a := r.publish("a", "1")
	first := fmt.Sprintf("a@%s:1:%s", a.Epoch, a.ID)
	if got, want := s.event(), "id: "+first+",b@:0:\ndata: 1\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	b := r.publish("b", "2")
	if got, want := s.event(), fmt.Sprintf("id: %s,b@%s:1:%s\ndata: 2\n", first, b.Epoch, b.ID); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAnEventStreamResumesBehindItsLastEvent(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var ids []string
	for n := range 4 {
		p := r.publish("a", fmt.Sprint(n))
		ids = append(ids, fmt.Sprintf("a@%s:%d:%s", p.Epoch, p.Offset, p.ID))
	}
	s := r.stream("?channel=a&since="+url.QueryEscape(ids[1]), 0)
	var heard []string
	for len(heard) < 2 {
		if e := s.event(); strings.Contains(e, "data: ") {
			heard = append(heard, e)
		}
	}
	for n, got := range heard {
		if want := fmt.Sprintf("id: %s\ndata: %d\n", ids[n+2], n+2); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestASilentEventStreamGivesSignsOfLife(t *testing.T) {
	t.Parallel()
	s := newRig(t, func(c *transport.Config) { c.PingInterval = 10 * time.Millisecond }).stream("", 1)
	for range 3 {
		if got := s.event(); got != ":\n" { // a comment
			t.Errorf("%q", got)
		}
	}
}

func TestAnEventStreamThatCannotBeIsAProblem(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	many := "?channel=c"
	for n := range protocol.DefaultLimits.Subscriptions {
		many += fmt.Sprintf("&channel=c%d", n)
	}
	for query, want := range map[string]protocol.Code{
		"?channel=No":         protocol.CodeChannelInvalid,
		"?channel=a&channel=": protocol.CodeChannelInvalid,
		many:                  protocol.CodeTooManySubscriptions,
		"?since=nonsense":     protocol.CodeBadRequest,
		"?since=a@:7:":        protocol.CodeBadRequest,
		"?since=a@e:-1:":      protocol.CodeBadRequest,
	} {
		if p, _ := problem(t, r.server.URL+"/sse"+query); p.Status != 400 || p.Code != want || p.Field == "" {
			t.Errorf("%.30s: %+v", query, p)
		}
	}
	if n := r.sessions.Count(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestAnEventStreamEndsWithTheRelay(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.stream("", 1)
	r.sessions.Drain()
	if rest, err := io.ReadAll(s.in); err != nil || !strings.HasSuffix(string(rest), "event: error\ndata: shutdown: the server is stopping; come back\n\n") {
		t.Errorf("%q, %v", rest, err)
	}
	if p, retryAfter := problem(t, r.server.URL+"/sse"); p.Status != 503 || p.Code != protocol.CodeShutdown || retryAfter == "" {
		t.Errorf("%+v", p)
	}
}

func TestAnEventStreamSaysThatRedisIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.redis.Close()
	s := r.stream("", 0)
	if got := s.event(); !strings.HasPrefix(got, "event: error\ndata: unavailable: ") {
		t.Errorf("%q", got)
	}
	if rest, err := io.ReadAll(s.in); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestAReaderOfAnEventStreamThatGoesIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.stream("", 1)
	_ = s.resp.Body.Close()
	eventually(t, "no session", func() bool { return r.sessions.Count() == 0 })
}

func TestAHeadOfAnEventStreamIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	req, err := http.NewRequestWithContext(within(t), http.MethodHead, r.server.URL+"/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Error(got)
	}
	eventually(t, "no session", func() bool { return r.sessions.Count() == 0 })
}
