package protocol

import (
	"bytes"
	"encoding/json"
)

// OneLine returns the JSON value without raw newlines, as frames and event
// streams need it. Data that has none, which is nearly all, is returned as it
// is; the rest is compacted. The value must be valid JSON.
func OneLine(value json.RawMessage) json.RawMessage {
	value = bytes.TrimSpace(value)
	if !bytes.ContainsAny(value, "\n\r") {
		return value
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return value
	}
	return b.Bytes()
}

// TextOrJSON makes data of text that somebody typed or sent without saying
// what it is: text that is a JSON value stands for that value, any other text
// becomes a JSON string. The text must be UTF-8.
func TextOrJSON(text []byte) json.RawMessage {
	if json.Valid(text) {
		return OneLine(text)
	}
	return Text(string(text))
}

// Text makes a JSON string of a text.
func Text(text string) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // "<" is data here, and shorter
	if err := enc.Encode(text); err != nil {
		return json.RawMessage(`""`) // a string can always be marshalled
	}
	return bytes.TrimSpace(b.Bytes())
}

// Plain returns data as a plain WebSocket or an event stream shows it: a JSON
// string without its quotes and escapes, anything else as it is.
func Plain(data json.RawMessage) []byte {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if json.Unmarshal(data, &s) == nil {
			return []byte(s)
		}
	}
	return data
}
