package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// look is what a page is measured at: messages a second on one channel, while
// somebody types or not.
type look struct {
	page, path string
	channel    string
	rate       int
	field      string // that is typed into; "" for none
	data       func(n int) []byte
}

// looks are all of them. A still one is what the others are compared with.
func looks(size int) []look {
	note := func(n int) []byte { return appendData(nil, time.Now().UnixMicro(), numberFirst+uint64(n), size) } // #nosec G115 -- it counts up from 0
	all := []look{{page: "dashboard", path: "/dashboard", channel: demo.QuotesChannel, rate: 1000, data: quotes()}}
	for _, rate := range []int{0, 1000, 5000} {
		all = append(all, look{"playground", "/playground", protocol.DefaultChannel, rate, "#composer-text", note})
	}
	return all
}

// quotes returns a market that trades faster than the demo's own, slot by slot.
func quotes() func(n int) []byte {
	listings, first := demo.Listings(), time.Now().UnixMilli()/demo.QuoteInterval
	return func(n int) []byte {
		l, round := listings[n%len(listings)], int64(n/len(listings))
		text, err := json.Marshal(demo.Quote{
			Symbol: l.Symbol, At: (first + round) * demo.QuoteInterval, Price: l.Price * (1 + 0.01*float64(round%7-3)/3),
		})
		if err != nil {
			panic(err) // there are only texts and numbers in it
		}
		return text
	}
}

// open lets everybody publish where the demo's feeder alone may.
const open = "[namespaces." + demo.MarketSpace + "]\nanonymous = [\"subscribe\", \"publish\", \"history\"]\n"

// measurePage starts pages cold and warm in a real browser, and looks at them
// under load. It runs before anything is pinned: a browser wants both cores.
func (b *bench) measurePage(ctx context.Context) (start *StartRow, rows []PageRow, err error) {
	dir, err := os.MkdirTemp("", "fanlight-bench-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	web, end, err := browser.Launch(filepath.Join(dir, "profile"))
	if errors.Is(err, browser.ErrMissing) {
		return &StartRow{Note: "skipped: " + err.Error()}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	// The embedded Redis would have no time left beside a browser.
	if b.redis, err = startRedis(ctx, b.RedisURL, b.loadCore); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, b.redis.stop()) }()
	config := filepath.Join(dir, "fanlight.toml")
	if err := os.WriteFile(config, []byte(open), 0o600); err != nil {
		return nil, nil, err
	}
	srv, err := b.serve(ctx, system{name: "fanlight", mode: modeFanlight}, "-demos", "off", "-config", config)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, srv.proc.stop()) }()

	var starts []StartRow
	for n := range b.Runs {
		_, _ = fmt.Fprintf(b.progress, "page: start, run %d of %d\n", n+1, b.Runs)
		row, err := measureStart(web, "http://"+srv.addr+"/")
		if err != nil {
			return nil, nil, fmt.Errorf("starting the page: %w", err)
		}
		starts = append(starts, row)
	}
	merged := mergeStart(starts)
	for _, l := range looks(b.Size) {
		_, _ = fmt.Fprintf(b.progress, "page: %s at %d messages a second\n", l.page, l.rate)
		row, err := b.measureLook(ctx, web, srv.addr, l)
		if err != nil {
			return nil, nil, fmt.Errorf("%s at %d messages a second: %w", l.page, l.rate, err)
		}
		rows = append(rows, row)
	}
	return &merged, rows, nil
}

// rest is how long a browser is left alone before a warm start: after a cold one
// it goes on compiling for a while, which whoever comes back does not wait for.
const rest = 3 * time.Second

// measureStart loads a page without anything in the cache, then again.
func measureStart(web *browser.Browser, url string) (row StartRow, err error) {
	p, end, err := web.Page()
	if err != nil {
		return row, err
	}
	defer end()
	if err := onEveryPage(p.Context(), markMounted); err != nil {
		return row, err
	}
	load := func() (marks, error) {
		if err := chromedp.Do(p.Context(), chromedp.Navigate(url)); err != nil {
			return marks{}, err
		}
		return evaluate[marks](p.Context(), readMarks)
	}
	cold, err := load()
	if err != nil {
		return row, err
	}
	if _, err := evaluate[bool](p.Context(), workerReady); err != nil {
		return row, err
	}
	select {
	case <-time.After(rest):
	case <-p.Context().Done():
		return row, p.Context().Err()
	}
	warm, err := load()
	if err != nil {
		return row, err
	}
	return StartRow{
		Runs: 1, ColdPaint: cold.Paint, ColdAlive: cold.Alive, ColdReady: cold.Ready,
		WarmPaint: warm.Paint, WarmAlive: warm.Alive, WarmReady: warm.Ready,
	}, nil
}

// measureLook opens a page, and watches its frames while messages come.
func (b *bench) measureLook(ctx context.Context, web *browser.Browser, addr string, l look) (row PageRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p, end, err := web.Page()
	if err != nil {
		return row, err
	}
	defer end()
	tab, cancel := context.WithTimeout(p.Context(), time.Minute)
	defer cancel()
	err = chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("http://"+addr+l.path),
		chromedp.WaitVisible(chromedp.CSS(`#status[data-state=connected]`)))
	if err != nil {
		return row, err
	}
	if err := withoutNetwork(tab); err != nil {
		return row, err
	}
	feed := startFeed(ctx, addr, l)
	row = PageRow{Page: l.page, Rate: l.rate}
	seen, err := b.watch(tab, l, &feed.sent)
	if err := errors.Join(err, feed.end()); err != nil {
		return row, err
	}
	row.fill(seen)
	if sent := float64(seen.Sent) / seen.Seconds; l.rate > 0 && sent < 0.9*float64(l.rate) {
		row.Note = fmt.Sprintf("only %.0f messages a second were sent", sent)
	}
	return row, nil
}
