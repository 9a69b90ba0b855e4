package client_test

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	controlURL = os.Getenv("FANLIGHT_TEST_CONTROL")
	os.Exit(m.Run())
}
