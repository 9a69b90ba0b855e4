package protocol

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// Lines splits a frame into its JSON values, one a line, without copying.
// Empty lines are left out.
func Lines(frame []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(frame) {
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line) {
				return
			}
		}
	}
}

// DecodeCommand reads one line of a client's frame. Its error is always an
// [*Error]; the command returned with it bears the id as far as it could be
// read, so that the refusal can be matched to the request.
func DecodeCommand(line []byte) (Command, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return Command{}, &Error{Code: CodeBadFrame, Message: "not a JSON object"}
	}
	var c Command
	if err := json.Unmarshal(line, &c); err != nil {
		// A field of the wrong type does not keep the others from being read.
		return Command{ID: c.ID}, decodeError(err)
	}
	named := 0
	for _, set := range []bool{c.Connect != nil, c.Subscribe != nil, c.Unsubscribe != nil, c.Publish != nil, c.Ping != nil, c.Presence != nil, c.Refresh != nil} {
		if set {
			named++
		}
	}
	switch {
	case named != 1:
		return c, &Error{Code: CodeUnknownCommand, Message: "a command names exactly one of connect, subscribe, unsubscribe, publish, ping, presence, refresh"}
	case c.ID == 0:
		return c, &Error{Code: CodeBadRequest, Message: "a command needs a positive id", Field: "id"}
	}
	return c, nil
}

func decodeError(err error) *Error {
	if te, ok := err.(*json.UnmarshalTypeError); ok {
		return &Error{Code: CodeBadRequest, Message: "wrong type: " + te.Value, Field: te.Field}
	}
	return &Error{Code: CodeBadFrame, Message: "not a JSON object: " + err.Error()}
}

// AppendMessage appends one line of a server's frame, without a newline. It
// is for replies; publications have [AppendPublication], which keeps their
// data as it is.
func AppendMessage(dst []byte, m *Message) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		// Every field of a Message can be marshalled, unless a RawMessage is
		// not JSON, which no reply holds.
		panic("protocol: " + err.Error())
	}
	return append(dst, b...)
}

// AppendPublication appends the push of one publication, without a newline.
// [Publication.Data] must be valid JSON without a raw newline: it is copied.
func AppendPublication(dst []byte, p *Publication) []byte {
	// By hand, since encoding/json would parse and compact the data again.
	// The channel's grammar, our epochs and our ids need no escape.
	dst = append(dst, `{"publication":{"channel":"`...)
	dst = append(dst, p.Channel...)
	dst = append(dst, '"')
	if !p.Foreign {
		dst = append(dst, `,"epoch":"`...)
		dst = append(dst, p.Epoch...)
		dst = append(dst, `","offset":`...)
		dst = strconv.AppendUint(dst, p.Offset, 10)
		dst = append(dst, `,"id":"`...)
		dst = append(dst, p.ID...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"time":`...)
	dst = strconv.AppendInt(dst, p.Time, 10)
	if p.Foreign {
		dst = append(dst, `,"foreign":true`...)
	}
	if len(p.Tags) > 0 {
		dst = append(dst, `,"tags":`...)
		dst = append(dst, p.Tags.JSON()...)
	}
	dst = append(dst, `,"data":`...)
	dst = append(dst, p.Data...)
	return append(dst, "}}"...)
}

// DecodeMessages reads a server's frame. It stops at the first line that is
// not a message and returns those before it with the error.
func DecodeMessages(frame []byte) ([]Message, error) {
	var ms []Message
	for line := range Lines(frame) {
		var m Message
		if err := json.Unmarshal(line, &m); err != nil {
			return ms, err
		}
		ms = append(ms, m)
	}
	return ms, nil
}
