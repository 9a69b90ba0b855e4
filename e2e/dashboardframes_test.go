package e2e_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"fanlight/e2e/browser"
	"fanlight/shared/demo"
)

// rate is how many messages a second the dashboard keeps up with, and span for
// how long it is tried.
const (
	rate = 1000
	span = 6 * time.Second
)

// watchFrames notes, from now on, when the browser paints.
const watchFrames = `(window.frames_ = [], requestAnimationFrame(function tick(t) { window.frames_.push(t); requestAnimationFrame(tick) }), 0)`

// TestTheDashboardPaintsEachFrameAtAThousandMessagesASecond tells how long
// frames took, and how busy the tab was. It fails for what can't be the
// machine's fault: messages that were let go of, half of the frames late, or
// most of a processor's time spent.
func TestTheDashboardPaintsEachFrameAtAThousandMessagesASecond(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	b := browser.Start(t)
	slot, seq := 2*now()+100, now()+100
	for _, board := range []string{"markets", "sensors"} {
		p := s.board(b, board)
		p.says("it is ready", `!document.querySelector("#watch-AMBR").disabled`, "true")
		// What chromedp itself hears of the network costs a tab more than that.
		p.calls(network.Disable)
		if _, err := chromedp.Call(p.Context(), performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
			t.Fatal(err)
		}
		// Each source publishes one message after another, in rounds; all of them
		// at once, so that a round does not wait for Redis as often.
		listings, fleet := demo.Listings(), demo.Fleet()
		sources := len(listings)
		publish := func(source, round int) {
			l := listings[source%len(listings)]
			f.quotes(l.Symbol, slot+int64(round), l.Price+float64(round%97)/10)
		}
		if board == "sensors" {
			sources = len(fleet)
			publish = func(source, round int) {
				s := fleet[source]
				f.readings(s.Channel(), seq+int64(round), s.Low+(s.High-s.Low)*float64(round%50)/50)
			}
		}
		every := time.Duration(sources) * time.Second / rate
		p.asks(watchFrames)
		before, began := p.busy(), time.Now()
		tick := time.NewTicker(every)
		rounds := 0
		for ; rounds < int(span/every); rounds++ {
			<-tick.C
			var running sync.WaitGroup
			for source := range sources {
				running.Go(func() { publish(source, rounds) })
			}
			running.Wait()
		}
		tick.Stop()
		passed := time.Since(began).Seconds()
		busy, took, sent := (p.busy()-before)/passed, frameTimes(t, p), rounds*sources
		half := took[len(took)/2]
		t.Logf("%s: %.0f messages a second for %.1f s; %d frames, p50 %.1f ms, p99 %.1f ms, longest %.1f ms; the tab's thread is busy %.0f %%",
			board, float64(sent)/passed, passed, len(took), half, took[len(took)*99/100], took[len(took)-1], 100*busy)
		if half > 25 {
			t.Errorf("%s: half of the frames took longer than %.1f ms", board, half)
		}
		if busy > 0.6 {
			t.Errorf("%s: the tab's thread is busy %.0f %% of the time", board, 100*busy)
		}
		if board == "markets" {
			p.says("all of it is there", `document.querySelector("#arrivals-words").textContent.split(" ")[0]`, strconv.Itoa(sent))
			p.says("nothing was let go of", `document.querySelector("#missed-words").textContent.trim()`, "")
		} else {
			p.says("nothing was missed, and all was sent", `[...document.querySelectorAll(".gauge-holes")].filter(e => e.textContent.trim()).length`, "0")
		}
		p.isClean()
		p.leaves()
	}
}

// calls sends a command without parameters.
func (p *tab) calls(command cdp.Command[cdp.Empty, cdp.Empty]) {
	p.t.Helper()
	if _, err := chromedp.Call(p.Context(), command, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
}

// busy is how long the tab's thread has run, in seconds of a processor.
func (p *tab) busy() float64 {
	p.t.Helper()
	got, err := chromedp.Call(p.Context(), performance.GetMetrics, cdp.Empty{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range got.Metrics {
		if m.Name == "TaskDuration" {
			return m.Value
		}
	}
	p.t.Fatal("the browser does not tell")
	return 0
}

// frameTimes returns how long each frame took, in milliseconds, in order.
func frameTimes(t *testing.T, p *tab) []float64 {
	t.Helper()
	var at []float64
	if err := json.Unmarshal([]byte(p.asks(`JSON.stringify(window.frames_)`)), &at); err != nil || len(at) < 10 {
		t.Fatal("the browser does not paint", err)
	}
	took := make([]float64, 0, len(at))
	for i := range len(at) - 1 {
		took = append(took, at[i+1]-at[i])
	}
	slices.Sort(took)
	return took
}
