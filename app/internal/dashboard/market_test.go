package dashboard

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// published is a publication of a value, at an offset.
func published(channel string, offset uint64, v any) client.Received {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return client.Received{Publication: protocol.Publication{Channel: channel, Epoch: "e", Offset: offset, Data: data}}
}

func quoted(offset uint64, symbol string, at int64, price float64) client.Received {
	return published(demo.QuotesChannel, offset, demo.Quote{Symbol: symbol, At: at, Price: price})
}

func TestASymbolHasThePriceThatCameLastAndTheChangeSinceTheFirst(t *testing.T) {
	m := NewMarket()
	if _, _, ok := m.Ticker("AMBR").Price(); ok {
		t.Error("there is a price before one came")
	}
	m.Apply(quoted(1, "AMBR", 500, 100))
	m.Apply(quoted(2, "BOLT", 500, 7))
	m.Apply(quoted(3, "AMBR", 1000, 110))
	last, change, ok := m.Ticker("AMBR").Price()
	if !ok || last != 110 || percent(change) != "+10.00 %" {
		t.Errorf("%v, %v, %v", last, percent(change), ok)
	}
	if m.Ticker("BOLT").Turn != 1 || m.Ticker("CRNE").Turn != 0 {
		t.Error("what did not change has turned")
	}
}

