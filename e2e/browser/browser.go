package browser

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// flags keep Chromium to itself: it runs as root in a container, and asks the
// network for nothing of its own.
var flags = []string{
	"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
	"disable-background-networking", "disable-component-update", "disable-sync",
	"disable-default-apps", "disable-dev-shm-usage", "hide-scrollbars",
}

// Browser is a running Chromium with a fresh profile. Several tests, one after
// the other or at once, may open pages in it.
type Browser struct{ ctx context.Context }

// Start starts one, which ends with the test. It skips or fails the test when
// there is no Chromium.
func Start(t testing.TB) *Browser {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(find(t)),
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, name := range flags {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(free)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	// Cleanups run last first: the browser ends before its profile is removed.
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("ending Chromium: %v", err)
		}
	})
	return &Browser{ctx}
}

func find(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("FANLIGHT_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const advice = "no Chromium: apt-get install chromium, or set FANLIGHT_CHROMIUM to its path"
	if os.Getenv("CI") == "true" {
		t.Fatal(advice)
	}
	t.Skip(advice)
	return ""
}
