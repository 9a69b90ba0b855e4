package dashboard

import (
	"strconv"
	"time"
)

// price is one with its cents.
func price(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// percent is a part, signed: +1.25 %.
func percent(part float64) string {
	text := strconv.FormatFloat(100*part, 'f', 2, 64)
	switch {
	case text == "-0.00":
		text = "0.00"
	case part > 0 && text != "0.00":
		text = "+" + text
	case part < 0:
		text = "−" + text[1:]
	}
	return text + " %"
}

// measure is a value with its unit.
func measure(v float64, unit string) string { return figure(v) + " " + unit }

// figure is a value with one decimal, and a minus sign that is one.
func figure(v float64) string {
	text := strconv.FormatFloat(v, 'f', 1, 64)
	if text[0] == '-' {
		return "−" + text[1:]
	}
	return text
}

// span is a sensor's range. Its ends are written as they are.
func span(low, high float64) string {
	end := func(v float64) string {
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if text[0] == '-' {
			return "−" + text[1:]
		}
		return text
	}
	return end(low) + " to " + end(high)
}

// bytes is a size as one reads it.
func bytes(n uint64) string {
	switch {
	case n < 1000:
		return number(n) + " bytes"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " KB"
	}
	return strconv.FormatFloat(float64(n)/1_000_000, 'f', 1, 64) + " MB"
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// count is a number of things.
func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// clock is a time of day, of milliseconds since the Unix epoch.
func clock(at int64) string { return time.UnixMilli(at).Format("15:04:05") }
