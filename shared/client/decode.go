package client

import (
	"bytes"
	"encoding/json"
	"strconv"

	"fanlight/shared/protocol"
)

// decodePublication reads a line that is a publication exactly as
// [protocol.AppendPublication] writes it, several times faster than
// encoding/json, which in a browser is most of what a message costs: see
// BenchmarkReceive. It reports false for every other line, also for a
// publication with a field more, which encoding/json then reads.
func decodePublication(line []byte) (p protocol.Publication, ok bool) {
	r := reader{rest: line, ok: true}
	r.skip(`{"publication":{"channel":`)
	p.Channel = r.text()
	if r.has(`,"epoch":`) {
		p.Epoch = r.text()
		r.skip(`,"offset":`)
		p.Offset = r.number()
		r.skip(`,"id":`)
		p.ID = r.text()
	}
	r.skip(`,"time":`)
	p.Time = int64(r.number()) // #nosec G115 -- number returns 18 digits at the most
	p.Foreign = r.has(`,"foreign":true`)
	if r.has(`,"tags":{`) {
		p.Tags = r.tags()
	}
	r.skip(`,"data":`)
	data, found := bytes.CutSuffix(r.rest, []byte("}}"))
	// What stands between is the data and nothing else only if it is one value.
	if !r.ok || !found || !json.Valid(data) {
		return protocol.Publication{}, false
	}
	// A copy, so that a message that is kept does not keep its whole frame.
	p.Data = bytes.Clone(bytes.TrimSpace(data))
	return p, true
}

// reader takes a line apart from the left. Once something else is there than
// was expected, ok is false and stays so.
type reader struct {
	rest []byte
	ok   bool
}

func (r *reader) has(s string) bool {
	if !r.ok || len(r.rest) < len(s) || string(r.rest[:len(s)]) != s {
		return false
	}
	r.rest = r.rest[len(s):]
	return true
}

func (r *reader) skip(s string) { r.ok = r.has(s) }

// text reads a string of printable ASCII without an escape.
func (r *reader) text() string {
	r.skip(`"`)
	for i, b := range r.rest {
		switch {
		case !r.ok || b == '\\' || b < ' ' || b > '~':
			r.ok = false
			return ""
		case b == '"':
			s := string(r.rest[:i])
			r.rest = r.rest[i+1:]
			return s
		}
	}
	r.ok = false
	return ""
}

// tags reads the members of an object, at least one, each a text as above or a
// number, and its end.
func (r *reader) tags() protocol.Tags {
	tags := protocol.Tags{}
	for r.ok {
		name := r.text()
		r.skip(":")
		if len(r.rest) > 0 && r.rest[0] == '"' {
			tags[name] = r.text()
		} else {
			end := max(bytes.IndexAny(r.rest, ",}"), 0)
			n, err := strconv.ParseFloat(string(r.rest[:end]), 64)
			// Go takes more for a number than JSON does.
			r.ok = r.ok && err == nil && json.Valid(r.rest[:end])
			tags[name], r.rest = n, r.rest[end:]
		}
		if r.has("}") {
			break
		}
		r.skip(",")
	}
	return tags
}

// number reads a number without sign, point or exponent, of at most 18 digits.
func (r *reader) number() uint64 {
	i := 0
	for i < len(r.rest) && '0' <= r.rest[i] && r.rest[i] <= '9' {
		i++
	}
	n, err := strconv.ParseUint(string(r.rest[:i]), 10, 64)
	if err != nil || i > 18 || i > 1 && r.rest[0] == '0' {
		r.ok = false
		return 0
	}
	r.rest = r.rest[i:]
	return n
}
