package dashboard

import (
	"strconv"

	"fanlight/shared/demo"
)

// The charts' coordinates, which the page stretches as it likes.
const (
	width  = 600
	height = 100
	// margin keeps a line's width inside.
	margin = 4
	// tall is the height of the candles' chart.
	tall = 240
)

// path is the text of an SVG path.
type path []byte

func (p path) to(op byte, x, y int) path {
	p = strconv.AppendInt(append(p, op), int64(x), 10)
	return strconv.AppendInt(append(p, ' '), int64(y), 10)
}

// point begins a line with a dot, in case nothing follows.
func (p path) point(x, y int) path { return append(p.to('M', x, y), "h0"...) }

// box is a rectangle.
func (p path) box(x, y, w, h int) path {
	p = strconv.AppendInt(append(p.to('M', x, y), 'h'), int64(w), 10)
	p = strconv.AppendInt(append(p, 'v'), int64(h), 10)
	p = strconv.AppendInt(append(p, 'h'), int64(-w), 10)
	return append(p, 'z')
}

// scale says where a value is, from the top.
type scale struct {
	low, high float64
	height    int
}

func (s scale) y(v float64) int {
	room := float64(s.height - 2*margin)
	if s.high <= s.low {
		return s.height / 2
	}
	return margin + int(room*(s.high-v)/(s.high-s.low)+0.5)
}

// widen takes a value in.
func (s scale) widen(v float64) scale {
	s.low, s.high = min(s.low, v), max(s.high, v)
	return s
}

// Sparkline draws a symbol's last prices. Where there is none, be it that it did
// not come or that nobody asked for it, there is no line.
func (t *Ticker) Sparkline() string {
	last := t.quotes.last()
	if last == nil {
		return ""
	}
	s := scale{t.quotes.at(0).Price, t.quotes.at(0).Price, height}
	for i := range t.quotes.len() {
		s = s.widen(t.quotes.at(i).Price)
	}
	p := make(path, 0, 10*maxQuotes)
	before := int64(-1)
	for i := range t.quotes.len() {
		q := t.quotes.at(i)
		slot := maxQuotes - 1 - (last.At-q.At)/demo.QuoteInterval
		if slot < 0 {
			continue
		}
		x, y := int(slot)*width/(maxQuotes-1), s.y(q.Price)
		if slot > before+1 || before < 0 {
			p = p.point(x, y)
		} else {
			p = p.to('L', x, y)
		}
		before = slot
	}
	return string(p)
}

// CandleChart is the paths of candles that rose or stayed, of those that fell,
// and of the one that is still forming; and what is at its top and bottom, and
// when it begins and ends.
type CandleChart struct {
	Rise, Fall, Forming string
	High, Low           float64
	From, Until         int64
	Count               int
}

// Chart draws a symbol's candles. A place in time where there is none stays
// empty.
func (t *Ticker) Chart() CandleChart {
	all, forming := t.Candles()
	if len(all) == 0 {
		return CandleChart{}
	}
	last := all[len(all)-1].At
	s := scale{all[len(all)-1].Low, all[len(all)-1].High, tall}
	var shown []demo.Candle
	for _, c := range all {
		if last-c.At < maxCandles*demo.CandleLength {
			s = s.widen(c.Low).widen(c.High)
			shown = append(shown, c)
		}
	}
	const place = width / maxCandles
	var rise, fall, now path
	for i, c := range shown {
		into := &rise
		switch {
		case forming && i == len(shown)-1:
			into = &now
		case c.Close < c.Open:
			into = &fall
		}
		x := width - place - int((last-c.At)/demo.CandleLength)*place
		top, bottom := s.y(max(c.Open, c.Close)), s.y(min(c.Open, c.Close))
		*into = into.to('M', x+place/2, s.y(c.High)).to('L', x+place/2, s.y(c.Low)).box(x+2, top, place-4, max(1, bottom-top))
	}
	return CandleChart{
		Rise: string(rise), Fall: string(fall), Forming: string(now), High: s.high, Low: s.low,
		From: shown[0].At, Until: last + demo.CandleLength, Count: len(shown),
	}
}

// Trace is the paths of a sensor's chart: the range that is in order, the line,
// and where it is broken because this tab missed something, the sensor did not
// send, or the history began anew.
type Trace struct{ Band, Line, Missed, Unsent, Anew string }

// Trace draws a sensor's last readings.
func (g *Gauge) Trace() Trace {
	s := scale{g.Low, g.High, height}
	pad := (g.High - g.Low) / 4
	s = s.widen(g.Low - pad).widen(g.High + pad)
	for i := range g.trace.len() {
		s = s.widen(g.trace.at(i).Value)
	}
	t := Trace{Band: string(path(nil).box(0, s.y(g.High), width, s.y(g.Low)-s.y(g.High)))}
	line := make(path, 0, 10*maxSteps)
	var missed, unsent, anew path
	const place = width / maxShown
	before := -1 // where the step before is, if it is shown
	for i := range g.trace.len() {
		step := g.trace.at(i)
		back := g.last.Seq - step.Seq
		if back >= maxShown {
			continue
		}
		x, y := width-place/2-int(back)*place, s.y(step.Value)
		from := max(before, 0) // a hole that begins out of sight
		if step.broken() && i > 0 {
			if step.Missed > 0 {
				missed = missed.box(from+2, 0, max(1, x-from-4), height)
			}
			if step.Unsent > 0 {
				unsent = unsent.to('M', from, height-margin).to('L', x, height-margin)
			}
			if step.Anew {
				anew = anew.to('M', (from+x)/2, 0).to('L', (from+x)/2, height)
			}
		}
		if before < 0 || step.broken() {
			line = line.point(x, y)
		} else {
			line = line.to('L', x, y)
		}
		before = x
	}
	t.Line, t.Missed, t.Unsent, t.Anew = string(line), string(missed), string(unsent), string(anew)
	return t
}
