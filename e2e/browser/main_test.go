package browser_test

import (
	"testing"

	"fanlight/e2e/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
