package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"
)

// Tags describe a publication to filters: a text (string) or a number
// (float64) by name. Names are a-z, 0-9 and '_', and don't begin with a digit;
// the limits are [MaxTags], [MaxTagName] and [MaxTagText].
type Tags map[string]any

// Check returns nil for tags within the rules, else an [*Error] with
// CodeTagsInvalid that names the tag.
func (t Tags) Check() error {
	if len(t) > MaxTags {
		return &Error{
			Code: CodeTagsInvalid, Field: "tags", Limit: MaxTags,
			Message: fmt.Sprintf("a publication has at most %d tags, not %d", MaxTags, len(t)),
		}
	}
	for name, value := range t {
		if !validTag(name) {
			return &Error{
				Code: CodeTagsInvalid, Field: "tags", Limit: MaxTagName,
				Message: fmt.Sprintf("a tag's name is 1 to %d characters of a-z, 0-9 and '_', and no digit first", MaxTagName),
			}
		}
		bad := func(message string, limit int) error {
			return &Error{Code: CodeTagsInvalid, Field: "tags." + name, Message: message, Limit: limit}
		}
		switch v := value.(type) {
		case string:
			if len(v) > MaxTagText || !utf8.ValidString(v) {
				return bad(fmt.Sprintf("a tag's text has at most %d bytes, in UTF-8", MaxTagText), MaxTagText)
			}
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return bad("a tag's number must be finite", 0)
			}
		default:
			return bad("a tag is a text or a number", 0)
		}
	}
	return nil
}

// JSON returns the tags as a JSON object on one line, names in order. They must
// have passed [Tags.Check].
func (t Tags) JSON() json.RawMessage {
	b, err := json.Marshal(t)
	if err != nil {
		panic("protocol: " + err.Error()) // texts and finite numbers can be marshalled
	}
	return b
}

func validTag(name string) bool {
	if name == "" || len(name) > MaxTagName || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
