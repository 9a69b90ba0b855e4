package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// keyEvery is the pause between two keys: about what a fast typist makes.
const keyEvery = 80 * time.Millisecond

// typed is what is typed, over and over.
const typed = "the quick brown fox jumps over the lazy dog "

// marks are the times, in milliseconds from the start of a navigation, at which
// the first content was painted, the program had taken the page over, and it was
// connected.
type marks struct{ Paint, Alive, Ready float64 }

// These run in the page. markMounted notes when the WebAssembly has drawn the
// page, which takes the loader's bar away, and when it is connected; readMarks
// waits for that.
const (
	markMounted = `{
		let bar = false;
		new MutationObserver((_, watch) => {
			const there = document.getElementById("app-wasm-loader") !== null;
			if (bar && !there) window.benchAlive = performance.now();
			bar = there;
			if (window.benchAlive && document.querySelector("#status[data-state=connected]")) {
				window.benchReady = performance.now();
				watch.disconnect();
			}
		}).observe(document, {subtree: true, childList: true, attributes: true});
	}`
	readMarks = `new Promise(done => {
		const look = () => {
			const paint = performance.getEntriesByName("first-contentful-paint")[0];
			window.benchReady && paint ? done({Paint: paint.startTime, Alive: window.benchAlive, Ready: window.benchReady}) : requestAnimationFrame(look);
		};
		look();
	})`
	// workerReady waits until the service worker has the page's files.
	workerReady = `navigator.serviceWorker.ready.then(async r => {
		while (r.active?.state != "activated") await new Promise(done => setTimeout(done, 20));
		return true;
	})`
	// watchFrames notes the time between frames, and for each key the time from
	// when it was pressed to the frame after its letter was there.
	watchFrames = `window.bench = {gaps: [], keys: [], on: true, began: performance.now()};
		{
			const received = () => Number(document.querySelector("[data-figure=received] dd")?.textContent ?? 0);
			bench.before = received();
			bench.stop = () => {
				bench.on = false;
				return {Gaps: bench.gaps, Keys: bench.keys, Seconds: (performance.now() - bench.began) / 1000, Received: received() - bench.before};
			};
			let last = performance.now();
			const frame = now => {
				if (!bench.on) return;
				bench.gaps.push(now - last);
				last = now;
				requestAnimationFrame(frame);
			};
			requestAnimationFrame(frame);
			addEventListener("input", e => requestAnimationFrame(() => setTimeout(() => bench.keys.push(performance.now() - e.timeStamp))), true);
		}`
)

// seen is what watchFrames saw: times in milliseconds.
type seen struct {
	Gaps, Keys []float64
	Seconds    float64
	// Received is by the page's own ledger, where it shows one; Sent is what was
	// sent meanwhile.
	Received float64
	Sent     int64
}

// watch looks at a page's frames for the length of a paced run, and types. What
// is sent meanwhile is counted by somebody else.
func (b *bench) watch(ctx context.Context, l look, sent *atomic.Int64) (s seen, err error) {
	// What the feed began with has settled when frames have passed.
	if _, err := evaluate[bool](ctx, `new Promise(done => setTimeout(() => requestAnimationFrame(() => done(true)), 1000))`); err != nil {
		return s, err
	}
	if l.field != "" {
		if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(l.field))); err != nil {
			return s, err
		}
	}
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](watchFrames)); err != nil {
		return s, err
	}
	before := sent.Load()
	keys, text := time.NewTicker(keyEvery), ""
	defer keys.Stop()
	end := time.NewTimer(b.Paced)
	defer end.Stop()
	for running := true; running; {
		select {
		case <-keys.C:
			if l.field == "" {
				continue
			}
			key := string(typed[len(text)%len(typed)])
			text += key
			if err := chromedp.Do(ctx, chromedp.KeyEvent(key)); err != nil {
				return s, err
			}
		case <-end.C:
			running = false
		}
	}
	s, err = evaluate[seen](ctx, `bench.stop()`)
	if s.Sent = sent.Load() - before; err != nil || l.field == "" {
		return s, err
	}
	there, err := evaluate[string](ctx, `document.querySelector(`+strconv.Quote(l.field)+`).value`)
	if err == nil && there != text {
		err = errors.New("what was typed is not what is there: " + strconv.Quote(there))
	}
	return s, err
}

// fill takes the numbers of what was seen.
func (r *PageRow) fill(s seen) {
	r.FramesPerSecond = float64(len(s.Gaps)) / s.Seconds
	r.FrameP50, r.FrameP99, r.FrameMax = quantiles(s.Gaps)
	r.KeyP50, r.KeyP99, _ = quantiles(s.Keys)
	r.ReceivedPerSecond = s.Received / s.Seconds
}

// quantiles returns the median, the 99th percentile and the maximum.
func quantiles(ms []float64) (p50, p99, most float64) {
	us := make([]uint32, len(ms))
	for i, v := range ms {
		us[i] = uint32(max(0, v) * 1000)
	}
	slices.Sort(us)
	at := func(q float64) float64 { return float64(percentile(us, q)) / 1000 }
	return at(0.5), at(0.99), at(1)
}

// evaluate runs an expression, and waits if it is a promise.
func evaluate[T any](ctx context.Context, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// onEveryPage has a script run before each page's own.
func onEveryPage(ctx context.Context, script string) error {
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}

// withoutNetwork has the browser no longer report each WebSocket frame, which
// would cost more than the frame.
func withoutNetwork(ctx context.Context) error {
	_, err := chromedp.Call(ctx, network.Disable, cdp.Empty{})
	return err
}
