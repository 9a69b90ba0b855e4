package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"

	"fanlight/server/relay"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// token returns a user's for this rig's relays.
func (g *rig) token(user string, grants map[string]any) string {
	g.t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": user, "exp": time.Now().Add(time.Hour).Unix(), "grants": grants,
	}).SignedString([]byte(g.secret))
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

// as sends a request with a token and returns the status.
func (s *site) as(token, method, path, body string) int {
	t := s.rig.t
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// auditLines reads an audit file.
func auditLines(t *testing.T, path string) (entries []ops.Entry) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		entries = append(entries, told[ops.Entry](t, line))
	}
	return entries
}

// openFile opens a file as the program opens that of -audit.
func openFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "audit.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestTheAuditTellsWhoAskedForWhatFromWhereAndNeverWhatWasSaid(t *testing.T) {
	g := newRig(t)
	g.secret = strings.Repeat("a secret for a test ", 2)
	file := openFile(t)
	g.ops = relay.Ops{Node: "one", Audit: true, AuditTo: file}
	s := g.site()
	watchman := g.token("watchman", map[string]any{"ops:*": []string{"subscribe"}})
	alice := g.token("alice", map[string]any{"room": []string{"subscribe", "publish", "history"}})

	// Listening takes a grant.
	stranger := s.v1Socket()
	stranger.say(fmt.Sprintf(`{"id":1,"connect":{"version":1,"token":%q}}`, alice))
	stranger.hears(`"hello":`)
	stranger.say(`{"id":2,"subscribe":{"channel":"ops:audit"}}`)
	stranger.hears("permission_denied")
	next := s.v1Socket().follow(ops.AuditChannel, watchman)

	stranger.say(`{"id":3,"subscribe":{"channel":"room"}}`)
	stranger.hears(`"subscribed"`)
	stranger.say(`{"id":4,"publish":{"channel":"room","data":"sesame","tags":{"sesame":"sesame"},"key":"sesame"}}`)
	for range 2 { // the answer, and the publication
		stranger.hears()
	}
	stranger.say(`{"id":5,"publish":{"channel":"elsewhere","data":"sesame"}}`)
	stranger.hears("permission_denied")
	stranger.say(`{"id":6,"unsubscribe":{"channel":"room"}}`)
	stranger.hears(`"unsubscribed"`)
	if code := s.as(alice, http.MethodPost, "/publish", `{"channel":"room","data":"sesame"}`); code != http.StatusOK {
		t.Error(code)
	}
	if code := s.as(alice, http.MethodGet, "/history?channel=room&filter="+"sesame%3D%3D1", ""); code != http.StatusOK {
		t.Error(code)
	}
	if code := s.as("sesame", http.MethodGet, "/sse?channel=room", ""); code != http.StatusUnauthorized {
		t.Error(code)
	}
	if code := s.as(alice, http.MethodPost, "/publish", `{"channel":"room","data":"sesame"`); code == http.StatusOK {
		t.Error(code)
	}
	plain := s.dial("/ws?channel=room", nil)
	plain.say("sesame")
	plain.isClosed(protocol.ClosePermission)

	from := func(user, way, op, outcome, channel string) ops.Entry {
		return ops.Entry{Count: 1, Op: op, Outcome: outcome, Channel: channel, User: user, From: "127.0.0.1", Way: way}
	}
	first, second := from("alice", ops.WayV1, "publish", "ok", "room"), from("alice", ops.WayHTTP, "publish", "ok", "room")
	first.Offset, second.Offset = 1, 2
	want := []ops.Entry{
		from("alice", ops.WayV1, "subscribe", "permission_denied", ops.AuditChannel),
		from("watchman", ops.WayV1, "subscribe", "ok", ops.AuditChannel),
		from("alice", ops.WayV1, "subscribe", "ok", "room"),
		first,
		from("alice", ops.WayV1, "publish", "permission_denied", "elsewhere"),
		from("alice", ops.WayV1, "unsubscribe", "ok", "room"),
		second,
		from("alice", ops.WayHTTP, "history", "ok", "room"),
		from("", ops.WaySSE, "subscribe", "unauthorized", "room"),
		from("alice", ops.WayHTTP, "publish", "data_invalid", protocol.DefaultChannel),
		from("", ops.WayPlain, "subscribe", "permission_denied", "room"),
	}
	// What the watchman was told until that is all there. The first may have been
	// told before it listened, and is in the file.
	var heard []ops.Entry
	ended := func(e ops.Entry) bool { return e.Way == ops.WayPlain }
	for !slices.ContainsFunc(heard, ended) {
		data := next()
		if strings.Contains(data, "sesame") {
			t.Errorf("it tells what was said: %s", data)
		}
		a := told[ops.Audit](t, data)
		if a.Node != "one" || a.Lost != 0 || len(a.Entries) == 0 {
			t.Errorf("%+v", a)
		}
		heard = append(heard, a.Entries...)
	}
	s.stop()
	inFile := auditLines(t, file.Name())
	if b, _ := os.ReadFile(file.Name()); strings.Contains(string(b), "sesame") {
		t.Errorf("the file tells what was said: %s", b)
	}
	began := time.Now().Add(-patience).UnixMilli()
	same := func(all []ops.Entry) (plain []ops.Entry) {
		for _, e := range all {
			if e.Way == ops.WayInside {
				continue // the game's referee
			}
			if e.At < began || e.At > time.Now().UnixMilli() || (e.Epoch == "") != (e.Offset == 0) {
				t.Errorf("%+v", e)
			}
			e.At, e.Node, e.Epoch = 0, "", ""
			plain = append(plain, e)
			if ended(e) {
				break // the rest is how all of them leave
			}
		}
		return plain
	}
	if got := same(inFile); !slices.Equal(got, want) {
		t.Errorf("the file has\n%s\nwant\n%s", show(got), show(want))
	}
	got := same(heard)
	if missing := len(want) - len(got); missing > 2 || !slices.Equal(got, want[max(missing, 0):]) {
		t.Errorf("the watchman was told\n%s\nwant\n%s", show(got), show(want))
	}
	if !slices.ContainsFunc(inFile, func(e ops.Entry) bool { return e.Op == ops.OpUnsubscribe && e.User == "watchman" }) {
		t.Error("that the relay's end ended the watchman's subscription is not in the file")
	}
}

