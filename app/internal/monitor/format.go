package monitor

import (
	"strconv"
	"time"
)

// unit says how a number is put.
type unit int

const (
	plain    unit = iota
	rate          // a second
	bytes         // KB are 1024
	byterate      // bytes a second
	micros        // microseconds, shown in ms
	percent
)

// unknown stands for a figure that nobody knows.
const unknown = "–"

// put writes a number with its unit, in some three digits.
func (u unit) put(v float64) string {
	switch u {
	case rate:
		return short(v) + "/s"
	case bytes:
		return size(v)
	case byterate:
		return size(v) + "/s"
	case micros:
		return short(v/1000) + " ms"
	case percent:
		return short(v) + " %"
	default:
		return short(v)
	}
}

func size(v float64) string {
	for _, name := range []string{"B", "KB", "MB"} {
		if v < 1000 {
			return short(v) + " " + name
		}
		v /= 1024
	}
	return short(v) + " GB"
}

// short is up to four digits, and k or M from 10,000 on.
func short(v float64) string {
	switch {
	case v < 0:
		return "-" + short(-v)
	case v >= 1e6:
		return decimals(v/1e6) + " M"
	case v >= 1e4:
		return decimals(v/1e3) + " k"
	default:
		return decimals(v)
	}
}

// decimals has one behind the point below 10, and two below 1, unless they are 0.
func decimals(v float64) string {
	digits := 0
	if v < 1 {
		digits = 2
	} else if v < 10 {
		digits = 1
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		if text[len(text)-1] == '.' {
			text = text[:len(text)-1]
		}
	}
	return text
}

// clock is the time of day.
func clock(at int64) string { return time.UnixMilli(at).Format("15:04:05") }

// day is the time of day, with the date if that is another than today's.
func day(at, now int64) string {
	t := time.UnixMilli(at)
	if t.Format("0102") == time.UnixMilli(now).Format("0102") {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan 15:04:05")
}

// lasted is how long something took, in whole seconds.
func lasted(from, to int64) string {
	s := max(0, (to-from+second/2)/second)
	if s < 60 {
		return strconv.FormatInt(s, 10) + " s"
	}
	if s%60 == 0 {
		return strconv.FormatInt(s/60, 10) + " min"
	}
	return strconv.FormatInt(s/60, 10) + " min " + strconv.FormatInt(s%60, 10) + " s"
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