func TestWhatIsNoQuoteChangesNothing(t *testing.T) {
	m := NewMarket()
	m.Apply(quoted(1, "AMBR", 1000, 100))
	foreign := quoted(0, "AMBR", 2000, 1)
	foreign.Foreign = true
	for name, ev := range map[string]client.Event{
		"another program's":  foreign,
		"one that came":      quoted(1, "AMBR", 1000, 1),
		"an earlier one":     quoted(1, "AMBR", 500, 1),
		"no price":           quoted(2, "AMBR", 2000, -1),
		"not traded":         quoted(2, "ZZZZ", 2000, 1),
		"something else":     published(demo.QuotesChannel, 2, "AMBR"),
		"on another channel": published("chat:tea", 2, demo.Quote{Symbol: "AMBR", At: 2000, Price: 1}),
	} {
		if m.Apply(ev); m.Ticker("AMBR").Turn != 1 {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestWhatIsKeptOfASymbolIsBounded(t *testing.T) {
	m := NewMarket()
	for n := range int64(10 * maxQuotes) {
		m.Apply(quoted(uint64(n+1), "AMBR", (n+1)*demo.QuoteInterval, 100+float64(n)))
		m.Apply(published(demo.CandlesChannel, uint64(n+1), demo.Candle{Symbol: "AMBR", At: n * demo.CandleLength, Open: 1, High: 1, Low: 1, Close: 1}))
	}
	a := m.Ticker("AMBR")
	if a.quotes.len() != maxQuotes || a.candles.len() != maxCandles || a.quotes.at(0).Price != 100+9*maxQuotes {
		t.Errorf("%d quotes from %v, %d candles", a.quotes.len(), a.quotes.at(0).Price, a.candles.len())
	}
}

func TestACandleFormsOutOfQuotesUntilTheCompleteOneComes(t *testing.T) {
	m := NewMarket()
	a := m.Ticker("AMBR")
	for i, price := range []float64{100, 103, 98, 101} {
		m.Apply(quoted(uint64(i+1), "AMBR", demo.CandleLength+int64(i+1)*500, price))
	}
	all, forming := a.Candles()
	want := demo.Candle{Symbol: "AMBR", At: demo.CandleLength, Open: 100, High: 103, Low: 98, Close: 101}
	if !forming || len(all) != 1 || all[0] != want {
		t.Fatalf("it forms %+v", all)
	}
	want.Low = 97 // a price that this tab had not asked for
	m.Apply(published(demo.CandlesChannel, 1, want))
	if all, forming = a.Candles(); forming || len(all) != 1 || all[0] != want {
		t.Errorf("it is %+v, still forming: %v", all, forming)
	}
	m.Apply(quoted(5, "AMBR", 2*demo.CandleLength-1, 1))
	if all, _ = a.Candles(); len(all) != 1 || all[0] != want {
		t.Errorf("a late quote made it %+v", all)
	}
	m.Apply(quoted(6, "AMBR", 2*demo.CandleLength, 102))
	if all, forming = a.Candles(); !forming || len(all) != 2 {
		t.Errorf("then there are %+v", all)
	}
}

func TestTheMarketSaysWhatIsLost(t *testing.T) {
	m := NewMarket()
	m.Apply(client.Gap{Gap: protocol.Gap{Channel: demo.QuotesChannel, From: 2, To: 8, Count: 7}})
	m.Apply(client.Gap{Gap: protocol.Gap{Channel: "chat:tea", From: 2, To: 8, Count: 7}})
	m.Apply(client.Reset{Reset: protocol.Reset{Channel: demo.QuotesChannel}})
	m.Apply(client.Refused{Channel: demo.CandlesChannel, Err: errors.New("no")})
	if m.Missed != 7 || m.Resets != 1 || !strings.Contains(m.Problem, demo.CandlesChannel) {
		t.Errorf("%d missed, %d resets, %q", m.Missed, m.Resets, m.Problem)
	}
}

func TestWatchingIsAFilterByTag(t *testing.T) {
	m := NewMarket()
	w := ParseWatch("BOLT,<b>,AMBR,BOLT", m.Trades)
	if w.String() != "BOLT,AMBR" || w.Filter() != `symbol in ["BOLT", "AMBR"]` {
		t.Errorf("%q is %s", w, w.Filter())
	}
	if w.Wants("CRNE") || !w.Wants("AMBR") {
		t.Error("it wants what it does not watch")
	}
	fewer := w.Toggle("BOLT")
	if fewer.String() != "AMBR" || w.String() != "BOLT,AMBR" {
		t.Errorf("%q without BOLT is %q", w, fewer)
	}
	all := fewer.Toggle("AMBR")
	if all.Filter() != "" || !all.Wants("CRNE") {
		t.Errorf("nothing chosen is %q", all.Filter())
	}
	for _, c := range []struct {
		next, before Watch
		within       bool
	}{{fewer, w, true}, {w, fewer, false}, {w, all, true}, {all, w, false}, {all, all, true}} {
		if c.next.Within(c.before) != c.within {
			t.Errorf("%q within %q: %v", c.next, c.before, !c.within)
		}
	}
	var every Watch
	for _, l := range demo.Listings() {
		every = every.Toggle(l.Symbol)
	}
	if len(every.Filter()) > protocol.MaxFilter {
		t.Errorf("watching all one by one takes %d bytes", len(every.Filter()))
	}
}

func TestWhatTheFilterSparesIsReckonedByOffsets(t *testing.T) {
	m := NewMarket()
	for n := range uint64(5) {
		m.Apply(quoted(n+1, "AMBR", int64(n+1)*500, 100))
	}
	m.Rebegin(&protocol.Since{Epoch: "e", Offset: 5})
	m.Apply(quoted(6, "BOLT", 500, 7)) // it was on its way
	if m.Arrivals.Received != 6 {
		t.Errorf("%d came before", m.Arrivals.Received)
	}
	m.Apply(client.Unsubscribed{Channel: demo.QuotesChannel})
	m.Apply(client.Subscribed{Channel: demo.QuotesChannel, Filtered: true, Recovered: 1, Position: protocol.Position{Epoch: "e", Offset: 9}})
	m.Apply(quoted(8, "AMBR", 4000, 100)) // past 6 and 7
	m.Apply(quoted(11, "AMBR", 4500, 100))
	m.Apply(client.Moved{Channel: demo.QuotesChannel, Position: protocol.Position{Epoch: "e", Offset: 15}})
	m.Apply(client.Moved{Channel: demo.QuotesChannel, Position: protocol.Position{Epoch: "e", Offset: 15}})
	a := m.Arrivals
	size := uint64(len(quoted(1, "AMBR", 4000, 100).Data))
	if a.Received != 2 || a.Skipped != 8 || a.Bytes != 2*size || a.Saved() != 8*size {
		t.Errorf("%+v, %d bytes saved", a, a.Saved())
	}
	m.Apply(client.Gap{Gap: protocol.Gap{Channel: demo.QuotesChannel, Epoch: "e", From: 16, To: 90, Count: 75}})
	m.Apply(quoted(92, "AMBR", 5000, 100))
	if m.Arrivals.Skipped != 9 {
		t.Errorf("with a gap, it spared %d", m.Arrivals.Skipped)
	}
	m.Apply(client.Reset{Reset: protocol.Reset{Channel: demo.QuotesChannel, Epoch: "f"}})
	next := quoted(3, "AMBR", 5500, 100)
	next.Epoch = "f"
	if m.Apply(next); m.Arrivals.Skipped != 11 {
		t.Errorf("with another epoch, it spared %d", m.Arrivals.Skipped)
	}
}

func TestWithoutAFilterNothingIsSpared(t *testing.T) {
	var a Arrivals
	a.Apply(client.Subscribed{Channel: demo.QuotesChannel, Position: protocol.Position{Epoch: "e", Offset: 7}})
	a.Apply(quoted(12, "AMBR", 500, 100))
	if a.Skipped != 0 || a.Saved() != 0 || a.Received != 1 {
		t.Errorf("%+v", a)
	}
}

func TestThatTheFilterLeftSomethingOutOfThePastSparesNothing(t *testing.T) {
	a := NewArrivals(nil)
	a.Apply(client.Subscribed{Channel: demo.QuotesChannel, Filtered: true, Recovered: 2, Position: protocol.Position{Epoch: "e", Offset: 700}})
	a.Apply(quoted(650, "AMBR", 500, 100))
	a.Apply(quoted(652, "AMBR", 1000, 100))
	if a.Skipped != 0 || a.Received != 2 {
		t.Errorf("of the past, %d came and it spared %d", a.Received, a.Skipped)
	}
	if a.Apply(quoted(704, "AMBR", 1500, 100)); a.Skipped != 3 {
		t.Errorf("it spared %d", a.Skipped)
	}
}
