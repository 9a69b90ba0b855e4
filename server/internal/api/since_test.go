package api

import (
	"errors"
	"net/http"
	"testing"

	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

// Whatever stands in ?since=, it is refused, or a position that can be judged.
func FuzzSince(f *testing.F) {
	for _, seed := range []string{"", "e:1", "e:1:ID", ":0", ":1", "e", "e:", "e:-1", "e:18446744073709551616", "e:1:ID:x", "\xff:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		since, err := parseSince(s)
		if err == nil {
			err = node.CheckSubscribe(&protocol.Subscribe{Channel: "c", Since: since})
		}
		var e *protocol.Error
		if err != nil && (!errors.As(err, &e) || e.Status() != http.StatusBadRequest || e.Field == "") {
			t.Errorf("%q: %v", s, err)
		}
	})
}
