package metrics_test

import (
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fanlight/server/internal/metrics"
)

func source(probe error) metrics.Source {
	return metrics.Source{
		Connections: func() int { return 1 }, Requests: func() int { return 2 },
		Channels: func() (int, int) { return 3, 4 }, Sent: func() (uint64, uint64) { return 5, 6 },
		Received: func() uint64 { return 7 }, Dropped: func() uint64 { return 8 },
		Probe: func() (time.Duration, error) { return 9 * time.Millisecond, probe }, HighWater: func() int { return 10 },
		Slow: func() uint64 { return 11 }, PublishTrip: func() time.Duration { return 12 * time.Millisecond },
		AuditLost: func() (uint64, uint64) { return 13, 14 },
	}
}

func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatal(w.Body)
	}
	return w.Body.String()
}

func TestWhatIsCountedIsThere(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	c, err := metrics.New(registry, source(nil), []string{"frame", "message"}, []string{"taken"})
	if err != nil {
		t.Fatal(err)
	}
	c.Refused("frame")
	c.Published("taken")
	c.Published("unavailable")
	out := scrape(t, registry)
	for _, line := range []string{
		`fanlight_limit_refusals_total{limit="frame"} 1`, `fanlight_limit_refusals_total{limit="message"} 0`,
		`fanlight_publishes_total{outcome="taken"} 1`, `fanlight_publishes_total{outcome="unavailable"} 1`,
		"fanlight_connections 1", "fanlight_http_connections 2", "fanlight_channels 3", "fanlight_subscriptions 4",
		"fanlight_sent_messages_total 5", "fanlight_sent_bytes_total 6", "fanlight_received_bytes_total 7",
		"fanlight_dropped_messages_total 8", "fanlight_ready 1", "fanlight_probe_round_trip_seconds 0.009",
		"fanlight_outbox_high_water_bytes 10", "fanlight_slow_consumers_total 11", "fanlight_report_publish_seconds 0.012",
		`fanlight_audit_lost_total{to="channel"} 13`, `fanlight_audit_lost_total{to="file"} 14`,
	} {
		if !strings.Contains(out, "\n"+line+"\n") {
			t.Errorf("%s is missing in:\n%s", line, out)
		}
	}
	for _, name := range regexp.MustCompile(`(?m)^(\w+)`).FindAllString(out, -1) {
		if !strings.HasPrefix(name, "fanlight_") {
			t.Errorf("%s is not ours", name)
		}
	}
	if _, err := metrics.New(registry, source(nil), nil, nil); err == nil {
		t.Error("two relays share a registry")
	}
	c.Close()
	if out := scrape(t, registry); out != "" {
		t.Errorf("left behind: %s", out)
	}
	if _, err := metrics.New(registry, source(errors.New("away")), nil, nil); err != nil {
		t.Fatal(err)
	}
	if out := scrape(t, registry); !strings.Contains(out, "\nfanlight_ready 0\n") || strings.Contains(out, "round_trip_seconds ") {
		t.Errorf("without Redis:\n%s", out)
	}
	var none *metrics.Counters
	none.Refused("frame")
	none.Published("taken")
	none.Close()
}
