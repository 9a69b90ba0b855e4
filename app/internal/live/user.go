package live

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fanlight/app/internal/browser"
	"fanlight/shared/protocol"
)

// userKey is where the browser keeps who is at it.
const userKey = "fanlight.user"

// StoredUser returns the name that somebody gave here before.
func StoredUser() string { return CleanUser(browser.Local.Get(userKey)) }

// CleanUser makes a name for [Config] of what somebody typed: without blanks
// around it or anything that can't be seen, and no longer than a server takes.
func CleanUser(typed string) string {
	name := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, typed)
	name = strings.TrimSpace(name)
	for len(name) > protocol.MaxUser {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
