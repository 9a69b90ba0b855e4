package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ops is what operators see: metrics and profiles, on a listener of its own, so
// that no mistake in front of the other can show them to everybody.
type ops struct {
	addr     string // "" without a listener
	registry *prometheus.Registry
	server   *http.Server
	served   chan struct{}
}

// startOps listens on the address; "off" keeps the metrics to themselves. A
// taken port falls back to a free one.
func startOps(addr string, log *slog.Logger) (*ops, error) {
	o := &ops{registry: prometheus.NewRegistry(), served: make(chan struct{})}
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if addr == "off" {
		close(o.served)
		return o, nil
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		host, _, _ := net.SplitHostPort(addr)
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err == nil {
			log.Warn("the port for metrics is taken; another one is used", "wanted", addr, "addr", listener.Addr().String())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ops-addr: %w", err)
	}
	o.addr = listener.Addr().String()
	o.server = &http.Server{
		Handler: o.guard(isLoopback(o.addr), o.handler(log)), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(o.served)
		if err := o.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	}()
	return o, nil
}

func (o *ops) handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and the named ones below it
	mux.HandleFunc("GET /debug/pprof/cmdline", func(w http.ResponseWriter, _ *http.Request) {
		// The arguments may hold the secret that tokens are signed with.
		http.Error(w, "the command line is not shown", http.StatusForbidden)
	})
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// guard keeps pages out: those of any origin, and those of a name that somebody
// points at this machine.
func (o *ops) guard(loopback bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cache-Control", "no-store")
		site := r.Header.Get("Sec-Fetch-Site")
		switch {
		case loopback && !isLoopback(withPort(r.Host)):
			http.Error(w, "this address answers for localhost alone", http.StatusMisdirectedRequest)
		case r.Header.Get("Origin") != "", site == "cross-site", site == "same-site":
			http.Error(w, "not for pages", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// withPort adds a port to a host that has none.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + ":80"
}

// close ends the listener, and waits for it.
func (o *ops) close() {
	if o.server != nil {
		_ = o.server.Close()
	}
	<-o.served
}
