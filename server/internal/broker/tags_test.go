package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

func TestTagsGoWithTheirMessageLiveAndInTheHistory(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.listen("c")
		sent := []protocol.Tags{
			{"level": "warn", "cpu": 91.5},
			nil,
			{},
			{"text": "\"}],\"data\":\"<&>\u2028%s é😀", "number": -1e300, "_": ""},
		}
		want := []protocol.Tags{sent[0], nil, nil, sent[3]}
		for i, tags := range sent {
			p.send(broker.Message{Channel: "c", Data: json.RawMessage(fmt.Sprint(i)), Tags: tags})
		}
		heard := p.hearsN("c", len(sent))
		h, err := p.History(context.Background(), "c", broker.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range sent {
			if !reflect.DeepEqual(heard[i].Tags, want[i]) || !reflect.DeepEqual(h.Publications[i], heard[i]) {
				t.Errorf("with %v it was heard as %+v and kept as %+v", sent[i], heard[i], h.Publications[i])
			}
			_, kept := r.stream("c")[i].Values["tags"]
			if kept != (want[i] != nil) {
				t.Errorf("with %v the entry is %v", sent[i], r.stream("c")[i])
			}
		}
		consecutive(t, heard, 1)
		again := p.send(broker.Message{Channel: "c", Data: json.RawMessage("5"), Tags: sent[0], Key: "k"})
		if twice := p.send(broker.Message{Channel: "c", Data: json.RawMessage("5"), Key: "k"}); !twice.Duplicate || twice.Position != again.Position {
			t.Errorf("%+v, then %+v", again, twice)
		}
	})
}

// Programs other than ours read the channel and the stream, too.
func TestAMessageWithoutTagsIsSentAndKeptAsEver(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		raw := r.direct.Subscribe(context.Background(), r.prefix+"c")
		defer func() { _ = raw.Close() }()
		if _, err := raw.Receive(context.Background()); err != nil {
			t.Fatal(err)
		}
		payload := func() string {
			m, err := raw.ReceiveMessage(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			return m.Payload
		}
		got := p.publish("c", `{"a": 1}`, "")
		e := r.stream("c")[0]
		want := fmt.Sprintf(`{"fanlight":1,"epoch":"%s","offset":1,"prev":"","id":"%s","time":%s,"data":{"a": 1}}`, got.Epoch, got.ID, e.Values["time"])
		if sent := payload(); sent != want {
			t.Errorf("sent is %s, not %s", sent, want)
		}
		if len(e.Values) != 3 {
			t.Errorf("kept is %v", e.Values)
		}
		tagged := p.send(broker.Message{Channel: "c", Data: json.RawMessage("2"), Tags: protocol.Tags{"b": 1.0, "a": "x"}})
		e = r.stream("c")[1]
		want = fmt.Sprintf(`{"fanlight":1,"epoch":"%s","offset":2,"prev":"%s","id":"%s","time":%s,"tags":{"a":"x","b":1},"data":2}`, got.Epoch, got.ID, tagged.ID, e.Values["time"])
		if sent := payload(); sent != want || e.Values["tags"] != `{"a":"x","b":1}` {
			t.Errorf("sent is %s, not %s; kept is %v", sent, want, e.Values)
		}
	})
}

// Anyone can write into Redis.
func TestForgedTagsAreLostAndTheirMessageIsNot(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		first := p.publish("c", "1", "")
		for i, tags := range []string{`{"a":true}`, `[]`, `{`, `"x"`, `{"A":1}`, `null`, ``, "{\"a\":\"\xff\"}"} {
			err := r.direct.XAdd(context.Background(), &redis.XAddArgs{
				Stream: "fanlight/stream/{" + r.prefix + "c}", ID: fmt.Sprintf("%d-0", i+2),
				Values: []any{"id", "forged", "time", time.Now().UnixMicro(), "data", "2", "tags", tags},
			}).Err()
			if err != nil {
				t.Fatal(err)
			}
		}
		h, err := p.History(context.Background(), "c", broker.Query{After: first.Offset})
		if err != nil || len(h.Publications) != 8 {
			t.Fatalf("%+v, %v", h, err)
		}
		for _, pub := range h.Publications {
			if want := map[uint64]protocol.Tags{9: {"a": "�"}}[pub.Offset]; string(pub.Data) != "2" || !reflect.DeepEqual(pub.Tags, want) {
				t.Errorf("%+v", pub)
			}
		}
	})
}
