// Package address says which addresses the pages have.
//
// A page has an address like /playground, or one like /chat/{room}, whose last
// part names what it is about. That name becomes a part of channel names, so it
// is made of what they are made of, without the colon: see [ValidName]. The
// server answers any other address with a 404.
package address

import "strings"

// MaxName is the longest name in an address, in bytes: it leaves room for a
// channel's other parts.
const MaxName = 64

// ValidName reports whether a name may stand in an address, and be one segment
// of a channel name: 1 to 64 of a-z, 0-9, '_', '.' and '-', the first of them a
// letter or a digit.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName || strings.IndexByte("_.-", name[0]) >= 0 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if ('a' > c || c > 'z') && ('0' > c || c > '9') && strings.IndexByte("_.-", c) < 0 {
			return false
		}
	}
	return true
}

// Match reports whether a path is one of a pattern's addresses, and what is
// named there: "" for a pattern that has no {…} in it.
func Match(pattern, path string) (name string, ok bool) {
	before, found := Prefix(pattern)
	if !found {
		return "", pattern == path
	}
	name, ok = strings.CutPrefix(path, before)
	if !ok || !ValidName(name) {
		return "", false
	}
	return name, true
}

// Prefix returns what stands before the {…} at a pattern's end, and whether
// there is one.
func Prefix(pattern string) (before string, found bool) {
	if !strings.HasSuffix(pattern, "}") {
		return pattern, false
	}
	before, _, found = strings.Cut(pattern, "{")
	return before, found
}
