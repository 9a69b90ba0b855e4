package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"fanlight/server/internal/api"
	"fanlight/shared/protocol"
)

func guard(t *testing.T, cfg api.GuardConfig) *api.Guard {
	t.Helper()
	g, err := api.NewGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

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
		{false, "evil.example:8000", "", protocol.CodeHost},
		{false, "example.com.evil.example", "", protocol.CodeHost},
		{false, "evil.example:8000", "http://evil.example:8000", protocol.CodeHost},
		{false, "", "", protocol.CodeHost},
		// Nobody points a number at another machine.
		{false, "192.168.0.7:8000", "", admitted},
		{false, "[2001:db8::1]:8000", "", admitted},
		{false, "192.168.0.7:8000", "http://192.168.0.7:8000", admitted},
		{false, "192.168.0.7:8000", "http://evil.example:8000", protocol.CodeOrigin},
		{false, "localhost:8000", "", admitted},
		{false, "example.com.:8000", "", admitted},
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
		own := "Example.com" // where it listens
		if c.loopback {
			own = "127.0.0.1"
		}
		guarded := guard(t, api.GuardConfig{Loopback: c.loopback, Host: own}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached = true }))
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
	guarded := guard(t, api.GuardConfig{Loopback: true}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
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
		"Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
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

func TestConfiguredOriginsAreExact(t *testing.T) {
	const admitted = protocol.Code("")
	origins := []string{"https://App.example.com", "http://b.example:8080", "https://c.example:443"}
	for _, c := range []struct {
		loopback     bool
		host, origin string
		want         protocol.Code
	}{
		{false, "app.example.com", "", admitted},
		{false, "app.example.com", "https://app.example.com", admitted},
		{false, "APP.example.com", "https://APP.example.com", admitted},
		{false, "app.example.com", "http://b.example:8080", admitted},
		{false, "app.example.com", "https://c.example", admitted},
		{true, "app.example.com", "https://app.example.com", admitted}, // a proxy on this machine
		{true, "localhost:8000", "http://localhost:8000", admitted},
		{false, "localhost:8000", "", admitted}, // a probe
		{false, "relay.internal:8000", "", admitted},
		{false, "relay.internal:8000", "http://relay.internal:8000", admitted},
		{false, "app.example.com", "http://app.example.com", protocol.CodeOrigin}, // in the clear
		{false, "app.example.com", "https://app.example.com:8443", protocol.CodeOrigin},
		{false, "app.example.com", "http://b.example", protocol.CodeOrigin},
		{false, "app.example.com", "https://b.example:8080", protocol.CodeOrigin},
		{false, "app.example.com", "https://sub.app.example.com", protocol.CodeOrigin},
		{false, "app.example.com", "https://app.example.com.evil.example", protocol.CodeOrigin},
		{false, "app.example.com", "https://evil.example/https://app.example.com", protocol.CodeOrigin},
		{false, "app.example.com", "null", protocol.CodeOrigin},
		{true, "localhost:8000", "http://localhost:3000", protocol.CodeOrigin},
		{false, "evil.example", "", protocol.CodeHost},
		{false, "evil.example", "http://evil.example", protocol.CodeHost},
		{true, "evil.example:8000", "http://evil.example:8000", protocol.CodeHost},
		{false, "192.0.2.1", "", protocol.CodeHost},
		{false, "", "", protocol.CodeHost},
	} {
		g := guard(t, api.GuardConfig{Loopback: c.loopback, Origins: origins, Host: "relay.internal"})
		reached := false
		r := httptest.NewRequest(http.MethodPost, "/publish", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })).ServeHTTP(w, r)
		got := admitted
		if !reached {
			got = problem(t, w).Code
		}
		if got != c.want || w.Header().Get("Access-Control-Allow-Origin") != "" && !reached {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for _, bad := range []string{"example.com", "*", "https://*.example.com", "https://example.com/", "https://example.com/x", "https://u@example.com", "ftp://example.com", "https://", "null", "https:example.com", "https://example.com?x"} {
		if _, err := api.NewGuard(api.GuardConfig{Origins: []string{bad}}); err == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
}

// A form can be posted without an Origin that says anything; the browser still
// tells where it comes from.
func TestAPostFromAnotherSiteIsRefused(t *testing.T) {
	for _, c := range []struct {
		method, origin, site string
		want                 bool
	}{
		{"POST", "", "", true},
		{"POST", "", "none", true},
		{"POST", "", "same-origin", true},
		{"POST", "", "same-site", false},
		{"POST", "", "cross-site", false},
		{"GET", "", "cross-site", true}, // a link
		{"POST", "http://example.com", "same-origin", true},
		{"POST", "http://example.com", "cross-site", false}, // ours by name alone
		{"POST", "https://friend.example", "cross-site", true},
		{"POST", "https://evil.example", "cross-site", false},
	} {
		g := guard(t, api.GuardConfig{Origins: []string{"https://friend.example"}, Host: "example.com"})
		r := httptest.NewRequest(c.method, "http://example.com/publish", nil)
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		reached := false
		w := httptest.NewRecorder()
		g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })).ServeHTTP(w, r)
		if reached != c.want {
			t.Errorf("%+v: %t, %s", c, reached, w.Body)
		}
	}
}

func TestEveryAnswerHasTheHeadersThatKeepBrowsersInLine(t *testing.T) {
	for _, origin := range []string{"", "http://localhost:3000", "https://evil.example"} {
		r := httptest.NewRequest("GET", "http://localhost:8000/version", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		guard(t, api.GuardConfig{Loopback: true}).Wrap(http.HandlerFunc(api.NotFound)).ServeHTTP(w, r)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Vary": "Origin",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%q: %s: %q", origin, name, got)
			}
		}
	}
}

func TestAProblemSaysWhatToDoAboutIt(t *testing.T) {
	for _, c := range []struct {
		err         protocol.Error
		name, value string
	}{
		{protocol.Error{Code: protocol.CodeRateLimited, RetryAfter: 1}, "Retry-After", "1"},
		{protocol.Error{Code: protocol.CodeRateLimited, RetryAfter: 1001}, "Retry-After", "2"},
		{protocol.Error{Code: protocol.CodeRateLimited}, "Retry-After", ""},
		{protocol.Error{Code: protocol.CodeUnavailable}, "Retry-After", "1"},
		{protocol.Error{Code: protocol.CodeUnauthorized}, "WWW-Authenticate", "Bearer"},
		{protocol.Error{Code: protocol.CodePermission}, "WWW-Authenticate", ""},
		{protocol.Error{Code: protocol.CodeUpgrade}, "Upgrade", "websocket"},
	} {
		c.err.Message, c.err.At = "so it is", 3
		w := httptest.NewRecorder()
		api.WriteProblem(w, &c.err)
		if p := problem(t, w); w.Header().Get(c.name) != c.value || p.RetryAfter != c.err.RetryAfter || p.At != 3 {
			t.Errorf("%+v: %s: %q, %+v", c.err, c.name, w.Header().Get(c.name), p)
		}
	}
}
