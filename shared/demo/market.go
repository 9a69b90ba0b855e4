package demo

// The market's channels. Its prices are made up: a seeded geometric random walk.
const (
	MarketSpace = "market"
	// QuotesChannel has a [Quote] of each symbol every [QuoteInterval]
	// milliseconds, tagged with "symbol" and "sector".
	QuotesChannel = MarketSpace + ":quotes"
	// CandlesChannel has a [Candle] of each symbol every [CandleLength]
	// milliseconds, when it is complete, with the same tags.
	CandlesChannel = MarketSpace + ":candles"
)

const (
	// QuoteInterval and CandleLength are in milliseconds.
	QuoteInterval = 500
	CandleLength  = 10_000
)

// Listing is a company that there is not.
type Listing struct {
	Symbol, Name, Sector string
	// Price is what it began at, Volatility the standard deviation of a step's
	// logarithm.
	Price, Volatility float64
}

// Listings returns what is traded.
func Listings() []Listing {
	return []Listing{
		{"AMBR", "Amber Lamps", "light", 84, 0.0011},
		{"BOLT", "Bolt & Nut", "tools", 31, 0.0016},
		{"CRNE", "Crane Freight", "transport", 142, 0.0008},
		{"DUNE", "Dune Glass", "light", 57, 0.0013},
		{"ECHO", "Echo Radio", "signals", 19, 0.0021},
		{"FERN", "Fern Foods", "food", 66, 0.0006},
		{"GULL", "Gull Ferries", "transport", 48, 0.0010},
		{"HIVE", "Hive Honey", "food", 12, 0.0018},
		{"IRIS", "Iris Optics", "light", 233, 0.0012},
		{"JOLT", "Jolt Relays", "signals", 101, 0.0019},
		{"KILN", "Kiln Ceramics", "tools", 39, 0.0009},
		{"LARK", "Lark Antennas", "signals", 75, 0.0015},
	}
}

// Quote is a price at a time.
type Quote struct {
	Symbol string `json:"symbol"`
	// At is milliseconds since the Unix epoch, a multiple of [QuoteInterval].
	At    int64   `json:"at"`
	Price float64 `json:"price"`
}

// Candle is what a price did from At on, for [CandleLength].
type Candle struct {
	Symbol string  `json:"symbol"`
	At     int64   `json:"at"`
	Open   float64 `json:"open"`
	High   float64 `json:"high"`
	Low    float64 `json:"low"`
	Close  float64 `json:"close"`
}
