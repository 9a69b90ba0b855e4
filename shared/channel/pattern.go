package channel

import (
	"errors"
	"fmt"
	"strings"
)

// What a whole segment of a pattern may be, besides itself.
const (
	anyOne  = "*"
	anyRest = "#"
	subject = "{sub}"
)

// Pattern says which channels are meant: see the package comment. The zero
// Pattern matches nothing. Patterns can be compared with ==.
type Pattern struct{ text string }

// ParsePattern returns a pattern, or an error that says what is wrong with the
// text, and where. Any string may be given.
func ParsePattern(text string) (Pattern, error) {
	switch {
	case text == "":
		return Pattern{}, errors.New("a pattern can't be empty")
	case len(text) > MaxLen:
		return Pattern{}, fmt.Errorf("a pattern has at most %d characters, not %d", MaxLen, len(text))
	}
	at := 0
	for segment, last := "", false; !last; at += len(segment) + 1 {
		var rest string
		segment, rest, last = strings.Cut(text[at:], ":")
		last = !last
		switch {
		case segment == anyOne || segment == subject:
			continue
		case segment == anyRest:
			if !last {
				return Pattern{}, fmt.Errorf("'#' can only be the last of a pattern's segments, and %q follows", rest)
			}
			continue
		case at == 0 && (segment == "" || !special(segment[0]) && !alphanumeric(segment[0])):
			return Pattern{}, errors.New("a pattern begins with a-z, 0-9, '*', '#' or {sub}")
		}
		for i := range len(segment) {
			switch c := segment[i]; {
			case special(c):
				return Pattern{}, fmt.Errorf("character %d of a pattern: '*', '#' and {sub} stand for whole segments, between ':'", at+i+1)
			case !inSegment(c):
				return Pattern{}, fmt.Errorf("a pattern is made of a-z, 0-9, '_', '.', ':', '-', '*', '#' and {sub}; character %d is another", at+i+1)
			}
		}
	}
	return Pattern{text}, nil
}

// Match reports whether a valid channel name is one of those that are meant,
// for a token whose subject is sub. It allocates nothing.
func (p Pattern) Match(name, sub string) bool {
	if p.text == "" {
		return false
	}
	pattern, morePattern := p.text, true
	more := true
	for morePattern {
		var want, have string
		want, pattern, morePattern = strings.Cut(pattern, ":")
		if want == anyRest {
			return true
		}
		if !more {
			return false
		}
		have, name, more = strings.Cut(name, ":")
		switch want {
		case anyOne, have:
		case subject:
			if have != sub || !isSegment(sub) {
				return false
			}
		default:
			return false
		}
	}
	return !more
}

// String returns the text that was parsed.
func (p Pattern) String() string { return p.text }

func special(c byte) bool { return c == '*' || c == '#' || c == '{' || c == '}' }

func inSegment(c byte) bool { return alphanumeric(c) || c == '_' || c == '.' || c == '-' }

// isSegment reports whether a subject is one segment of a name, so that no
// subject reaches into the segments beside its own.
func isSegment(sub string) bool {
	for i := range len(sub) {
		if !inSegment(sub[i]) {
			return false
		}
	}
	return sub != ""
}
