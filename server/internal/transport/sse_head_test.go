package transport_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// beforeHead is a response to which something happens before it has a head.
type beforeHead struct {
	http.ResponseWriter
	t      *testing.T
	happen func() // once
	headed atomic.Bool
}

func (w *beforeHead) Header() http.Header {
	if h := w.happen; h != nil {
		w.happen = nil
		h()
	}
	return w.ResponseWriter.Header()
}

func (w *beforeHead) WriteHeader(status int) {
	w.headed.Store(true)
	w.ResponseWriter.WriteHeader(status)
}

func (w *beforeHead) Write(b []byte) (int, error) {
	if !w.headed.Load() {
		w.t.Errorf("%q is written before the head", b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *beforeHead) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestAnEventStreamThatEndsAtItsBeginHasAHeadFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	serve := r.server.Config.Handler
	r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		serve.ServeHTTP(&beforeHead{ResponseWriter: w, t: t, happen: func() {
			r.sessions.Drain()
			for range 1000 { // enough for the session to say why, if nothing keeps it from that
				runtime.Gosched()
			}
		}}, req)
	})
	resp, err := http.Get(r.server.URL + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if got := resp.Header.Get("Content-Type"); err != nil || got != "text/event-stream" || !strings.HasPrefix(string(body), "event: error\ndata: shutdown: ") {
		t.Errorf("%s: %q, %v", got, body, err)
	}
}
