//go:build !js

package client_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"fanlight/e2e/leak"
)

var theControl *control

func TestMain(m *testing.M) {
	c, err := newControl()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	theControl, controlURL = c, c.server.URL
	code := m.Run()
	c.close()
	if err := leak.Find(
		// http.DefaultClient keeps connections for its next request.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
	); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
