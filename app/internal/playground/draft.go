package playground

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"fanlight/shared/protocol"
)

// Format says how a draft becomes a message's data.
type Format string

// The formats. Auto, the zero value, takes JSON for JSON and the rest for text.
const (
	Auto Format = ""
	JSON Format = "json"
	Text Format = "text"
)

// Reading is what a draft means.
type Reading struct {
	// Data is what would be published; nil when there is a problem.
	Data json.RawMessage
	// JSON says that the draft is taken for JSON, not for text.
	JSON bool
	// Hint says in words what it is taken for.
	Hint string
	// Problem says why it can't be published; empty when it can.
	Problem string
}

// Read says what a draft means in a format. A text loses the empty lines around
// it. A draft of nothing but blanks is a problem, as is JSON that isn't, and
// what is larger than limit bytes.
func Read(draft string, format Format, limit int) Reading {
	if strings.TrimSpace(draft) == "" {
		return Reading{Problem: "There is nothing to send yet: write something.", Hint: "Text or JSON. What parses as JSON is sent as JSON."}
	}
	var r Reading
	text := []byte(draft)
	invalid := invalidJSON(text)
	switch {
	case format == Text:
		r = Reading{Data: protocol.Text(strings.Trim(draft, "\r\n")), Hint: "Goes as text."}
	case invalid == nil:
		r = Reading{Data: protocol.OneLine(text), JSON: true, Hint: "Goes as JSON: " + kind(text) + "."}
	case format == JSON:
		return Reading{JSON: true, Problem: "This is not JSON: " + invalid.Error() + ".", Hint: "Not JSON yet."}
	default:
		r = Reading{Data: protocol.Text(strings.Trim(draft, "\r\n")), Hint: "Goes as text."}
		if strings.ContainsRune("{[", rune(strings.TrimSpace(draft)[0])) {
			r.Hint = "Goes as text. It looks like JSON, but " + invalid.Error() + "."
		}
	}
	if len(r.Data) > limit {
		r.Problem = "This is too large: " + strconv.Itoa(len(r.Data)) + " bytes, and the server takes " + strconv.Itoa(limit) + "."
		r.Data = nil
	}
	return r
}

// invalidJSON returns nil for one JSON value, else what is wrong and where.
func invalidJSON(text []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(text, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return errors.New(syntax.Error() + " (byte " + strconv.FormatInt(syntax.Offset, 10) + ")")
	}
	return err
}

func kind(valid []byte) string {
	switch c := bytes.TrimSpace(valid)[0]; c {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
