package live

import (
	"reflect"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"fanlight/shared/client"
)

func TestWhoWatchesLaterIsToldOfTheConnectionThatIsThere(t *testing.T) {
	s := newServer(t)
	l, batches := open(t, s)
	seen, _ := until(t, batches, is[client.Connected])
	hello := seen[len(seen)-1]
	late := make(chan Batch, 1000)
	defer l.Watch(func(b Batch) { late <- b })()
	if first := <-late; !reflect.DeepEqual(first.Events, []client.Event{hello}) {
		t.Fatalf("it is told %v, not %v", first.Events, hello)
	}
	// Only once, and not of one that is gone.
	s.closeAll(websocket.StatusCode(4000))
	seen, _ = until(t, late, is[client.Connected])
	if n := slices.IndexFunc(seen, is[client.Disconnected]); n < 0 || slices.ContainsFunc(seen[:n], is[client.Connected]) {
		t.Fatalf("then it is told %v", seen)
	}
	l.Suspend()
	between := make(chan Batch, 1000)
	defer l.Watch(func(b Batch) { between <- b })()
	if err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	if seen, _ := until(t, between, is[client.Connected]); !is[client.Connecting](seen[0]) {
		t.Fatalf("who comes between two connections is told %v", seen)
	}
}
