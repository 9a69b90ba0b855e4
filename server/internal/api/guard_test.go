package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"fanlight/server/internal/api"
	"fanlight/shared/protocol"
)

func TestTheGuardDecidesByHostAndOrigin(t *testing.T) {
	const admitted = protocol.Code("")
	for _, c := range []struct {
		loopback     bool
		host, origin string
		want         protocol.Code
	}{
		// Programs that are not browsers send no Origin.
		{false, "example.com", "", admitted},
		{true, "127.0.0.1:8000", "", admitted},
		{true, "localhost:8000", "", admitted},
		{true, "localhost", "", admitted},
		{true, "LOCALHOST:8000", "", admitted},
		{true, "fanlight.localhost:8000", "", admitted},
		{true, "localhost.:8000", "", admitted},
		{true, "127.9.9.9:8000", "", admitted},
		{true, "[::1]:8000", "", admitted},
		{true, "[::1]", "", admitted},
		// A name that somebody points at this machine.
		{true, "example.com:8000", "", protocol.CodeHost},
		{true, "127.0.0.1.example.com:8000", "", protocol.CodeHost},
		{true, "localhost.example.com", "", protocol.CodeHost},
		{true, "notlocalhost:8000", "", protocol.CodeHost},
		{true, "192.168.0.7:8000", "", protocol.CodeHost},
		{true, "0.0.0.0:8000", "", protocol.CodeHost},
		{true, "", "", protocol.CodeHost},
		{true, "example.com", "http://example.com", protocol.CodeHost},
		// Pages of this very site.
		{false, "example.com", "https://example.com", admitted},
		{false, "example.com:8000", "http://example.com:8000", admitted},
		{false, "Example.com", "https://example.COM", admitted},
		{true, "127.0.0.1:8000", "http://127.0.0.1:8000", admitted},
		// Pages of another port of this machine.
		{true, "127.0.0.1:8000", "http://localhost:3000", admitted},
		{true, "localhost:8000", "http://127.0.0.1:5500", admitted},
		{true, "localhost:8000", "https://[::1]:3000", admitted},
		{false, "127.0.0.1:8000", "http://localhost:3000", protocol.CodeOrigin},
		{false, "example.com:8000", "http://example.com:3000", protocol.CodeOrigin},
		// Pages of others.
		{false, "example.com", "https://example.org", protocol.CodeOrigin},
		{false, "example.com", "https://sub.example.com", protocol.CodeOrigin},
		{true, "localhost:8000", "https://example.com", protocol.CodeOrigin},
		{true, "localhost:8000", "http://localhost.example.com", protocol.CodeOrigin},
		{true, "localhost:8000", "http://localhost@example.com", protocol.CodeOrigin},
		{true, "localhost:8000", "http://127.0.0.1.example.com", protocol.CodeOrigin},
		{true, "localhost:8000", "null", protocol.CodeOrigin},
		{false, "example.com", "null", protocol.CodeOrigin},
		{true, "localhost:8000", "file://", protocol.CodeOrigin},
		{true, "localhost:8000", "file://localhost/x", protocol.CodeOrigin},
		{true, "localhost:8000", "chrome-extension://localhost", protocol.CodeOrigin},
		{true, "localhost:8000", "localhost:3000", protocol.CodeOrigin},
		{true, "localhost:8000", "http://", protocol.CodeOrigin},
		{true, "localhost:8000", "http://%zz", protocol.CodeOrigin},
	} {
		reached := false
		guarded := api.Guard{Loopback: c.loopback}.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached = true }))
		r := httptest.NewRequest(http.MethodPost, "/publish", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		got := admitted
		if !reached {
			got = problem(t, w).Code
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		allowed := w.Header().Get("Access-Control-Allow-Origin")
		if want := c.origin; reached && allowed != want || !reached && allowed != "" {
			t.Errorf("%+v: it is allowed to read by %q", c, allowed)
		}
		if c.origin != "" && got != protocol.CodeHost && w.Header().Get("Vary") != "Origin" {
			t.Errorf("%+v: a cache would give the answer to another page", c)
		}
	}
}

func TestAPreflightIsAnswered(t *testing.T) {
	guarded := api.Guard{Loopback: true}.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	ask := func(origin, method string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodOptions, "http://localhost:8000/publish", nil)
		r.Header.Set("Origin", origin)
		if method != "" {
			r.Header.Set("Access-Control-Request-Method", method)
			r.Header.Set("Access-Control-Request-Headers", "content-type")
		}
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		return w
	}
	resp := ask("http://localhost:3000", "POST")
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "http://localhost:3000",
		"Access-Control-Allow-Methods": "GET, POST",
		"Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
		"Vary":                         "Origin",
	} {
		if got := resp.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if resp.Code != http.StatusNoContent || resp.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Error(resp.Code)
	}
	if p := problem(t, ask("https://example.com", "POST")); p.Code != protocol.CodeOrigin {
		t.Errorf("another page's: %+v", p)
	}
	if resp := ask("http://localhost:3000", ""); resp.Code != http.StatusTeapot {
		t.Errorf("OPTIONS that is no preflight: %d", resp.Code)
	}
}
