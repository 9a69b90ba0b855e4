package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

// mark is how every message that publish.lua sends begins.
const mark = `{"fanlight":1,`

// envelope is what publish.lua sends.
type envelope struct {
	Epoch  string          `json:"epoch"`
	Offset uint64          `json:"offset"`
	Prev   string          `json:"prev"`
	ID     string          `json:"id"`
	Time   int64           `json:"time"`
	Tags   json.RawMessage `json:"tags"`
	Data   json.RawMessage `json:"data"`
}

// The reasons to drop a message that another program published.
var (
	errForeignTooLarge = errors.New("larger than a message may be")
	errForeignNotUTF8  = errors.New("not UTF-8")
)

// decode makes a publication of whatever arrived on a Pub/Sub channel. What
// does not look like our own script's work is foreign: JSON is taken as it is,
// other text becomes a JSON string. It fails for bytes that no text frame can
// carry, and for foreign messages of more than limit bytes.
func decode(channel, payload string, limit int, now time.Time) (pub protocol.Publication, prev string, err error) {
	raw := []byte(payload)
	if bytes.HasPrefix(raw, []byte(mark)) {
		var e envelope
		if json.Unmarshal(raw, &e) == nil && e.Offset > 0 && plain(e.Epoch) && plain(e.ID) && len(e.Data) > 0 && utf8.Valid(e.Data) {
			return protocol.Publication{
				Channel: channel, Epoch: e.Epoch, Offset: e.Offset, ID: e.ID, Time: e.Time,
				Tags: decodeTags(e.Tags), Data: protocol.OneLine(e.Data),
			}, e.Prev, nil
		}
	}
	switch {
	case len(raw) > limit:
		return pub, "", errForeignTooLarge
	case !utf8.Valid(raw):
		return pub, "", errForeignNotUTF8
	}
	return protocol.Publication{
		Channel: channel, Time: now.UnixMicro(), Foreign: true,
		Data: protocol.TextOrJSON(raw),
	}, "", nil
}

// decodeTags reads what was published as tags. Any that could not have been
// published through us are as good as none: filters and clients rely on the
// rules, and the message itself is still the one at its position.
func decodeTags(raw []byte) protocol.Tags {
	if len(raw) == 0 {
		return nil
	}
	var tags protocol.Tags
	if json.Unmarshal(raw, &tags) != nil || tags.Check() != nil || len(tags) == 0 {
		return nil
	}
	return tags
}

// decodePresence reads what presence.lua publishes beside the publications.
func decodePresence(payload string) (join, leave *protocol.Member, ok bool) {
	if !strings.HasPrefix(payload, mark+`"join":`) && !strings.HasPrefix(payload, mark+`"leave":`) {
		return nil, nil, false
	}
	var e struct{ Join, Leave *protocol.Member }
	if !utf8.ValidString(payload) || json.Unmarshal([]byte(payload), &e) != nil || (e.Join == nil) == (e.Leave == nil) {
		return nil, nil, false // then it is foreign, like anything else
	}
	return e.Join, e.Leave, true
}

// plain reports whether s can stand between quotes in JSON as it is. Ours are
// base-32 letters and digits, but anyone can PUBLISH something that looks alike.
func plain(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
