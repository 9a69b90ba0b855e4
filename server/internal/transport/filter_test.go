package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fanlight/server/internal/node"
	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

// tagged publishes a message of a level, which is its data too.
func (r *rig) tagged(channel, level string) protocol.Published {
	r.t.Helper()
	p, err := r.node.PublishWait(context.Background(), node.Caller{}, protocol.Publish{
		Channel: channel, Data: fmt.Appendf(nil, "%q", level), Tags: protocol.Tags{"level": level},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

var warnings = "&filter=" + url.QueryEscape(`level == "warn"`)

// What a filter holds back moves the Last-Event-ID on, though it shows nothing:
// with the next sign of life, or after a hundred of them.
func TestAFilteredEventStreamKeepsItsPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(cfg *transport.Config) { cfg.PingInterval = 20 * time.Millisecond })
	s := r.stream("?channel=a&channel=b"+warnings, 2)
	eventID := func(p protocol.Published) string {
		return fmt.Sprintf("%s@%s:%d:%s", p.Channel, p.Epoch, p.Offset, p.ID)
	}
	next := func() string {
		for {
			if e := s.event(); e != ":\n" {
				return e
			}
		}
	}
	a := r.tagged("a", "info")
	if got := next(); got != "id: "+eventID(a)+",b@:0:\n" {
		t.Errorf("after what is held back comes %q", got)
	}
	b := r.tagged("b", "warn")
	if got, want := next(), "id: "+eventID(a)+","+eventID(b)+"\ndata: warn\n"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	for range 5 {
		if got := s.event(); got != ":\n" {
			t.Errorf("nothing happens, and %q comes", got)
		}
	}
}

func TestAFilteredEventStreamResumesWithWhatMatches(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	first := r.tagged("a", "info")
	r.tagged("a", "warn")
	r.tagged("a", "info")
	last := r.tagged("a", "info")
	since := fmt.Sprintf("&since=a@%s:%d:%s", first.Epoch, first.Offset, first.ID)
	s := r.stream("?channel=a"+warnings+since, 0)
	if got := s.event(); got != ":\n" {
		t.Errorf("it begins with %q", got)
	}
	if got := s.event(); !strings.HasSuffix(got, "data: warn\n") {
		t.Errorf("heard %q", got)
	}
	// The last one that matched is not the last one.
	if got, want := s.event(), fmt.Sprintf("id: a@%s:%d:%s\n", last.Epoch, last.Offset, last.ID); got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestAPlainWebSocketIsFilteredToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.tagged("a", "warn")
	r.tagged("a", "info")
	s := r.dial("?channel=a&rewind=9"+warnings, "")
	if got := s.text(); got != "warn" {
		t.Errorf("heard %q", got)
	}
	r.tagged("a", "info")
	r.tagged("a", "warn")
	if got := s.text(); got != "warn" {
		t.Errorf("heard %q", got)
	}
}

func TestAWrongFilterIsRefusedByEachWayInWithItsPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	wrong := "?channel=a&filter=" + url.QueryEscape(`level = "warn"`)

	p, _ := problem(t, r.server.URL+"/sse"+wrong)
	if p.Status != http.StatusBadRequest || p.Code != protocol.CodeFilterInvalid || p.At != 7 || p.Field != "filter" {
		t.Errorf("an event stream: %+v", p)
	}

	r.dial(wrong, "").wantClose(protocol.CloseBadRequest, protocol.CodeFilterInvalid)

	v := r.v1()
	v.send(`{"id":2,"subscribe":{"channel":"a","filter":"level = \"warn\""}}`)
	if e := v.wantError(2, protocol.CodeFilterInvalid); e.At != 7 || e.Field != "filter" {
		t.Errorf("fanlight.v1: %+v", e)
	}
	v.send(`{"id":3,"publish":{"channel":"a","data":1,"tags":{"level":null}}}`)
	if e := v.wantError(3, protocol.CodeTagsInvalid); e.Field != "tags.level" {
		t.Errorf("tags: %+v", e)
	}
	v.alive("4") // and its place on the channel is free
}
