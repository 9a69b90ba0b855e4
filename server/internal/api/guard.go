package api

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"fanlight/shared/protocol"
)

// GuardConfig says whose pages may call, and under which names the server is
// known. The zero value lets pages of this very site in, and programs that are
// not browsers.
type GuardConfig struct {
	// Loopback says that the relay listens on a loopback address alone. Then
	// pages of any port of this machine may call too, and requests for any
	// other host are refused: a name that somebody points at 127.0.0.1 (DNS
	// rebinding) would make this machine's relay a part of their site.
	Loopback bool
	// Origins are those of the pages that may call, besides those of this very
	// site: https://app.example.com. Requests for a name that is none of theirs,
	// nor Host, nor a loopback one, are refused. If there are any, so are those
	// for an address, and pages of this machine's other ports are not let in.
	Origins []string
	// Host is the host that the relay listens on, when it is only one.
	Host string
}

// Guard decides who may call, before any handler runs.
type Guard struct {
	cfg     GuardConfig
	origins []string // as browsers write them
	hosts   []string
	cross   *http.CrossOriginProtection
}

// NewGuard returns the guard of a configuration. Its error names the origin
// that is none.
func NewGuard(cfg GuardConfig) (*Guard, error) {
	g := &Guard{cfg: cfg, cross: http.NewCrossOriginProtection()}
	if cfg.Host != "" {
		g.hosts = append(g.hosts, strings.ToLower(cfg.Host))
	}
	for _, origin := range cfg.Origins {
		u, err := parseOrigin(origin)
		if err != nil {
			return nil, err
		}
		exact := u.Scheme + "://" + u.Host
		if err := g.cross.AddTrustedOrigin(exact); err != nil {
			return nil, fmt.Errorf("%.100q is not an origin: %w", origin, err)
		}
		g.origins = append(g.origins, exact)
		g.hosts = append(g.hosts, u.Hostname())
	}
	return g, nil
}

// parseOrigin reads an origin: a scheme, a host, and a port if it is not the
// scheme's own. All of it comes back in lower case.
func parseOrigin(origin string) (*url.URL, error) {
	u, err := url.Parse(strings.ToLower(origin))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || strings.ContainsAny(u.Host, "*#") {
		return nil, fmt.Errorf("%.100q is not an origin: those are https://example.com or http://example.com:8080", origin)
	}
	if u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port()) // browsers leave it out
	}
	return u, nil
}

// Wrap returns a handler that admits, answers preflights (WHATWG Fetch, "CORS
// protocol"), and gives every answer the headers that keep browsers from
// making something else of it.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		secure(h)
		if !g.knows(hostname(r.Host)) {
			WriteProblem(w, &protocol.Error{Code: protocol.CodeHost, Message: "this server does not answer for that host; -origins says which it does"})
			return
		}
		// Of every answer, not only of those to pages: a cache must not give one
		// that was for a program to a page.
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		neighbour := g.neighbour(origin)
		switch {
		case len(r.Header.Values("Origin")) > 1, origin != "" && !neighbour && !g.admits(origin, r):
			WriteProblem(w, &protocol.Error{Code: protocol.CodeOrigin, Message: "pages of this origin may not call"})
			return
		// A browser says of every request whether it is another site's, also of
		// one without an Origin, or with one that only looks like ours.
		case !neighbour && (origin == "" || r.Header.Get("Sec-Fetch-Site") != "") && g.cross.Check(r) != nil:
			WriteProblem(w, &protocol.Error{Code: protocol.CodeOrigin, Message: "pages of other sites may not call"})
			return
		case origin == "":
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secure sets what holds for answers that are no page; the pages set their own
// over these.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	// Nothing here is to be embedded by other sites; who may read it from
	// another origin asks by CORS, which this does not concern.
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Data that is shown as a page is one that can do nothing.
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// knows reports whether a request for the host is meant for this server. A name
// has to be known, since anybody can point one here; an address can't be made to
// mean another machine.
func (g *Guard) knows(host string) bool {
	if isLoopback(host) || slices.Contains(g.hosts, strings.ToLower(strings.TrimSuffix(host, "."))) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil && !g.cfg.Loopback && len(g.origins) == 0
}

// admits reports whether a page of the origin may call. "null", the origin of
// sandboxed frames and of files, is nobody's and never admitted.
func (g *Guard) admits(origin string, r *http.Request) bool {
	origin = strings.ToLower(origin)
	if slices.Contains(g.origins, origin) {
		return true
	}
	u, err := parseOrigin(origin)
	if err != nil || !strings.EqualFold(u.Host, r.Host) || r.TLS != nil && u.Scheme != "https" {
		return false
	}
	// This very site. Whether its pages came by TLS is not known here when a
	// proxy ended it, but if the origins name it, then with its scheme.
	return !slices.ContainsFunc(g.origins, func(o string) bool { return strings.HasSuffix(o, "://"+u.Host) })
}

// neighbour reports whether the origin is a page of this machine, on any port,
// that may call because nobody else can.
func (g *Guard) neighbour(origin string) bool {
	if !g.cfg.Loopback || len(g.origins) > 0 || origin == "" {
		return false
	}
	u, err := parseOrigin(origin)
	return err == nil && isLoopback(u.Hostname())
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
