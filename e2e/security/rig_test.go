package security_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"fanlight/e2e/leak"
	"fanlight/server/relay"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	leak.Main(m,
		// http.DefaultClient keeps connections for its next request.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
	)
}

// patience bounds what a test waits for; nothing that works comes near it.
const patience = time.Minute

const secret = "a secret that is long enough for HS256"

// rig is a Redis and as many relays as a test wants.
type rig struct {
	*testing.T
	url, prefix string
}

// onEveryRedis runs a test on miniredis, and on the Redis that the environment
// names, there behind a prefix of its own.
func onEveryRedis(t *testing.T, test func(g *rig)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		mini := miniredis.RunT(t)
		mini.ClockTTL(true)
		test(&rig{T: t, url: "redis://" + mini.Addr()})
	})
	if url := os.Getenv("FANLIGHT_TEST_REDIS_URL"); url != "" {
		t.Run("real", func(t *testing.T) {
			t.Parallel()
			g := &rig{T: t, url: url, prefix: fmt.Sprintf("test%x:", rand.Uint64())}
			t.Cleanup(g.forget)
			test(g)
		})
	}
}

// forget deletes what the test left in Redis.
func (g *rig) forget() {
	opt, err := redis.ParseURL(g.url)
	if err != nil {
		g.Fatal(err)
	}
	client, ctx := redis.NewClient(opt), context.Background()
	defer func() { _ = client.Close() }()
	keys := client.Scan(ctx, 0, "fanlight/*{"+g.prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		client.Del(ctx, keys.Val())
	}
	if err := keys.Err(); err != nil {
		g.Error(err)
	}
}

// site is a relay on a port.
type site struct {
	*rig
	url   string
	relay *relay.Relay
}

// site starts a relay that is guarded by the secret; change, which may be nil,
// changes its configuration. It returns when messages flow.
func (g *rig) site(change func(*relay.Config)) *site {
	g.Helper()
	cfg := relay.Config{
		RedisURL: g.url, Prefix: g.prefix, Loopback: true, JWTSecret: secret,
		Namespaces: map[string]relay.Namespace{"room": {Presence: true}},
		Log:        slog.New(slog.NewTextHandler(g.Output(), nil)),
	}
	if change != nil {
		change(&cfg)
	}
	r, err := relay.New(cfg)
	if err != nil {
		g.Fatal(err)
	}
	server := httptest.NewServer(r)
	s := &site{rig: g, url: server.URL, relay: r}
	g.Cleanup(func() {
		r.Drain()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			g.Error(err)
		}
	})
	eventually(g.T, "the relay is ready", func() bool {
		return s.ask(http.MethodGet, "/readyz", "", nil, nil) == nil
	})
	return s
}

// ask makes a request with a token, if it isn't "", and decodes the answer into
// one, if it isn't nil. A problem is returned as the error that it tells of.
func (s *site) ask(method, path, token string, body, answer any) *protocol.Error {
	s.Helper()
	var content io.Reader
	if body != nil {
		content = strings.NewReader(string(must(json.Marshal(body))))
	}
	req := must(http.NewRequestWithContext(s.Context(), method, s.url+path, content))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return s.answered(resp, answer)
}

func (s *site) answered(resp *http.Response, answer any) *protocol.Error {
	s.Helper()
	if resp.StatusCode == http.StatusOK {
		if answer != nil {
			if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
				s.Fatal(err)
			}
		}
		return nil
	}
	var problem protocol.Problem
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil || problem.Code == "" {
		s.Fatalf("%s: %v", resp.Status, err)
	}
	e := &protocol.Error{Code: problem.Code, Message: problem.Detail, Field: problem.Field}
	if resp.StatusCode != e.Status() {
		s.Errorf("%s is answered with %s", e.Code, resp.Status)
	}
	return e
}

// object is a JSON object.
type object map[string]any

// everything is what an administrator's token grants.
var everything = object{"#": []string{"subscribe", "publish", "history", "presence"}}

// jwt signs a token for a user, valid for an hour. Other claims, given as names
// and values in turn, replace those.
func jwt(sub string, grants object, others ...any) string {
	now := time.Now()
	claims := object{"sub": sub, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "grants": grants}
	for i := 0; i < len(others); i += 2 {
		claims[others[i].(string)] = others[i+1]
	}
	return signed(object{"alg": "HS256", "typ": "JWT"}, claims, secret)
}

func signed(header, claims object, key string) string {
	text := segment(must(json.Marshal(header))) + "." + segment(must(json.Marshal(claims)))
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return text + "." + segment(h.Sum(nil))
}

func segment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// publish publishes as an administrator, with a tag.
func (s *site) publish(channel, data, level string) (p protocol.Published) {
	s.Helper()
	body := object{"channel": channel, "data": data, "tags": object{"level": level}}
	if err := s.ask(http.MethodPost, "/publish", jwt("admin", everything), body, &p); err != nil {
		s.Fatal(err)
	}
	return p
}

// stored returns the data of a channel's history, as an administrator.
func (s *site) stored(channel string) []string {
	s.Helper()
	var page protocol.HistoryResponse
	if err := s.ask(http.MethodGet, "/history?channel="+channel, jwt("admin", everything), nil, &page); err != nil {
		s.Fatal(err)
	}
	return dataOf(page.Publications)
}

func dataOf(pubs []protocol.Publication) (data []string) {
	for _, p := range pubs {
		data = append(data, strings.Trim(string(p.Data), `"`))
	}
	return data
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// eventually waits until ok, for things that tell nobody when they happen.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be: " + what)
		}
	}
}
