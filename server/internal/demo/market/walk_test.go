package market_test

import (
	"math"
	"testing"

	"fanlight/server/internal/demo/market"
	"fanlight/shared/demo"
)

// began is a slot of the year 2026, and not at a knot.
const began = 1_772_000_000*1000/demo.QuoteInterval + 123

func TestAPriceDependsOnSeedSymbolAndSlotAlone(t *testing.T) {
	t.Parallel()
	bolt, echo := demo.Listings()[1], demo.Listings()[4]
	// Forwards and backwards, from anywhere: there is nothing that is carried on.
	forward := make([]demo.Quote, 500)
	for i := range forward {
		forward[i] = market.Quote(1, bolt, began+int64(i))
	}
	differs := 0
	for i := len(forward) - 1; i >= 0; i-- {
		if q := market.Quote(1, bolt, began+int64(i)); q != forward[i] || q.At != (began+int64(i))*demo.QuoteInterval || q.Symbol != "BOLT" {
			t.Fatalf("%+v, and then %+v", forward[i], q)
		}
		if market.Quote(2, bolt, began+int64(i)).Price != forward[i].Price {
			differs++
		}
	}
	if differs < 400 {
		t.Errorf("another seed has other prices %d times of 500", differs)
	}
	if market.Quote(1, echo, began).Price/echo.Price == forward[0].Price/bolt.Price {
		t.Error("two symbols walk together")
	}
	// What relays have to agree on, in this version and the next.
	if want := 52.18; forward[0].Price != want {
		t.Errorf("%v, not %v", forward[0].Price, want)
	}
}

func TestPricesStayWithinReasonForAYear(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * 3600 * 1000 / demo.QuoteInterval
	for _, l := range demo.Listings() {
		bound := math.Exp(6 * math.Sqrt(1<<15) * l.Volatility)
		for slot := int64(began); slot < began+year; slot += 1117 * 3 {
			if p := market.Quote(1, l, slot).Price; p < l.Price/bound || p > l.Price*bound {
				t.Fatalf("%s is at %v and began at %v", l.Symbol, p, l.Price)
			}
		}
	}
}

// At knots too: no jump there.
func TestStepsAreAsLargeAsTheListingSays(t *testing.T) {
	t.Parallel()
	const span = 1 << 16
	iris := demo.Listings()[8] // the dearest, whose cents are the smallest
	knot := int64(began)/span*span + span
	squares, products, before := 0.0, 0.0, 0.0
	const n = 8000
	for slot := knot - n/2; slot < knot+n/2; slot++ {
		step := math.Log(market.Quote(1, iris, slot+1).Price / market.Quote(1, iris, slot).Price)
		if math.Abs(step) > 8*iris.Volatility {
			t.Errorf("a step of %v", step)
		}
		squares, products = squares+step*step, products+step*before
		before = step
	}
	if deviation := math.Sqrt(squares / n); math.Abs(deviation/iris.Volatility-1) > 0.05 {
		t.Errorf("steps deviate by %v, not %v", deviation, iris.Volatility)
	}
	if math.Abs(products/squares) > 0.05 {
		t.Errorf("a step tells of the next: %v", products/squares)
	}
}

func TestACandleIsItsQuotes(t *testing.T) {
	t.Parallel()
	const quotes = demo.CandleLength / demo.QuoteInterval
	for _, l := range demo.Listings() {
		for period := int64(began / quotes); period < began/quotes+50; period++ {
			c := market.Candle(1, l, period)
			high, low := 0.0, math.Inf(1)
			for i := range int64(quotes) {
				p := market.Quote(1, l, period*quotes+i).Price
				high, low = max(high, p), min(low, p)
			}
			want := demo.Candle{
				Symbol: l.Symbol, At: period * demo.CandleLength, High: high, Low: low,
				Open: market.Quote(1, l, period*quotes).Price, Close: market.Quote(1, l, period*quotes+quotes-1).Price,
			}
			if c != want {
				t.Fatalf("%+v, not %+v", c, want)
			}
		}
	}
}
