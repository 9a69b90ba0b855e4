package playground

import (
	"encoding/json"
	"strings"
	"time"

	"fanlight/shared/protocol"
)

// checkDelay is how long somebody must not have typed before a filter is looked
// at.
const checkDelay = 300 * time.Millisecond

// Check is a filter that is being written, and what the server says of it.
type Check struct {
	Text string
	// Problem is what is wrong with it, and At where: a character of Text, the
	// first one being 1, or 0 when that is nowhere in particular.
	Problem string
	At      int
	// Tags are what it looks at, when it is right.
	Tags []string
}

// Write takes in the text as it is typed. ask says that the server is to be
// asked, once the typing pauses.
func (c Check) Write(text string) (next Check, ask bool) {
	if text == c.Text {
		return c, false
	}
	next = Check{Text: text}
	if len(text) > protocol.MaxFilter {
		next.Problem, next.At = "A filter has at most 512 bytes.", 0
		return next, false
	}
	return next, strings.TrimSpace(text) != ""
}

// Answer takes in what the server said of a text.
func (c Check) Answer(text string, status int, body string) Check {
	if text != c.Text {
		return c // it was changed meanwhile
	}
	var answer protocol.FilterResponse
	if status != 200 || json.Unmarshal([]byte(body), &answer) != nil {
		return c // the server judges it again when it is used
	}
	if wrong := answer.Error; wrong != nil {
		return Check{Text: text, Problem: sentence(wrong.Message), At: wrong.At}
	}
	return Check{Text: text, Tags: answer.Tags}
}

// Place splits the text around the character that is wrong. The latter is a
// blank when something is missing at the end.
func (c Check) Place() (before, at, after string) {
	runes := []rune(c.Text)
	if c.At < 1 || c.At > len(runes) {
		return c.Text, "\u00a0", ""
	}
	return string(runes[:c.At-1]), string(runes[c.At-1]), string(runes[c.At:])
}

// Words say what the filter does, when it is right.
func (c Check) Words() string {
	switch {
	case strings.TrimSpace(c.Text) == "":
		return "Without a filter everything comes. With one, the server sends only what it is true of."
	case c.Problem != "":
		return ""
	case len(c.Tags) > 0:
		return "Looks at " + strings.Join(c.Tags, ", ") + "."
	default:
		return ""
	}
}
