// Package leak finds goroutines that tests left behind.
//
// It is goleak with patience: goleak looks for less than half a second, and on a
// machine with much else to do what was told to end may take longer than that.
package leak

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a goroutine may take to end.
const patience = 20 * time.Second

// Main is for TestMain: it runs the tests, and fails them when something is left.
func Main(m *testing.M, options ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		if err := Find(options...); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// None fails the test when something is left.
func None(t testing.TB, options ...goleak.Option) {
	t.Helper()
	if err := Find(options...); err != nil {
		t.Error(err)
	}
}

// Find returns an error that tells what is left.
func Find(options ...goleak.Option) error { return within(patience, options...) }

// within looks until nothing is left, or the time is over.
func within(patience time.Duration, options ...goleak.Option) error {
	for deadline := time.Now().Add(patience); ; {
		err := goleak.Find(options...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
