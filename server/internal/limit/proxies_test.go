package limit_test

import (
	"net/http/httptest"
	"testing"

	"fanlight/server/internal/limit"
)

func TestOnlyATrustedProxyNamesTheClient(t *testing.T) {
	trusted, err := limit.ParseProxies("10.0.0.0/8, 192.0.2.7,fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	l, _ := newLimiter(limit.Config{TrustedProxies: trusted})
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"198.51.100.1:1", nil, "198.51.100.1"},
		{"198.51.100.1:1", []string{"203.0.113.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{"[::ffff:10.1.2.3]:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{"192.0.2.7:1", []string{"1.1.1.1, 203.0.113.1"}, "203.0.113.1"},
		{"192.0.2.7:1", []string{"1.1.1.1, 203.0.113.1, 10.0.0.1"}, "203.0.113.1"},
		{"192.0.2.7:1", []string{"1.1.1.1", "203.0.113.1", "10.0.0.1"}, "203.0.113.1"},
		{"192.0.2.7:1", []string{"1.1.1.1, nonsense, 10.0.0.1"}, "10.0.0.1"},
		{"192.0.2.7:1", []string{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
		{"192.0.2.7:1", []string{""}, "192.0.2.7"},
		{"192.0.2.7:1", []string{"203.0.113.1:4711"}, "203.0.113.1"},
		{"[fd00::1]:1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"[fd00::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := l.Addr(r).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for _, bad := range []string{"10.0.0.0/33", "nonsense", "10.0.0.1, proxy.example.com"} {
		if _, err := limit.ParseProxies(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
