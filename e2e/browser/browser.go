package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ErrMissing is the error of [Launch] without a Chromium, and says how to get one.
var ErrMissing = errors.New("no Chromium: apt-get install chromium, or set FANLIGHT_CHROMIUM to its path")

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

// running is the browser of the tests that run at a time, and how many they are.
var running struct {
	sync.Mutex
	browser *Browser
	end     func() error
	users   int
}

// Start starts one, or joins the tests that run beside this one in theirs: pages
// have nothing in common, and a start costs more than most tests. It ends with
// the last of them. It skips or fails the test when there is no Chromium.
func Start(t testing.TB) *Browser {
	t.Helper()
	running.Lock()
	defer running.Unlock()
	if running.users == 0 {
		b, end, err := launch()
		for range 2 { // a start has its time, which a busy machine may take up
			if err == nil || errors.Is(err, ErrMissing) {
				break
			}
			t.Logf("once more: %v", err)
			b, end, err = launch()
		}
		switch {
		case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
			t.Skip(err)
		case err != nil:
			t.Fatal(err)
		}
		running.browser, running.end = b, end
	}
	running.users++
	t.Cleanup(func() {
		running.Lock()
		defer running.Unlock()
		if running.users--; running.users > 0 {
			return
		}
		if err := running.end(); err != nil {
			t.Logf("ending Chromium: %v", err)
		}
	})
	return running.browser
}

// launch is Launch on a directory of its own.
func launch() (*Browser, func() error, error) {
	profile, err := os.MkdirTemp("", "fanlight-chromium-")
	if err != nil {
		return nil, nil, err
	}
	b, end, err := Launch(profile)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(profile))
	}
	return b, func() error { return errors.Join(end(), os.RemoveAll(profile)) }, nil
}

// Launch starts one on an empty directory, for who is no test. It has ended when
// end returns.
func Launch(profile string) (b *Browser, end func() error, err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile)}
	for _, name := range flags {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	end = func() error {
		ctx, stop := context.WithTimeout(ctx, 10*time.Second)
		defer free()
		defer cancel()
		defer stop()
		return chromedp.Cancel(ctx)
	}
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		free()
		return nil, nil, fmt.Errorf("starting Chromium: %w", err)
	}
	return &Browser{ctx}, end, nil
}

func find() (string, error) {
	if path := os.Getenv("FANLIGHT_CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}
