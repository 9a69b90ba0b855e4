package e2e_test

import (
	"testing"

	"go.uber.org/goleak"

	"fanlight/e2e/leak"
)

func TestMain(m *testing.M) {
	leak.Main(m,
		// http.DefaultClient keeps connections for its next request.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
	)
}
