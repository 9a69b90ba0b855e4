package dashboard

import (
	"strings"
	"testing"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

func TestALineIsBrokenWherePricesAreMissing(t *testing.T) {
	m := NewMarket()
	for i, at := range []int64{1, 2, 3, 8, 20, 21} {
		m.Apply(quoted(uint64(i+1), "AMBR", at*demo.QuoteInterval, 100+float64(at%2)))
	}
	line := m.Ticker("AMBR").Sparkline()
	if strings.Count(line, "M") != 3 || strings.Count(line, "L") != 3 {
		t.Errorf("the line is %s", line)
	}
	if !strings.HasSuffix(line, "L600 4") {
		t.Errorf("it does not end at the right: %s", line)
	}
	if got := m.Ticker("BOLT").Sparkline(); got != "" {
		t.Errorf("without a price there is %s", got)
	}
}

func TestAPriceThatStandsStillIsALineInTheMiddle(t *testing.T) {
	m := NewMarket()
	m.Apply(quoted(1, "AMBR", 500, 100))
	m.Apply(quoted(2, "AMBR", 1000, 100))
	if got := m.Ticker("AMBR").Sparkline(); got != "M592 50h0L600 50" {
		t.Errorf("the line is %s", got)
	}
}

func TestACandleIsWhereItsTimeIs(t *testing.T) {
	m := NewMarket()
	candle := func(n int64, from, to float64) client.Event {
		return published(demo.CandlesChannel, uint64(n), demo.Candle{Symbol: "AMBR", At: n * demo.CandleLength, Open: from, High: 110, Low: 90, Close: to})
	}
	m.Apply(candle(1, 100, 105))
	m.Apply(candle(3, 105, 95)) // the second did not come
	m.Apply(quoted(1, "AMBR", 4*demo.CandleLength, 95))
	c := m.Ticker("AMBR").Chart()
	if c.Rise != "M565 4L565 236M562 62h6v58h-6z" || c.Fall != "M585 4L585 236M582 62h6v116h-6z" || c.Forming != "M595 178L595 178M592 178h6v1h-6z" {
		t.Errorf("the chart is %+v", c)
	}
	if c.High != 110 || c.Low != 90 || c.Count != 3 || c.From != demo.CandleLength || c.Until != 5*demo.CandleLength {
		t.Errorf("its axes are %+v", c)
	}
	if c := NewMarket().Ticker("AMBR").Chart(); c != (CandleChart{}) {
		t.Errorf("without a candle it is %+v", c)
	}
}

func TestASensorsLineIsNeverDrawnAcrossWhatIsNotThere(t *testing.T) {
	f := NewFleet()
	for n := range int64(3) {
		f.Apply(read(uint64(n+1), n+1, 20), noon)
	}
	g := &f.Gauges[0]
	whole := g.Trace()
	if whole.Missed+whole.Unsent+whole.Anew != "" || strings.Count(whole.Line, "M") != 1 {
		t.Errorf("a whole one is %+v", whole)
	}
	f.Apply(read(4, 10, 20), noon)
	if got := g.Trace(); got.Unsent == "" || got.Missed+got.Anew != "" || strings.Count(got.Line, "M") != 2 {
		t.Errorf("one that was not sent is %+v", got)
	}
	f.Apply(client.Gap{Gap: protocol.Gap{Channel: air().Channel(), Epoch: "e", From: 5, To: 9, Count: 5}}, noon)
	f.Apply(read(10, 16, 20), noon)
	if got := g.Trace(); got.Missed == "" || got.Anew != "" || strings.Count(got.Line, "M") != 3 {
		t.Errorf("one that was missed is %+v", got)
	}
	f.Apply(client.Reset{Reset: protocol.Reset{Channel: air().Channel(), Epoch: "f"}}, noon)
	f.Apply(read(1, 17, 20), noon)
	if got := g.Trace(); got.Anew == "" || strings.Count(got.Line, "M") != 4 {
		t.Errorf("one that began anew is %+v", got)
	}
	for n := range int64(maxShown) {
		f.Apply(read(uint64(n+2), n+18, 20), noon)
	}
	if got := g.Trace(); got.Missed+got.Unsent+got.Anew != "" || strings.Count(got.Line, "M") != 1 {
		t.Errorf("when it is out of sight there is %+v", got)
	}
}

func TestTheSourceThatIsShownIsThere(t *testing.T) {
	for _, s := range New(&live.Link{}).about().Sources {
		if s.Text == "" {
			t.Errorf("%s: nothing of %s", s.Title, s.File)
		}
	}
}

func TestFiguresAreWrittenAsPeopleReadThem(t *testing.T) {
	for got, want := range map[string]string{
		percent(0.0125): "+1.25 %", percent(-0.5): "−50.00 %", percent(-0.000001): "0.00 %", percent(0.000001): "0.00 %",
		measure(-18.04, "°C"): "−18.0 °C", span(-22, 4.5): "−22 to 4.5",
		bytes(999): "999 bytes", bytes(12_345): "12.3 KB", bytes(2_500_000): "2.5 MB",
		count(1, "quote", "quotes"): "1 quote", count(2, "quote", "quotes"): "2 quotes",
	} {
		if got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
}

// BenchmarkAFrame is what the reducers and the charts do in one at a thousand
// messages a second.
func BenchmarkAFrame(b *testing.B) {
	m := NewMarket()
	at := int64(0)
	for n := uint64(1); b.Loop(); {
		for i := range m.Tickers {
			at += demo.QuoteInterval
			m.Apply(quoted(n, m.Tickers[i].Symbol, at, 100+float64(n%7)))
			n++
			m.Tickers[i].Sparkline()
		}
		m.Tickers[0].Chart()
	}
}
