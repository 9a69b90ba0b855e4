package faults

import (
	"os"
	"testing"

	"fanlight/e2e/leak"
)

// TestMain runs the tests, or is a relay: see process.
func TestMain(m *testing.M) {
	if asked := os.Getenv(relayEnv); asked != "" {
		os.Exit(runRelay(asked))
	}
	leak.Main(m)
}
