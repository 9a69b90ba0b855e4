package transport_test

import (
	"net/http"
	"runtime"
	"testing"
	"weak"

	"fanlight/shared/protocol"
)

// A request brings headers, a context and 8 KiB of the HTTP server's buffers:
// twice what the connection itself needs.
func TestAConnectionDoesNotKeepTheRequestItBeganWith(t *testing.T) {
	for way, subprotocol := range map[string]string{"fanlight.v1": protocol.Subprotocol, "plain": ""} {
		t.Run(way, func(t *testing.T) {
			r := newRig(t, nil)
			asked := make(chan weak.Pointer[http.Request], 1)
			serve := r.server.Config.Handler
			r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				asked <- weak.Make(req)
				serve.ServeHTTP(w, req)
			})
			s := r.dial("?channel=a", subprotocol)
			request := <-asked
			eventually(t, "the request is let go of", func() bool {
				runtime.GC()
				return request.Value() == nil
			})
			runtime.KeepAlive(s)
		})
	}
}
