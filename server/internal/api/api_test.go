package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fanlight/e2e/port"
	"fanlight/server/internal/api"
	"fanlight/server/internal/broker"
	"fanlight/server/internal/embedded"
	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// rig is the API of a relay on an embedded Redis.
type rig struct {
	*testing.T
	redis   *embedded.Redis
	node    *node.Node
	handler http.Handler
}

// limits are small, so that tests need not send much to pass them.
var limits = protocol.Limits{Message: 100, Frame: 1000, Subscriptions: 3}

func newRig(t *testing.T) *rig {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	free, err := port.Free() // and nobody else's when the test takes its Redis away
	if err != nil {
		t.Fatal(err)
	}
	redis, err := embedded.Start(port.Addr(free), log)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.New(node.Config{
		Broker: broker.Config{URL: redis.URL(), Log: log, MessageLimit: limits.Message, ProbeInterval: 20 * time.Millisecond},
		Limits: limits, CheckInterval: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = n.Close()
		redis.Close()
	})
	r := &rig{T: t, redis: redis, node: n}
	a := &api.API{
		Node: n, Embedded: true, Build: "b1",
		Stream: func(http.ResponseWriter, *http.Request) error { return errors.New("a secret of ours") },
		WebSocket: func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusTeapot)
			return nil
		},
		Fallback: http.HandlerFunc(api.NotFound),
	}
	r.handler = a.Handler()
	return r
}

// call makes a request; headers are names and values in turn.
func (r *rig) call(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return w
}

// read decodes a response that is JSON of a type.
func read[T any](t *testing.T, resp *httptest.ResponseRecorder, contentType string) (v T) {
	t.Helper()
	body := resp.Body.Bytes()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for name, want := range map[string]string{"Content-Type": contentType, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header().Get(name); got != want {
			t.Errorf("%s: %q; %s", name, got, body)
		}
	}
	return v
}

// problem decodes a problem, and checks that it says the same as the response.
func problem(t *testing.T, resp *httptest.ResponseRecorder) protocol.Problem {
	t.Helper()
	p := read[protocol.Problem](t, resp, "application/problem+json")
	if p.Status != resp.Code || p.Title != http.StatusText(resp.Code) || p.Detail == "" || p.Code == "" || p.Status != (&protocol.Error{Code: p.Code}).Status() {
		t.Errorf("%d: %+v", resp.Code, p)
	}
	return p
}

