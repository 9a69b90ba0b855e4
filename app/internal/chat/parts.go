package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Part is a piece of a text: a link, or what stands between links.
type Part struct {
	Text string
	// Link says that the text is an address to go to, http or https.
	Link bool
}

// maxLinks is how many links of a text become some; the rest stays text.
const maxLinks = 20

// Parts finds the addresses in a text. Together the parts are the text.
//
// An address begins with http:// or https:// where a word begins, names a host,
// and ends at a blank, a quote, a bracket that it did not open, or what can't be
// seen; the punctuation at its end belongs to the sentence. One that carries a
// user's name is none, since that is how an address is made to look like
// another.
func Parts(text string) []Part {
	var parts []Part
	rest, links := 0, 0
	for at := 0; at < len(text) && links < maxLinks; {
		next := strings.IndexByte(text[at:], ':')
		if next < 0 {
			break
		}
		colon := at + next
		at = colon + 1
		start := schemeBefore(text, colon)
		if start < rest {
			continue
		}
		end := addressEnd(text, colon+3)
		if !namesHost(text[min(colon+3, end):end]) {
			continue
		}
		if start > rest {
			parts = append(parts, Part{Text: text[rest:start]})
		}
		parts = append(parts, Part{Text: text[start:end], Link: true})
		rest, at = end, end
		links++
	}
	if rest < len(text) {
		parts = append(parts, Part{Text: text[rest:]})
	}
	return parts
}

// schemeBefore returns where http or https begins before "://", or -1.
func schemeBefore(text string, colon int) int {
	if !strings.HasPrefix(text[colon:], "://") {
		return -1
	}
	for _, scheme := range []string{"https", "http"} {
		start := colon - len(scheme)
		if start < 0 || !strings.EqualFold(text[start:colon], scheme) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		if start == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before) && before != '_' && before != '+' && before != '-' && before != '.' {
			return start
		}
	}
	return -1
}

func addressEnd(text string, from int) int {
	end := from
	open := 0
loop:
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		switch {
		case r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune("<>\"`{}|\\^“”„«»", r):
			break loop
		case r == '(' || r == '[':
			open++
		case r == ')' || r == ']':
			if open--; open < 0 {
				break loop
			}
		}
		end += size
	}
	for end > from && strings.IndexByte(".,;:!?'*_~", text[end-1]) >= 0 {
		end--
	}
	return end
}

// namesHost reports whether what follows the scheme begins with a host, and
// with nothing else.
func namesHost(address string) bool {
	host := address
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	if host == "" || strings.Contains(host, "@") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(host)
	return first == '[' || unicode.IsLetter(first) || unicode.IsDigit(first)
}
