package attacks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// logged is what the program has written to standard error so far.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Logs are kept, sent around and searched by machines: they tell what happened,
// and neither what was said nor anything that lets somebody in.
func TestLogsAreALineOfJSONAnEventAndTellNoSecrets(t *testing.T) {
	const payload = "zebra-crossing"
	args := []string{"-log-level", "debug", "-log-format", "json", "-jwt-secret", secret}
	at := os.Getenv("FANLIGHT_TEST_REDIS_URL")
	if at == "" {
		at = "redis://" + miniredis.RunT(t).Addr() // the one inside takes nobody else here
		args = append(args, "-redis", at)
	}
	s := start(t, args...)
	secrets := []string{payload, secret}
	token := func(sub string) string {
		text := mint(t, sub)
		// The head is everybody's; the claims and the signature are not.
		secrets = append(secrets, strings.Split(text, ".")[1:]...)
		return text
	}
	rude := "\"quoted\"\nand \x1b[31mred"
	body := `{"channel":"room:1","data":"` + payload + `"}`

	s.wants(s.post("/publish", body), 403, `"permission_denied"`)
	s.token = token("alice")
	s.wants(s.post("/publish", body), 200, `"success"`)
	s.wants(s.post("/publish", `{"channel":`+quoted(t, rude)+`,"data":"`+payload+`"}`), 400, `"channel_invalid"`)
	s.wants(s.get("/history?channel="+url.QueryEscape(rude)+"&filter="+payload), 400, `"channel_invalid"`)
	s.wants(s.get("/filter?expression="+payload+"+%3D%3D"), 200, `"error"`)
	s.wants(s.post("/publish", payload+` {"data":`), 400, `"data_invalid"`)

	ticket := s.post("/ticket", "")
	s.wants(ticket, 200, `"ticket"`)
	var buys struct{ Ticket string }
	if err := json.Unmarshal([]byte(ticket.body), &buys); err != nil || buys.Ticket == "" {
		t.Fatal(ticket.body, err)
	}
	secrets = append(secrets, buys.Ticket)
	s.token = ""
	for _, want := range []int{200, 401} { // the second time it is worth nothing
		if got := s.status("/sse?channel=room:1&ticket=" + buys.Ticket); got != want {
			t.Errorf("a ticket is answered with %d, not %d", got, want)
		}
	}
	s.token = token("mallory") + payload
	s.wants(s.post("/publish", body), 401, `"unauthorized"`)
	s.token = token(rude)
	w := s.connected()
	w.says(`{"id":2,"subscribe":{"channel":"room:1"}}`)
	w.hears(`"subscribed"`)
	w.says(`{"id":3,"publish":{"channel":"room:1","data":"` + payload + `","x":` + "\n")
	w.says(`{"id":4,"refresh":{"token":"` + token("bob") + `"}}`)
	w.hears(`{"id":4,"error":`)

	opt, err := redis.ParseURL(at)
	if err != nil {
		t.Fatal(err)
	}
	opt.Protocol = 2
	rdb := redis.NewClient(opt)
	defer func() { _ = rdb.Close() }()
	if err := rdb.Publish(t.Context(), s.prefix+"room:1", payload+"\xff").Err(); err != nil {
		t.Fatal(err)
	}
	s.eventually("the foreign message is dropped", func() bool { return strings.Contains(s.logged.String(), "dropped a message") })
	s.stop()

	lines := strings.SplitAfter(strings.TrimSuffix(s.logged.String(), "\n"), "\n")
	for _, line := range lines {
		var event struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Time == "" || event.Level == "" || event.Msg == "" {
			t.Errorf("%q is no event: %v", line, err)
		}
		for _, one := range secrets {
			if strings.Contains(line, one) {
				t.Errorf("%q tells %q", line, one)
			}
		}
	}
	if len(lines) < 2 {
		t.Errorf("it logs only %q", lines) // that it stops, and the message
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// status makes a request and returns the status alone: what follows it may have
// no end.
func (s *site) status(path string) (status int) {
	s.Helper()
	c := s.raw()
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, s.addr)
	if _, err := fmt.Fscanf(c, "HTTP/1.1 %d", &status); err != nil {
		s.Fatal(err)
	}
	return status
}