func TestEveryWayToPublish(t *testing.T) {
	r := newRig(t)
	offsets := make(map[string]uint64)
	for _, c := range []struct{ target, body, channel, data string }{
		{"/publish", `{"message": "Hello WebSocket!"}`, "realtime_channel", `"Hello WebSocket!"`},
		{"/publish", `{"message": {"a": 1}}`, "realtime_channel", `{"a":1}`},
		{"/publish", `{"data": null}`, "realtime_channel", `null`},
		{"/publish", `{"data": "<b>&\u2028"}`, "realtime_channel", `"<b>&\u2028"`},
		{"/publish", ` {"channel": "news", "data": [1,2], "more": "is ignored"} `, "news", `[1,2]`},
		{"/publish?channel=news", `{"data": 1}`, "news", `1`},
		{"/publish?channel=other", `{"channel": "news", "data": 1}`, "news", `1`},
		{"/publish?message=hi", ``, "realtime_channel", `"hi"`},
		{"/publish?message=12", ``, "realtime_channel", `"12"`},
		{"/publish?message=", ``, "realtime_channel", `""`},
		{"/publish?message=gr%C3%BC%C3%9Fe&channel=news", ``, "news", `"grüße"`},
		{"/publish?message=ignored", `{"data": "the body wins"}`, "realtime_channel", `"the body wins"`},
	} {
		// curl -d calls every body a form.
		resp := r.call(http.MethodPost, c.target, c.body, "Content-Type", "application/x-www-form-urlencoded")
		got := read[protocol.PublishResponse](t, resp, "application/json")
		offsets[c.channel]++
		if resp.Code != http.StatusOK || got.Status != "success" || got.Channel != c.channel || got.Offset != offsets[c.channel] || got.Epoch == "" || got.ID == "" || got.Duplicate {
			t.Errorf("%s %s: %d %+v", c.target, c.body, resp.Code, got)
		}
		var said, want any
		if json.Unmarshal(got.Message, &said) != nil || json.Unmarshal([]byte(c.data), &want) != nil || !strings.EqualFold(string(got.Message), c.data) && mustJSON(t, said) != mustJSON(t, want) {
			t.Errorf("%s %s: the answer says %s", c.target, c.body, got.Message)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAKeyMakesARetrySafe(t *testing.T) {
	r := newRig(t)
	publish := func(body string, headers ...string) protocol.PublishResponse {
		t.Helper()
		return read[protocol.PublishResponse](t, r.call(http.MethodPost, "/publish", body, headers...), "application/json")
	}
	first := publish(`{"data": 1}`, "Idempotency-Key", "k")
	second := publish(`{"data": 1, "key": "k"}`)
	if first.Duplicate || !second.Duplicate || second.Position != first.Position || second.ID != first.ID {
		t.Errorf("%+v, and then %+v", first, second)
	}
	if third := publish(`{"data": 1, "key": "l"}`, "Idempotency-Key", "k"); third.Duplicate {
		t.Errorf("the body's key does not win: %+v", third)
	}
}

func TestAPublishThatIsRefusedIsAProblem(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		target, body string
		status       int
		code         protocol.Code
		field        string
		limit        int
	}{
		{"/publish", ``, 400, protocol.CodeBadRequest, "body", 0},
		{"/publish", "  \n", 400, protocol.CodeBadRequest, "body", 0},
		{"/publish?channel=a", ``, 400, protocol.CodeBadRequest, "body", 0},
		{"/publish", `{}`, 400, protocol.CodeBadRequest, "data", 0},
		{"/publish", `null`, 400, protocol.CodeBadRequest, "data", 0},
		{"/publish", `{"data": 1, "message": 2}`, 400, protocol.CodeBadRequest, "message", 0},
		{"/publish", `{"data": `, 400, protocol.CodeDataInvalid, "body", 0},
		{"/publish", `hello`, 400, protocol.CodeDataInvalid, "body", 0},
		{"/publish", `{"data": 1} 2`, 400, protocol.CodeDataInvalid, "body", 0},
		{"/publish", `message=hello`, 400, protocol.CodeDataInvalid, "body", 0},
		{"/publish", `"hello"`, 400, protocol.CodeBadRequest, "body", 0},
		{"/publish", `{"channel": 7, "data": 1}`, 400, protocol.CodeBadRequest, "channel", 0},
		{"/publish", `{"key": [], "data": 1}`, 400, protocol.CodeBadRequest, "key", 0},
		{"/publish", `{"channel": "No", "data": 1}`, 400, protocol.CodeChannelInvalid, "channel", 0},
		{"/publish?channel=", `{"data": 1}`, 400, protocol.CodeChannelInvalid, "channel", 0},
		{"/publish", "{\"data\": \"\xff\"}", 400, protocol.CodeInvalidUTF8, "body", 0},
		{"/publish?message=%ff", ``, 400, protocol.CodeInvalidUTF8, "message", 0},
		{"/publish", `{"data": "` + strings.Repeat("x", 99) + `"}`, 413, protocol.CodeTooLarge, "data", 100},
		{"/publish", `{"data": "` + strings.Repeat("x", 1000) + `"}`, 413, protocol.CodeTooLarge, "body", 1000},
		{"/publish", `{"data": 1, "key": "` + strings.Repeat("k", 129) + `"}`, 400, protocol.CodeBadRequest, "key", 128},
	} {
		p := problem(t, r.call(http.MethodPost, c.target, c.body))
		if p.Status != c.status || p.Code != c.code || p.Field != c.field || p.Limit != c.limit {
			t.Errorf("%s %.40q: %+v", c.target, c.body, p)
		}
	}
}

func TestABatchHasAResultForEach(t *testing.T) {
	r := newRig(t)
	const body = `[{"data":1},{"channel":"No","data":2},{"data":3,"channel":"news"},4,{"data":5}]`
	for round, duplicate := range []bool{false, true} {
		resp := read[protocol.BatchResponse](t, r.call(http.MethodPost, "/publish", body, "Idempotency-Key", "k"), "application/json")
		if resp.Status != protocol.StatusPartial || len(resp.Results) != 5 {
			t.Fatalf("%+v", resp)
		}
		for i, want := range []struct {
			code    protocol.Code
			channel string
			offset  uint64
		}{{"", "realtime_channel", 1}, {protocol.CodeChannelInvalid, "", 0}, {"", "news", 1}, {protocol.CodeBadRequest, "", 0}, {"", "realtime_channel", 2}} {
			switch got := resp.Results[i]; {
			case want.code != "":
				if got.Error == nil || got.Error.Code != want.code || got.PublishResponse != nil {
					t.Errorf("round %d, %d: %+v", round, i, got)
				}
			case got.Error != nil || got.Channel != want.channel || got.Offset != want.offset || got.Duplicate != duplicate:
				t.Errorf("round %d, %d: %+v, %v", round, i, got.PublishResponse, got.Error)
			}
		}
	}
	for body, want := range map[string]string{`[{"data":1}]`: protocol.StatusSuccess, `[1]`: protocol.StatusFailed} {
		if resp := read[protocol.BatchResponse](t, r.call(http.MethodPost, "/publish", body), "application/json"); resp.Status != want {
			t.Errorf("%s: %s", body, resp.Status)
		}
	}
	for body, code := range map[string]protocol.Code{
		`[]`: protocol.CodeBadRequest, `[1,`: protocol.CodeDataInvalid, `[1] 2`: protocol.CodeDataInvalid,
		"[1" + strings.Repeat(",1", 100) + "]": protocol.CodeBadRequest,
	} {
		if p := problem(t, r.call(http.MethodPost, "/publish", body)); p.Code != code || p.Field != "body" {
			t.Errorf("%s: %+v", body, p)
		}
	}
}

func TestHistoryIsPagedBothWays(t *testing.T) {
	r := newRig(t)
	var epoch string
	for _, data := range []string{"1", "2", "3", "4", "5"} {
		p, err := r.node.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: "c", Data: json.RawMessage(data)})
		if err != nil {
			t.Fatal(err)
		}
		epoch = p.Epoch
	}
	for query, want := range map[string]string{
		"?channel=c":         "1 2 3 4 5",
		"?channel=c&limit=2": "1 2",
		"?channel=c&limit=2&since=" + epoch + ":2":   "3 4",
		"?channel=c&limit=2&reverse=1":               "5 4",
		"?channel=c&reverse=1&since=" + epoch + ":4": "3 2 1",
		"?channel=c&since=" + epoch + ":5":           "",
		"?channel=nobody":                            "",
		"":                                           "",
	} {
		resp := r.call(http.MethodGet, "/history"+query, "")
		page := read[protocol.HistoryResponse](t, resp, "application/json")
		var data []string
		for _, p := range page.Publications {
			data = append(data, string(p.Data))
		}
		if got := strings.Join(data, " "); got != want || page.Publications == nil {
			t.Errorf("%s: %s", query, got)
		}
		if strings.Contains(query, "=c") && (page.Offset != 5 || page.Epoch != epoch || page.Last == "") {
			t.Errorf("%s: it stands at %+v", query, page.Position)
		}
	}
	for query, want := range map[string]string{
		"?channel=No": "channel", "?limit=x": "limit", "?limit=0": "limit", "?limit=1001": "limit", "?reverse=x": "reverse",
		"?since=x": "since", "?since=e:-1": "since", "?channel=c&since=other:2": "since",
	} {
		if p := problem(t, r.call(http.MethodGet, "/history"+query, "")); p.Field != want {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func TestWrongMethodsAndPathsAreProblems(t *testing.T) {
	r := newRig(t)
	for path, allow := range map[string]string{"/publish": "POST", "/ws": "GET", "/sse": "GET", "/history": "GET", "/healthz": "GET", "/readyz": "GET", "/version": "GET"} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, map[string]string{"POST": "GET", "GET": "POST"}[allow]} {
			resp := r.call(method, path, "")
			if p := problem(t, resp); p.Code != protocol.CodeMethod || resp.Header().Get("Allow") != allow {
				t.Errorf("%s %s: %+v, Allow %q", method, path, p, resp.Header().Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/", "/nothing", "/publish/", "/publish/x"} {
		if p := problem(t, r.call(http.MethodGet, path, "")); p.Code != protocol.CodeNotFound {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if resp := r.call(http.MethodGet, "/ws", ""); resp.Code != http.StatusTeapot {
		t.Errorf("/ws: %d", resp.Code)
	}
}

func TestWhatIsNotOursToTellIsNotTold(t *testing.T) {
	r := newRig(t)
	if p := problem(t, r.call(http.MethodGet, "/sse", "")); p.Code != protocol.CodeInternal || strings.Contains(p.Detail, "secret") {
		t.Errorf("%+v", p)
	}
}

func TestHealthSaysWhatItMeans(t *testing.T) {
	r := newRig(t)
	deadline := time.Now().Add(15 * time.Second)
	// becomes asks whether it is ready, which nothing tells, until the answer is that.
	becomes := func(code int) *httptest.ResponseRecorder {
		said := r.call(http.MethodGet, "/readyz", "")
		for ; said.Code != code; said = r.call(http.MethodGet, "/readyz", "") {
			if time.Now().After(deadline) {
				t.Fatalf("the answer stays %d, and is never %d", said.Code, code)
			}
			time.Sleep(time.Millisecond)
		}
		return said
	}
	ready := read[map[string]any](t, becomes(http.StatusOK), "application/json")
	if trip, ok := ready["probe_ms"].(float64); ready["status"] != "ready" || !ok || trip <= 0 {
		t.Errorf("%v", ready)
	}
	v := read[protocol.VersionResponse](t, r.call(http.MethodGet, "/version", ""), "application/json")
	if v.Protocol != "fanlight.v1" || v.Build != "b1" || !strings.HasPrefix(v.Go, "go1.") || v.Redis != "embedded" {
		t.Errorf("%+v", v)
	}
	r.redis.Close()
	for _, resp := range []*httptest.ResponseRecorder{becomes(http.StatusServiceUnavailable), r.call(http.MethodPost, "/publish", `{"data":1}`)} {
		if p := problem(t, resp); p.Code != protocol.CodeUnavailable || resp.Header().Get("Retry-After") != "1" {
			t.Errorf("%+v", p)
		}
	}
	if alive := read[map[string]string](t, r.call(http.MethodGet, "/healthz", ""), "application/json"); alive["status"] != "alive" {
		t.Errorf("%v", alive)
	}
}

// A body that trickles in must not hold a connection for ever; one that ends
// early is not a message.
func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	r := newRig(t)
	req := httptest.NewRequest(http.MethodPost, "/publish", io.MultiReader(strings.NewReader(`{"data":1}`), broken{}))
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	if p := problem(t, w); p.Code != protocol.CodeBadRequest || p.Field != "body" {
		t.Errorf("%+v", p)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the connection broke") }
