package faults

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or is a relay: see process.
func TestMain(m *testing.M) {
	if asked := os.Getenv(relayEnv); asked != "" {
		os.Exit(runRelay(asked))
	}
	goleak.VerifyTestMain(m)
}
