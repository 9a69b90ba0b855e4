package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"fanlight/shared/protocol"
)

// Guard decides who may call, before any handler runs. The zero value lets
// pages of this very site in, and programs that are not browsers.
type Guard struct {
	// Loopback says that the relay listens on a loopback address alone. Then
	// pages of any port of this machine may call too, and requests for any
	// other host are refused: a name that somebody points at 127.0.0.1 (DNS
	// rebinding) would make this machine's relay a part of their site.
	Loopback bool
}

// Wrap returns a handler that admits, and answers preflights (WHATWG Fetch,
// "CORS protocol").
func (g Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.Loopback && !isLoopback(hostname(r.Host)) {
			WriteProblem(w, &protocol.Error{Code: protocol.CodeHost, Message: "this server answers for localhost alone"})
			return
		}
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin")
		if !g.admits(origin, r.Host) {
			WriteProblem(w, &protocol.Error{Code: protocol.CodeOrigin, Message: "pages of this origin may not call"})
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admits reports whether a page of the origin may call. "null", the origin of
// sandboxed frames and of files, is nobody's and never admitted.
func (g Guard) admits(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return strings.EqualFold(u.Host, host) || g.Loopback && isLoopback(u.Hostname())
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// isLoopback reports whether a host name can only mean this machine: localhost
// and the names below it (RFC 6761, 6.3), 127.0.0.0/8 and ::1.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
