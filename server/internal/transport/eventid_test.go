package transport

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"fanlight/server/internal/node"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// Whatever a browser sends back as its last position, it is either refused, or
// makes requests that can be judged as any others.
func FuzzResume(f *testing.F) {
	for _, seed := range []string{
		"", "a@e:1:ID", "a@e:1:ID,b@f:2:ID2", "a@:0:", "a@e:18446744073709551615:", "a@e:18446744073709551616:",
		"a@e:-1:", "a@e:01:", "@e:1:", "a@e", "a", ",", "a@e:1:ID,", "chat:go@e:1:ID", "a@e:1:ID@e:2:x", "a@e:1:\x00",
		strings.Repeat("a@e:1:ID,", 30),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		requests := []protocol.Subscribe{{Channel: "a"}, {Channel: "chat:go", Rewind: &protocol.Rewind{Count: 3}}}
		r := &http.Request{URL: &url.URL{}, Header: http.Header{"Last-Event-Id": {id}}}
		if err := resume(requests, r); err != nil {
			var e *protocol.Error
			if !errors.As(err, &e) || e.Status() != http.StatusBadRequest || e.Field == "" {
				t.Errorf("%q: %v", id, err)
			}
			return
		}
		for _, req := range requests {
			if req.Since != nil && req.Rewind != nil {
				t.Errorf("%q asks for both: %+v", id, req)
			}
			if err := node.CheckSubscribe(&req); err != nil && req.Since == nil {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

// What an event's id says is read back as the same position.
func FuzzEventID(f *testing.F) {
	f.Add("a", "e", uint64(1), "ID")
	f.Add("chat:go", "", uint64(0), "")
	f.Fuzz(func(t *testing.T, name, epoch string, offset uint64, last string) {
		if channel.Validate(name) != nil || epoch == "" && offset > 0 || strings.ContainsAny(epoch+last, "@:,\n") {
			t.Skip("no position of ours")
		}
		event := startEvent(protocol.Subscribed{Channel: name, Position: protocol.Position{Epoch: epoch, Offset: offset}, Last: last})
		id, _, _ := strings.Cut(strings.TrimPrefix(string(event), "id: "), "\n")
		gotName, got, ok := parsePosition(id)
		if want := (protocol.Since{Epoch: epoch, Offset: offset, Last: last}); !ok || gotName != name || got != want {
			t.Errorf("%q is read as %s %+v %s", id, gotName, got, strconv.FormatBool(ok))
		}
	})
}
