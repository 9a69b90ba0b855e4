package market

import (
	"math"

	"fanlight/server/internal/demo/feed"
	"fanlight/shared/demo"
)

// span is the number of slots from knot to knot, a power of two.
const span = 1 << 16

// quotes is how many of them make a candle.
const quotes = demo.CandleLength / demo.QuoteInterval

// Quote returns what a listing's price is in a slot, counted in
// [demo.QuoteInterval] since the Unix epoch.
func Quote(seed uint64, l demo.Listing, slot int64) demo.Quote {
	price := l.Price * math.Exp(deviation(seed, l, slot))
	return demo.Quote{Symbol: l.Symbol, At: slot * demo.QuoteInterval, Price: math.Round(price*100) / 100}
}

// Candle returns what a price did in a period, counted in [demo.CandleLength].
func Candle(seed uint64, l demo.Listing, period int64) demo.Candle {
	first := Quote(seed, l, period*quotes)
	c := demo.Candle{Symbol: l.Symbol, At: first.At, Open: first.Price, High: first.Price, Low: first.Price, Close: first.Price}
	for i := int64(1); i < quotes; i++ {
		c.Close = Quote(seed, l, period*quotes+i).Price
		c.High, c.Low = max(c.High, c.Close), min(c.Low, c.Close)
	}
	return c
}

// deviation returns the logarithm of what a price is to what it began at.
func deviation(seed uint64, l demo.Listing, slot int64) float64 {
	// The multiplications stand alone lest a compiler fuses them with additions
	// on some machines and not on others.
	throw := func(at int64, deviation float64) float64 {
		return float64(deviation * l.Volatility * feed.Throw(seed, l.Symbol, at).Normal())
	}
	knot := func(at int64) float64 { return throw(at, math.Sqrt(span/2.0)) }
	left := slot &^ (span - 1)
	a := knot(left)
	if slot == left {
		return a
	}
	b := knot(left + span)
	for half := int64(span / 2); ; half /= 2 {
		at := left + half
		middle := (a+b)/2 + throw(at, math.Sqrt(float64(half)/2)) // a bridge of length 2h has variance h/2 there
		switch {
		case slot == at:
			return middle
		case slot < at:
			b = middle
		default:
			left, a = at, middle
		}
	}
}
