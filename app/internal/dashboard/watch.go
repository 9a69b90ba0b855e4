package dashboard

import "strings"

// Watch is a choice of symbols; empty, it is all of them.
type Watch []string

// ParseWatch reads what [Watch.String] wrote. It leaves out what is not traded.
func ParseWatch(text string, traded func(symbol string) bool) Watch {
	var w Watch
	for symbol := range strings.SplitSeq(text, ",") {
		if traded(symbol) && !w.has(symbol) {
			w = append(w, symbol)
		}
	}
	return w
}

func (w Watch) String() string { return strings.Join(w, ",") }

func (w Watch) has(symbol string) bool {
	for _, s := range w {
		if s == symbol {
			return true
		}
	}
	return false
}

// Wants reports whether a symbol's quotes are asked for.
func (w Watch) Wants(symbol string) bool { return len(w) == 0 || w.has(symbol) }

// Toggle takes a symbol in, or out. It leaves w as it is.
func (w Watch) Toggle(symbol string) Watch {
	var next Watch
	for _, s := range w {
		if s != symbol {
			next = append(next, s)
		}
	}
	if len(next) == len(w) {
		next = append(next, symbol)
	}
	return next
}

// Within reports whether w asks for nothing that before did not ask for.
func (w Watch) Within(before Watch) bool {
	if len(before) == 0 {
		return true
	}
	for _, s := range w {
		if !before.has(s) {
			return false
		}
	}
	return len(w) > 0
}

// Filter is the expression that the server applies; "" lets everything through.
func (w Watch) Filter() string {
	if len(w) == 0 {
		return ""
	}
	return `symbol in ["` + strings.Join(w, `", "`) + `"]`
}
