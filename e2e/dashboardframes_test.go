package e2e_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
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
// frames took. It fails for what can't be the machine's fault: messages that
// were let go of, or half of the frames late.
func TestTheDashboardPaintsEachFrameAtAThousandMessagesASecond(t *testing.T) {
	s := newRig(t).site()
	f := s.feeder()
	b := browser.Start(t)
	slot, seq := 2*now()+100, now()+100
	for _, board := range []string{"markets", "sensors"} {
		p := s.board(b, board)
		p.says("it is ready", `!document.querySelector("#watch-AMBR").disabled`, "true")
		// What chromedp itself hears of the network costs a tab more than that.
		if _, err := chromedp.Call(p.Context(), network.Disable, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
		listings, fleet := demo.Listings(), demo.Fleet()
		publish := func(n int) {
			if board == "markets" {
				l := listings[n%len(listings)]
				if n%len(listings) == 0 {
					slot++
				}
				f.quotes(l.Symbol, slot, l.Price+float64(n%97)/10)
				return
			}
			sensor := fleet[n%len(fleet)]
			if n%len(fleet) == 0 {
				seq++
			}
			f.readings(sensor.Channel(), seq, sensor.Low+(sensor.High-sensor.Low)*float64(n%50)/50)
		}
		publish(0)
		p.asks(watchFrames)
		sent := 1
		began := time.Now()
		tick := time.NewTicker(5 * time.Millisecond)
		for range tick.C {
			passed := time.Since(began)
			if passed > span {
				break
			}
			for ; sent < int(passed.Seconds()*rate); sent++ {
				publish(sent)
			}
		}
		tick.Stop()
		took := frameTimes(t, p)
		t.Logf("%s: %d messages in %v; %d frames, p50 %.1f ms, p99 %.1f ms, longest %.1f ms",
			board, sent, time.Since(began).Round(time.Millisecond), len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		if took[len(took)/2] > 25 {
			t.Errorf("%s: half of the frames took longer than %.1f ms", board, took[len(took)/2])
		}
		if board == "markets" {
			publish(len(listings) * sent) // AMBR's
			p.says("all of it is there", `document.querySelector("#arrivals-words").textContent.split(" ")[0]`, strconv.Itoa(sent+1))
			p.says("nothing was let go of", `document.querySelector("#missed-words").textContent.trim()`, "")
		} else {
			p.says("nothing was missed", `[...document.querySelectorAll(".gauge-holes")].filter(e => e.textContent.includes("missed")).length`, "0")
		}
		p.isClean()
		p.leaves()
	}
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
