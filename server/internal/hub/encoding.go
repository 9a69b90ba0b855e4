package hub

import (
	"bytes"
	"encoding/json"
	"strconv"

	"fanlight/shared/protocol"
)

// Encoding is a form in which publications are sent.
type Encoding uint8

// The encodings, one a way in.
const (
	// EncodingV1 is a line of a fanlight.v1 frame.
	EncodingV1 Encoding = iota
	// EncodingPlain is the data alone, a JSON string without its quotes.
	EncodingPlain
	// EncodingSSE is an event of an event stream.
	EncodingSSE
	encodings
)

// fanout is a publication on its way to many, with the encodings made so far.
// Its room's lock guards it, or that of the [Past] that it is of.
type fanout struct {
	pub     protocol.Publication
	prev    string // the id of the publication before it
	past    bool   // it comes out of the history
	encoded [encodings][]byte
	movedTo [encodings][]byte // see [fanout.moved]
	// What the filters say of it: the first few, and the others.
	verdicts []verdict
	further  map[Filter]bool
}

// EncodeGap encodes a gap. A plain WebSocket can't be told of one: see [GapError].
func EncodeGap(g *protocol.Gap, e Encoding) []byte {
	return encodeMarker("gap", protocol.Message{Gap: g}, g, e)
}

// EncodeReset encodes a reset. A plain WebSocket can't be told of one: it is
// ended, as for a gap.
func EncodeReset(r *protocol.Reset, e Encoding) []byte {
	return encodeMarker("reset", protocol.Message{Reset: r}, r, e)
}

// EncodeMoved encodes where a subscriber stands. On an event stream that is an
// event with an id and without data: it fires nothing, and is what the browser
// sends as Last-Event-ID. A plain WebSocket has no word for it.
func EncodeMoved(m *protocol.Moved, e Encoding) []byte {
	if e == EncodingV1 {
		return protocol.AppendMessage(nil, &protocol.Message{Moved: m})
	}
	return append(appendID(nil, m.Channel, m.Position, m.Last), '\n')
}

func encodeMarker(name string, m protocol.Message, body any, e Encoding) []byte {
	if e == EncodingV1 {
		return protocol.AppendMessage(nil, &m)
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic("hub: " + err.Error()) // plain structs can be marshalled
	}
	return []byte("event: " + name + "\ndata: " + string(b) + "\n\n")
}

// GapError is what ends a subscriber that can't be told of a gap.
func GapError(g *protocol.Gap) *protocol.Error {
	return &protocol.Error{
		Code: protocol.CodeGap, Field: "channel",
		Message: strconv.FormatUint(g.Count, 10) + " messages of " + g.Channel + " are lost",
	}
}

// resetError is what ends a subscriber that can't be told of a reset: what it
// had not got yet is lost, and nobody knows how much that was.
func resetError(r *protocol.Reset) *protocol.Error {
	return &protocol.Error{Code: protocol.CodeGap, Field: "channel", Message: "the history of " + r.Channel + " began anew"}
}

// bytes encodes the publication, the first time it is asked to.
func (f *fanout) bytes(e Encoding) []byte {
	if f.encoded[e] == nil {
		f.encoded[e] = encode(&f.pub, e)
	}
	return f.encoded[e]
}

func encode(p *protocol.Publication, e Encoding) []byte {
	switch e {
	case EncodingPlain:
		return protocol.Plain(p.Data)
	case EncodingSSE:
		return appendEvent(nil, p)
	default:
		return protocol.AppendPublication(make([]byte, 0, 192+len(p.Data)), p)
	}
}

// appendEvent writes one event of a stream (WHATWG HTML, "Server-sent events"):
// its id is the position, its data that of a plain WebSocket, a line each.
func appendEvent(dst []byte, p *protocol.Publication) []byte {
	if !p.Foreign {
		dst = appendID(dst, p.Channel, p.Position(), p.ID)
	}
	data := protocol.Plain(p.Data)
	// A CR ends a line too, and has no other way through.
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		dst = append(dst, "data: "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	return append(dst, '\n')
}

// appendID writes an event's id, which is a position.
func appendID(dst []byte, channel string, at protocol.Position, last string) []byte {
	dst = append(dst, "id: "...)
	dst = append(dst, channel...)
	dst = append(dst, '@')
	dst = append(dst, at.Epoch...)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, at.Offset, 10)
	dst = append(dst, ':')
	dst = append(dst, last...)
	return append(dst, '\n')
}
