package e2e_test

import (
	"os"
	"os/exec"
	"testing"

	"fanlight/e2e/browser"
)

// need is what a test can't do without, beside Go.
type need struct {
	programs []string
	install  string // how to get them
}

var (
	forProduction = need{[]string{"redis-server", "nginx", "openssl", "sh"}, "apt-get install redis-server nginx-light openssl"}
	forReadme     = need{[]string{"curl", "redis-cli", "sh"}, "apt-get install curl redis-tools"}
)

// needs skips a test on a machine that lacks what it needs; under CI the test
// fails.
func needs(t *testing.T, what need) {
	t.Helper()
	for _, name := range what.programs {
		_, err := exec.LookPath(name)
		switch {
		case err == nil:
		case os.Getenv("CI") == "true":
			t.Fatal(err)
		default:
			t.Skipf("no %s: %s", name, what.install)
		}
	}
}

// go test does not tell of what it skips; make e2e has this one tell it first.
func TestWhatIsTestedWithIsHere(t *testing.T) {
	t.Run("for_the_pages", func(t *testing.T) { browser.Start(t) })
	t.Run("for_production", func(t *testing.T) { needs(t, forProduction) })
	t.Run("for_the_readme", func(t *testing.T) { needs(t, forReadme) })
}
