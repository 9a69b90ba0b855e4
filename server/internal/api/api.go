package api

import (
	"net/http"
	"runtime"
	"runtime/debug"

	"fanlight/server/internal/limit"
	"fanlight/server/internal/node"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// API is what the handlers need. All of it is required, but for RedisAddr,
// Build and Limiter.
type API struct {
	Node *node.Node
	// Embedded says that Redis is the one in this process.
	Embedded bool
	// RedisAddr is where that one listens, for everybody to know; "" keeps it
	// private.
	RedisAddr string
	// Build names the page.
	Build string
	// Stream serves GET /sse, and WebSocket GET /ws. Their errors are answered
	// as problems.
	Stream, WebSocket func(http.ResponseWriter, *http.Request) error
	// Limiter bounds how much is asked and published, and how long a body takes;
	// nil does not.
	Limiter *limit.Limiter
	// Fallback serves every path that is not the relay's.
	Fallback http.Handler
}

// Handler returns the relay's paths. All requests are counted, by caller or by
// counted, but for those that ask how the relay is.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /publish", answered(a.publish))
	mux.HandleFunc("GET /ws", answered(a.counted(a.WebSocket)))
	mux.HandleFunc("GET /sse", answered(a.counted(a.Stream)))
	mux.HandleFunc("GET /history", answered(a.history))
	mux.HandleFunc("GET /presence", answered(a.presence))
	mux.HandleFunc("GET /filter", answered(a.counted(a.filter)))
	mux.HandleFunc("POST /ticket", answered(a.ticket))
	mux.HandleFunc("GET /identities", answered(a.counted(a.identities)))
	mux.HandleFunc("POST /identities", answered(a.counted(a.mint)))
	mux.HandleFunc("GET /healthz", answered(a.healthz))
	mux.HandleFunc("GET /readyz", answered(a.readyz))
	mux.HandleFunc("GET /version", answered(a.counted(a.version)))
	for path, allow := range map[string]string{
		"/publish": "POST", "/ticket": "POST", "/identities": "GET, POST", "/ws": "GET", "/sse": "GET", "/history": "GET",
		"/presence": "GET", "/filter": "GET", "/healthz": "GET", "/readyz": "GET", "/version": "GET",
	} {
		mux.HandleFunc(path, wrongMethod(path, allow))
	}
	mux.HandleFunc("/", answered(a.counted(func(w http.ResponseWriter, r *http.Request) error {
		a.Fallback.ServeHTTP(w, r)
		return nil
	})))
	return mux
}

// NotFound is the Fallback of a relay that serves no pages.
func NotFound(w http.ResponseWriter, r *http.Request) {
	WriteProblem(w, &protocol.Error{Code: protocol.CodeNotFound, Message: "there is nothing at " + r.URL.Path})
}

func answered(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r); err != nil {
			WriteProblem(w, err)
		}
	}
}

func wrongMethod(path, allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		WriteProblem(w, &protocol.Error{Code: protocol.CodeMethod, Message: path + " takes " + allow + ", not " + r.Method})
	}
}

// presence serves GET /presence?channel=.
func (a *API) presence(w http.ResponseWriter, r *http.Request) error {
	channel := protocol.DefaultChannel
	if q := r.URL.Query(); q.Has("channel") {
		channel = q.Get("channel")
	}
	from, err := a.caller(r)
	if err != nil {
		a.Node.Refused(from, ops.OpPresence, channel, err)
		return err
	}
	present, err := a.Node.Presence(r.Context(), from, channel)
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, present)
	return nil
}

// healthz says that the process is alive, whatever Redis does.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, "application/json", http.StatusOK, map[string]string{"status": "alive"})
	return nil
}

// readyz says whether messages flow: a probe of ours goes through Redis and
// back every second.
func (a *API) readyz(w http.ResponseWriter, _ *http.Request) error {
	trip, err := a.Node.Ready()
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, map[string]any{"status": "ready", "probe_ms": float64(trip.Microseconds()) / 1000})
	return nil
}

func (a *API) version(w http.ResponseWriter, _ *http.Request) error {
	v := protocol.VersionResponse{Protocol: protocol.Subprotocol, Build: a.Build, Go: runtime.Version(), Redis: "external"}
	if a.Embedded {
		v.Redis, v.RedisAddr = "embedded", a.RedisAddr
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	writeJSON(w, "application/json", http.StatusOK, v)
	return nil
}