// show writes a line for each.
func show(entries []ops.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		line, _ := json.Marshal(e)
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func TestAManyTimesRepeatedPublishTakesFewEntriesAndNoneOfItsOwn(t *testing.T) {
	g := newRig(t)
	g.ops = relay.Ops{Audit: true}
	s := g.site()
	next := s.v1Socket().follow(ops.AuditChannel, "")
	const many = 2000
	for i := 0; i < many; i += protocol.MaxBatch {
		s.publishesTagged("room", quiet, i, protocol.MaxBatch)
	}
	s.publishes("the:end", 1, 1)
	messages, count, offset := 0, 0, uint64(0)
	for end := false; !end; {
		messages++
		for _, e := range told[ops.Audit](t, next()).Entries {
			switch {
			case e.Channel == "the:end":
				end = true
			case e.Channel == "room":
				if e.Offset != offset+1 || e.Count != int(max(e.Last, e.Offset)-e.Offset)+1 {
					t.Errorf("%+v does not follow on %d", e, offset)
				}
				count, offset = count+e.Count, max(e.Last, e.Offset)
			case e.Channel == ops.AuditChannel && e.Op == ops.OpPublish:
				t.Errorf("it audits itself: %+v", e)
			}
		}
	}
	if count != many || messages > 100 {
		t.Errorf("%d were counted in %d messages", count, messages)
	}
}

func TestTheProgramTellsUnderItsNameAndAppendsToItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	p := start(t, "-addr", "127.0.0.1:0", "-embedded-addr", "127.0.0.1:0", "-ops-addr", "127.0.0.1:0", "-node", "relay-1", "-audit", path)
	where := p.says(`Open +(http://127\.0\.0\.1:\d+)$`)
	metrics := p.says(`Metrics and profiles +(http://127\.0\.0\.1:\d+/metrics)$`)
	eventually(t, "it is ready", func() bool { return status(where+"/readyz") == 200 })
	s := &site{rig: &rig{t: t, redis: redis.NewClient(&redis.Options{})}, addr: strings.TrimPrefix(where, "http://")}
	t.Cleanup(func() { _ = s.rig.redis.Close() })
	next := s.v1Socket().follow(ops.MetricsChannel, "")
	for range 2 {
		if got := told[ops.Sample](t, next()); got.Node != "relay-1" || !got.Ready || got.Build != s.build() {
			t.Errorf("%+v", got)
		}
	}
	_, body := get(t, metrics)
	for _, name := range []string{
		"fanlight_outbox_high_water_bytes ", "fanlight_slow_consumers_total 0", "fanlight_report_publish_seconds 0.",
		`fanlight_audit_lost_total{to="channel"} 0`, `fanlight_audit_lost_total{to="file"} 0`,
	} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("the metrics lack %s", name)
		}
	}
	has := func(channel string) func() bool {
		return func() bool {
			return slices.ContainsFunc(auditLines(t, path), func(e ops.Entry) bool { return e.Channel == channel && e.Node == "relay-1" })
		}
	}
	s.publishes("before", 1, 1)
	eventually(t, "the file has it", has("before"))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// It is rotated by a copy, and cut while it is open.
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	s.publishes("after", 1, 1)
	eventually(t, "the file has what came after", has("after"))
	if has("before")() {
		t.Error("what was cut is there")
	}
}
