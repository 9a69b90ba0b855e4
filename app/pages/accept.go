package pages

import (
	"strconv"
	"strings"
)

// coding is a Content-Encoding.
type coding string

const (
	identity coding = ""
	gzipped  coding = "gzip"
	brotlied coding = "br"
)

// negotiate picks the coding that an Accept-Encoding header likes best (RFC
// 9110, section 12.5.3), in the order of ours where it likes several as much.
// A client that refuses everything gets the identity, which the RFC allows.
func negotiate(header string, ours ...coding) coding {
	wish := map[string]float64{}
	for item := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		if name == "x-gzip" {
			name = string(gzipped)
		}
		wish[name] = quality(params)
	}
	best, most := identity, 0.0
	for _, c := range ours {
		q, named := wish[string(c)]
		if !named {
			q = wish["*"]
		}
		if q > most {
			best, most = c, q
		}
	}
	return best
}

// quality reads the weight from a coding's parameters: 1 without one, and 0,
// which is a refusal, for one that can't be read.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || q < 0 || q > 1 {
			return 0
		}
		return q
	}
	return 1
}

// matches reports whether an If-None-Match header names the tag. Tags are
// compared weakly, as RFC 9110 has it for this header.
func matches(header, tag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.TrimPrefix(item, "W/") == tag {
			return true
		}
	}
	return false
}
