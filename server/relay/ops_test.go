package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// start starts a relay and returns what closes it.
func start(t *testing.T, cfg relay.Config) (*relay.Relay, func()) {
	t.Helper()
	r, err := relay.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	end := func() {
		if closed {
			return
		}
		closed = true
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	return r, end
}

func TestARelayThatWasAskedForNothingTellsNothing(t *testing.T) {
	t.Parallel()
	r, _ := start(t, relay.Config{})
	l := r.Local("anybody", allowed(t, "ops:*", channel.All))
	for _, name := range []string{ops.MetricsChannel, ops.AuditChannel} { // which are channels like any other
		if _, err := l.Publish(t.Context(), protocol.Publish{Channel: name, Data: json.RawMessage("1")}); err != nil {
			t.Error(err)
		}
		if h, err := l.Last(t.Context(), name, 10); err != nil || len(h.Publications) != 1 {
			t.Errorf("%+v, %v", h, err)
		}
	}
}

func TestARelaysNameIsChecked(t *testing.T) {
	t.Parallel()
	for name, right := range map[string]bool{"a": true, "relay-1.eu_A": true, "a b": false, "ü": false, strings.Repeat("n", 64): true, strings.Repeat("n", 65): false} {
		r, err := relay.New(relay.Config{Ops: relay.Ops{Node: name}})
		if (err == nil) != right {
			t.Errorf("%q: %v", name, err)
		}
		if r != nil {
			_ = r.Close(t.Context())
		}
	}
}

func TestWhatIsLeftToTellIsToldWhenARelayCloses(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	r, end := start(t, relay.Config{Ops: relay.Ops{Node: "n", Audit: true, AuditTo: &file}})
	publish(t, r.Local("referee", allowed(t, "game:*", channel.Publish)), `"a secret"`)
	began := time.Now()
	end() // at once
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	var e ops.Entry
	if err := json.Unmarshal(file.Bytes(), &e); err != nil {
		t.Fatalf("%s: %v", file.String(), err)
	}
	e.At, e.Epoch = 0, ""
	if want := (ops.Entry{Node: "n", Count: 1, Op: "publish", Outcome: "ok", Channel: "game:1", User: "referee", Way: "inside", Offset: 1}); e != want {
		t.Errorf("%+v", e)
	}
	if strings.Contains(file.String(), "secret") {
		t.Errorf("it tells what was said: %s", file.String())
	}
}

func TestTheAddressIsTheOneThatATrustedProxyNames(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{"192.0.2.1/32": "203.0.113.9", "192.0.2.2/32": "192.0.2.1"} {
		var file bytes.Buffer
		r, end := start(t, relay.Config{
			Limits: relay.Limits{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(trusted)}}, Ops: relay.Ops{AuditTo: &file},
		})
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/publish", strings.NewReader(`{"data":1}`))
		req.Host = "localhost"
		req.RemoteAddr = "192.0.2.1:1234" // the proxy
		req.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.9")
		r.ServeHTTP(httptest.NewRecorder(), req)
		end()
		if !strings.Contains(file.String(), `"from":"`+want+`"`) {
			t.Errorf("behind %s: %s", trusted, file.String())
		}
	}
}

// Where a namespace "ops" is configured, its rules hold; but the channels stay the
// relay's own.
func TestAConfiguredNamespaceDecidesWhoListens(t *testing.T) {
	t.Parallel()
	none := channel.Op(0)
	for name, c := range map[string]struct {
		namespaces map[string]relay.Namespace
		listens    bool
	}{
		"nothing is said":         {nil, true},
		"another is closed":       {map[string]relay.Namespace{"": {Anonymous: &none, Default: &none}}, true},
		"this one is not for all": {map[string]relay.Namespace{ops.Space: {Anonymous: &none, Default: &none}}, false},
	} {
		r, _ := start(t, relay.Config{Namespaces: c.namespaces, Ops: relay.Ops{Metrics: true}})
		l := r.Local("somebody", nil)
		_, err := l.Last(t.Context(), ops.MetricsChannel, 1)
		if c.listens && err != nil || !c.listens && !denied(err) {
			t.Errorf("%s: %v", name, err)
		}
		writer := r.Local("writer", allowed(t, "#", channel.All))
		if _, err := writer.Publish(t.Context(), protocol.Publish{Channel: ops.MetricsChannel, Data: json.RawMessage("1")}); !denied(err) {
			t.Errorf("%s: somebody else published: %v", name, err)
		}
	}
}
