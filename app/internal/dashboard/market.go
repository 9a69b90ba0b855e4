package dashboard

import (
	"encoding/json"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	// maxQuotes and maxCandles are what is kept of a symbol, and what its charts
	// show.
	maxQuotes  = 80
	maxCandles = 60
)

// Market is what this tab knows of the prices.
type Market struct {
	Tickers  []Ticker // in the order of [demo.Listings]
	Arrivals Arrivals
	// Missed counts the quotes that this tab will not get any more, and Resets
	// how often their history began anew.
	Missed uint64
	Resets int
	// Problem says why the prices do not come.
	Problem string

	index map[string]int // of Tickers, by symbol
	next  Arrivals       // once the quotes' subscription has ended
}

// Ticker is one symbol's prices.
type Ticker struct {
	demo.Listing
	// Turn counts the changes.
	Turn    int
	quotes  ring[demo.Quote]
	candles ring[demo.Candle]
	// forming is the candle after the last complete one, as far as quotes have
	// come; its At is 0 when there is none.
	forming demo.Candle
}

// NewMarket returns a market whose prices are not known yet.
func NewMarket() *Market {
	m := &Market{index: map[string]int{}}
	for i, l := range demo.Listings() {
		m.Tickers = append(m.Tickers, Ticker{Listing: l, quotes: newRing[demo.Quote](maxQuotes), candles: newRing[demo.Candle](maxCandles)})
		m.index[l.Symbol] = i
	}
	return m
}

// Trades reports whether there is such a symbol.
func (m *Market) Trades(symbol string) bool {
	_, ok := m.index[symbol]
	return ok
}

// Ticker returns a symbol's, nil if it is not traded.
func (m *Market) Ticker(symbol string) *Ticker {
	if i, ok := m.index[symbol]; ok {
		return &m.Tickers[i]
	}
	return nil
}

// Rebegin says that the quotes' subscription ends, and that another begins behind
// a position, if there is one. What the first had on its way still comes before.
func (m *Market) Rebegin(since *protocol.Since) { m.next = NewArrivals(since) }

// Apply takes in what the client reports of the market's channels.
func (m *Market) Apply(ev client.Event) {
	if ev, ok := ev.(client.Unsubscribed); ok && ev.Channel == demo.QuotesChannel {
		m.Arrivals = m.next
		return
	}
	switch channel, _ := channelOf(ev); channel {
	case demo.QuotesChannel:
		m.Arrivals.Apply(ev)
	case demo.CandlesChannel:
	default:
		return
	}
	switch ev := ev.(type) {
	case client.Received:
		m.receive(&ev)
	case client.Subscribed:
		m.Problem = ""
	case client.Gap:
		if ev.Channel == demo.QuotesChannel {
			m.Missed += ev.Count
		}
	case client.Reset:
		if ev.Channel == demo.QuotesChannel {
			m.Resets++
		}
	case client.Refused:
		m.Problem = "This tab may not listen to " + ev.Channel + ": " + ev.Err.Error() + "."
	}
}

// receive takes in a quote or a candle. A symbol's come in order; what has come
// before, since a subscription began again a little in the past, is left out.
func (m *Market) receive(ev *client.Received) {
	if ev.Foreign {
		return // anybody's, without a position
	}
	if ev.Channel == demo.CandlesChannel {
		var c demo.Candle
		if json.Unmarshal(ev.Data, &c) != nil {
			return
		}
		if t := m.Ticker(c.Symbol); t != nil {
			t.complete(c)
		}
		return
	}
	var q demo.Quote
	if json.Unmarshal(ev.Data, &q) != nil {
		return
	}
	if t := m.Ticker(q.Symbol); t != nil {
		t.quote(q)
	}
}

func (t *Ticker) quote(q demo.Quote) {
	if last := t.quotes.last(); last != nil && q.At <= last.At || q.Price <= 0 {
		return
	}
	t.quotes.put(q)
	t.Turn++
	at := q.At - q.At%demo.CandleLength
	switch last := t.candles.last(); {
	case last != nil && at <= last.At:
	case at > t.forming.At:
		t.forming = demo.Candle{Symbol: t.Symbol, At: at, Open: q.Price, High: q.Price, Low: q.Price, Close: q.Price}
	default:
		t.forming.High = max(t.forming.High, q.Price)
		t.forming.Low = min(t.forming.Low, q.Price)
		t.forming.Close = q.Price
	}
}

// complete takes in a candle that will not change any more.
func (t *Ticker) complete(c demo.Candle) {
	if last := t.candles.last(); last != nil && c.At <= last.At || c.Low <= 0 {
		return
	}
	t.candles.put(c)
	if t.forming.At <= c.At {
		t.forming = demo.Candle{}
	}
	t.Turn++
}

// Price returns the last one, and by what part it differs from the first that
// is shown; false when there is none.
func (t *Ticker) Price() (price, change float64, ok bool) {
	last := t.quotes.last()
	if last == nil {
		return 0, 0, false
	}
	return last.Price, last.Price/t.quotes.at(0).Price - 1, true
}

// Candles returns those that are shown, the oldest first, and whether the last
// of them is still forming.
func (t *Ticker) Candles() (all []demo.Candle, forming bool) {
	for i := range t.candles.len() {
		all = append(all, *t.candles.at(i))
	}
	if t.forming.At == 0 {
		return all, false
	}
	return append(all, t.forming), true
}

// channelOf returns the channel that an event is about, if it is about one.
func channelOf(ev client.Event) (name string, in bool) {
	switch ev := ev.(type) {
	case client.Received:
		return ev.Channel, true
	case client.Subscribed:
		return ev.Channel, true
	case client.Gap:
		return ev.Channel, true
	case client.Reset:
		return ev.Channel, true
	case client.Moved:
		return ev.Channel, true
	case client.Refused:
		return ev.Channel, true
	}
	return "", false
}
