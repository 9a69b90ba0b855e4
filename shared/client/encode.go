package client

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// The commands are written by hand, since encoding/json would parse and rewrite
// the data of a publish. Channel names and keys need no escape.

func appendConnect(dst []byte, id uint64, flush int, user, token string) []byte {
	dst = appendHead(dst, id, "connect")
	dst = append(dst, `"version":`...)
	dst = strconv.AppendInt(dst, protocol.Version, 10)
	if flush > 0 {
		dst = append(dst, `,"flush":`...)
		dst = strconv.AppendInt(dst, int64(flush), 10)
	}
	if user != "" {
		dst = append(dst, `,"user":`...)
		dst = append(dst, protocol.Text(user)...)
	}
	if token != "" {
		dst = append(dst, `,"token":`...)
		dst = append(dst, protocol.Text(token)...)
	}
	return append(dst, "}}"...)
}

func appendSubscribe(dst []byte, id uint64, req *protocol.Subscribe) []byte {
	// A position that the application kept may need escapes, and it is rare.
	b, err := json.Marshal(protocol.Command{ID: id, Subscribe: req})
	if err != nil {
		panic("client: " + err.Error()) // strings and numbers can be marshalled
	}
	return append(dst, b...)
}

// appendNamed appends a command that has a channel and nothing else.
func appendNamed(dst []byte, id uint64, command, name string) []byte {
	dst = appendHead(dst, id, command)
	dst = append(dst, `"channel":"`...)
	dst = append(dst, name...)
	return append(dst, `"}}`...)
}

func appendPublish(dst []byte, id uint64, p *call) []byte {
	dst = appendHead(dst, id, "publish")
	dst = append(dst, `"channel":"`...)
	dst = append(dst, p.channel...)
	dst = append(dst, `","data":`...)
	dst = append(dst, p.data...)
	if p.tags != nil {
		dst = append(dst, `,"tags":`...)
		dst = append(dst, p.tags...)
	}
	dst = append(dst, `,"key":"`...)
	dst = append(dst, p.key...)
	return append(dst, `"}}`...)
}

func appendRefresh(dst []byte, id uint64, token string) []byte {
	dst = appendHead(dst, id, "refresh")
	dst = append(dst, `"token":`...)
	dst = append(dst, protocol.Text(token)...)
	return append(dst, "}}"...)
}

func appendPing(dst []byte, id uint64) []byte {
	return append(appendHead(dst, id, "ping"), "}}"...)
}

func appendHead(dst []byte, id uint64, command string) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendUint(dst, id, 10)
	dst = append(dst, `,"`...)
	dst = append(dst, command...)
	return append(dst, `":{`...)
}

// encode returns data as one line of JSON. Its error is an [*protocol.Error].
func encode(data any) (json.RawMessage, error) {
	if raw, ok := data.(json.RawMessage); ok && raw != nil {
		return encodeRaw(raw)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it is no HTML, and readers expect what was written
	if err := e.Encode(data); err != nil {
		return nil, &protocol.Error{Code: protocol.CodeDataInvalid, Message: err.Error(), Field: "data"}
	}
	// RawMessages within the data were compacted on the way, so the only
	// newline is the encoder's own; but their bytes were not looked at.
	return checkUTF8(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func encodeRaw(raw json.RawMessage) (json.RawMessage, error) {
	if !json.Valid(raw) {
		return nil, &protocol.Error{Code: protocol.CodeDataInvalid, Message: "the data is not one JSON value", Field: "data"}
	}
	if bytes.ContainsAny(raw, "\r\n") {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return nil, &protocol.Error{Code: protocol.CodeDataInvalid, Message: err.Error(), Field: "data"}
		}
		return checkUTF8(b.Bytes())
	}
	// A copy, since the caller may reuse the bytes while they wait here.
	return checkUTF8(bytes.Clone(raw))
}

// encodeTags returns nil for no tags. Its error is an [*protocol.Error].
func encodeTags(given protocol.Tags) (json.RawMessage, error) {
	if len(given) == 0 {
		return nil, nil
	}
	tags := make(protocol.Tags, len(given))
	for name, value := range given {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		tags[name] = value
	}
	if err := tags.Check(); err != nil {
		return nil, err
	}
	return tags.JSON(), nil
}

func checkUTF8(data []byte) (json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, &protocol.Error{Code: protocol.CodeInvalidUTF8, Message: "the data is not UTF-8", Field: "data"}
	}
	return data, nil
}

func checkChannel(name string) error {
	if err := channel.Validate(name); err != nil {
		return &protocol.Error{Code: protocol.CodeChannelInvalid, Message: err.Error(), Field: "channel"}
	}
	return nil
}

// checkKey returns the key that was given, or a new one. What it lets through
// needs no escape in JSON.
func checkKey(given string) (string, error) {
	if given == "" {
		return newKey(), nil
	}
	for _, c := range []byte(given) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", &protocol.Error{Code: protocol.CodeBadRequest, Message: "a key is printable ASCII without quotes and backslashes", Field: "key"}
		}
	}
	if len(given) > protocol.MaxKey {
		return "", &protocol.Error{Code: protocol.CodeBadRequest, Message: "the key is too long", Field: "key", Limit: protocol.MaxKey}
	}
	return given, nil
}

// newKey returns an idempotency key: 96 random bits.
func newKey() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails; see its documentation
	return base64.RawURLEncoding.EncodeToString(b[:])
}
