package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestOperatorsSeeMetricsAndProfilesAndPagesDoNot(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	o, err := startOps(taken.Addr().String(), slog.New(slog.DiscardHandler)) // it falls back
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	_, port, _ := net.SplitHostPort(o.addr)
	for _, c := range []struct {
		path, host, header, value string
		status                    int
		says                      string
	}{
		{"/metrics", "", "", "", 200, "go_goroutines"},
		{"/metrics", "localhost:" + port, "", "", 200, "process_cpu_seconds_total"},
		{"/metrics", "localhost", "", "", 200, ""},
		{"/metrics", "[::1]", "Sec-Fetch-Site", "none", 200, ""},
		{"/debug/pprof/", "", "", "", 200, "goroutine"},
		{"/debug/pprof/goroutine?debug=1", "", "", "", 200, "startOps"},
		{"/debug/pprof/cmdline", "", "", "", 403, ""},
		{"/metrics", "evil.example:" + port, "", "", 421, ""},
		{"/metrics", "127.0.0.1.evil.example", "", "", 421, ""},
		{"/metrics", "", "Origin", "http://localhost:3000", 403, ""},
		{"/metrics", "", "Origin", "null", 403, ""},
		{"/metrics", "", "Sec-Fetch-Site", "cross-site", 403, ""},
		{"/", "", "", "", 404, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.addr+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		if c.header != "" {
			req.Header.Set(c.header, c.value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(body), c.says) {
			t.Errorf("%+v: %d, %v, %.200s", c, resp.StatusCode, err, body)
		}
	}
	off, err := startOps("off", slog.New(slog.DiscardHandler))
	if err != nil || off.addr != "" || off.registry == nil {
		t.Errorf("off: %+v, %v", off, err)
	}
	off.close()
}
