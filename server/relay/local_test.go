package relay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func localRelay(t *testing.T) *relay.Relay {
	t.Helper()
	nothing := channel.Op(0)
	r, err := relay.New(relay.Config{Namespaces: map[string]relay.Namespace{"": {Presence: true, Anonymous: &nothing}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func allowed(t *testing.T, pattern string, ops channel.Op) channel.Grants {
	t.Helper()
	p, err := channel.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return channel.Grants{{Pattern: p, Ops: ops}}
}

func publish(t *testing.T, l *relay.Local, data string) {
	t.Helper()
	if _, err := l.Publish(context.Background(), protocol.Publish{Channel: "game:1", Data: json.RawMessage(data)}); err != nil {
		t.Fatal(err)
	}
}

func denied(err error) bool {
	var e *protocol.Error
	return errors.As(err, &e) && e.Code == protocol.CodePermission
}

func TestALocalCallerMayDoWhatItsGrantsSayAndNoMore(t *testing.T) {
	t.Parallel()
	r := localRelay(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	writer := r.Local("referee", allowed(t, "game:*", channel.Publish))
	publish(t, writer, "1")
	if _, err := writer.Publish(ctx, protocol.Publish{Channel: "chat:1", Data: json.RawMessage("1")}); !denied(err) {
		t.Errorf("it published beyond its grants: %v", err)
	}
	if err := writer.Subscribe(ctx, protocol.Subscribe{Channel: "game:1"}, func(protocol.Message) {}); !denied(err) {
		t.Errorf("it listened without a grant: %v", err)
	}
	if _, err := writer.Last(ctx, "game:1", 1); !denied(err) {
		t.Errorf("it read the history without a grant: %v", err)
	}
}

func TestALocalSubscriptionRecoversFollowsAndIsNotPresent(t *testing.T) {
	t.Parallel()
	l := localRelay(t).Local("referee", allowed(t, "game:*", channel.All))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	publish(t, l, "1")
	publish(t, l, "2")
	heard := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- l.Subscribe(ctx, protocol.Subscribe{Channel: "game:1", Since: &protocol.Since{}}, func(m protocol.Message) {
			switch {
			case m.Subscribed != nil:
				heard <- fmt.Sprint("recovered ", m.Subscribed.Recovered)
			case m.Publication != nil:
				heard <- string(m.Publication.Data)
			}
		})
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Fatalf("%s was heard, not %s", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%s was not heard", want)
		}
	}
	for _, want := range []string{"recovered 2", "1", "2"} {
		expect(want)
	}
	publish(t, l, "3")
	expect("3")
	who, err := l.Presence(ctx, "game:1")
	if err != nil || who.Connections != 0 {
		t.Errorf("present: %+v %v", who, err)
	}
	last, err := l.Last(ctx, "game:1", 1)
	if err != nil || len(last.Publications) != 1 || string(last.Publications[0].Data) != "3" {
		t.Errorf("last: %+v %v", last, err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestASlowLocalCallerLosesNothing(t *testing.T) {
	t.Parallel()
	l := localRelay(t).Local("referee", allowed(t, "game:*", channel.All))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	const many = 60 // of 40 KB each: twice what may wait
	big := make([]byte, 40<<10)
	for i := range big {
		big[i] = 'x'
	}
	begun, goOn := make(chan struct{}), make(chan struct{})
	var offsets []uint64
	answers := 0
	ended := make(chan error, 1)
	go func() {
		ended <- l.Subscribe(ctx, protocol.Subscribe{Channel: "game:1"}, func(m protocol.Message) {
			if m.Subscribed != nil {
				if answers++; answers == 1 {
					close(begun)
					<-goOn
				}
			}
			if m.Publication != nil {
				if offsets = append(offsets, m.Publication.Offset); len(offsets) == many {
					cancel()
				}
			}
		})
	}()
	<-begun
	for range many {
		publish(t, l, `"`+string(big)+`"`)
	}
	close(goOn)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if answers < 2 {
		t.Error("it never fell behind")
	}
	for i, offset := range offsets {
		if offset != uint64(i)+1 {
			t.Fatalf("offsets %v", offsets)
		}
	}
	if len(offsets) != many {
		t.Errorf("%d of %d", len(offsets), many)
	}
}
