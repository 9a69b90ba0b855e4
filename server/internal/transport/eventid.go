package transport

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"fanlight/server/internal/hub"
	"fanlight/shared/protocol"
)

// An event's id says where the stream stands, so that a browser that sends it
// back as Last-Event-ID resumes: <channel>@<epoch>:<offset>:<publication id>,
// and for a stream of several channels one of these for each, with commas
// between. No part holds any of the separators but the channel its colons.

// maxEventID bounds a Last-Event-ID: enough for as many channels as a
// connection may have.
const maxEventID = 32 << 10

// resume takes the positions of a Last-Event-ID over into the requests. They
// win over a rewind, which was for the first time.
func resume(requests []protocol.Subscribe, r *http.Request) error {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.URL.Query().Get("since") // for those who can't set headers
	}
	if id == "" {
		return nil
	}
	bad := &protocol.Error{
		Code: protocol.CodeBadRequest, Field: "Last-Event-ID",
		Message: "an event id is <channel>@<epoch>:<offset>:<id>, with commas between several",
	}
	if len(id) > maxEventID {
		return bad
	}
	for one := range strings.SplitSeq(id, ",") {
		channel, since, ok := parsePosition(one)
		if !ok {
			return bad
		}
		for i := range requests {
			if requests[i].Channel == channel {
				requests[i].Since, requests[i].Rewind = &since, nil
			}
		}
	}
	return nil
}

func parsePosition(s string) (channel string, since protocol.Since, ok bool) {
	channel, rest, ok := strings.Cut(s, "@")
	if !ok {
		return "", since, false
	}
	epoch, rest, ok := strings.Cut(rest, ":")
	if !ok {
		return "", since, false
	}
	number, last, _ := strings.Cut(rest, ":")
	offset, err := strconv.ParseUint(number, 10, 64)
	if err != nil || epoch == "" && offset > 0 {
		return "", since, false
	}
	return channel, protocol.Since{Epoch: epoch, Offset: offset, Last: last}, true
}

// startEvent tells an event stream where a channel stands, without a message:
// an event with an id and without data fires nothing, and is remembered.
func startEvent(s protocol.Subscribed) []byte {
	if s.Recovered > 0 {
		return []byte(":\n\n") // the recovered ones tell, one by one
	}
	return hub.EncodeMoved(&protocol.Moved{Channel: s.Channel, Position: s.Position, Last: s.Last}, hub.EncodingSSE)
}

// positions rewrites event ids into those of several channels.
type positions struct {
	order []string // the channels
	at    map[string]string
}

func newPositions(requests []protocol.Subscribe) *positions {
	p := &positions{at: make(map[string]string)}
	for _, req := range requests {
		p.order = append(p.order, req.Channel)
	}
	return p
}

// rewrite takes note of an event's id, and puts all channels' in its place.
func (p *positions) rewrite(event []byte) []byte {
	rest, ok := bytes.CutPrefix(event, []byte("id: "))
	if !ok {
		return event
	}
	id, rest, _ := bytes.Cut(rest, []byte("\n"))
	channel, _, _ := strings.Cut(string(id), "@")
	p.at[channel] = string(id)
	out := []byte("id: ")
	for _, c := range p.order {
		if at := p.at[c]; at != "" {
			if len(out) > len("id: ") {
				out = append(out, ',')
			}
			out = append(out, at...)
		}
	}
	return append(append(out, '\n'), rest...)
}
