package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"

	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

// Four goroutines on each of two relays publish to one channel as fast as they
// can, without waiting for each other or for results.
func TestAStormOfPublishesIsOneSequence(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		const goroutines, each, total = 4, 40, 2 * 4 * 40
		peers := []*peer{r.broker(nil), r.broker(nil)}
		for _, p := range peers {
			p.listen("storm")
		}
		type outcome struct {
			protocol.Published
			data string
		}
		outcomes := make(chan outcome, total)
		var publishers sync.WaitGroup
		for i := range 2 * goroutines {
			publishers.Go(func() {
				for n := range each {
					data := fmt.Sprintf(`{"by":%d,"n":%d}`, i, n)
					peers[i%2].Publish(context.Background(), broker.Message{Channel: "storm", Data: json.RawMessage(data)}, func(p protocol.Published, err error) {
						if err != nil {
							t.Error(err)
						}
						outcomes <- outcome{p, data}
					})
				}
			})
		}
		publishers.Wait()

		byOffset := make(map[uint64]outcome)
		for range total {
			o := receive(t, "a publish's result", outcomes)
			if was, taken := byOffset[o.Offset]; taken {
				t.Fatalf("offset %d was given to %s and to %s", o.Offset, was.data, o.data)
			}
			byOffset[o.Offset] = o
		}
		first, second := peers[0].hearsN("storm", total), peers[1].hearsN("storm", total)
		if len(first) != total || len(second) != total {
			t.Fatalf("%d published; heard were %d and %d", total, len(first), len(second))
		}
		consecutive(t, first, 1)
		stream := r.stream("storm")
		next := make(map[int]int)
		for i, p := range first {
			if o := byOffset[p.Offset]; o.data != string(p.Data) || o.ID != p.ID || o.Epoch != p.Epoch || o.Channel != p.Channel || o.Duplicate {
				t.Fatalf("what was answered, %+v, is not what was heard, %+v", o, p)
			}
			q := second[i]
			if q.Offset != p.Offset || q.ID != p.ID || q.Time != p.Time || string(q.Data) != string(p.Data) {
				t.Fatalf("one relay heard %+v, and the other %+v", p, q)
			}
			e := stream[i]
			if e.ID != fmt.Sprintf("%d-0", p.Offset) || e.Values["id"] != p.ID || e.Values["data"] != string(p.Data) || e.Values["time"] != fmt.Sprint(p.Time) {
				t.Fatalf("heard was %+v, and the stream has %+v", p, e)
			}
			var data struct{ By, N int }
			if err := json.Unmarshal(p.Data, &data); err != nil {
				t.Fatal(err)
			}
			if data.N != next[data.By] {
				t.Fatalf("after its message %d, goroutine %d's message %d came", next[data.By]-1, data.By, data.N)
			}
			next[data.By]++
		}
	})
}

func TestDataComesOutAsItWentIn(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.listen("c")
		sent := []string{
			`null`, `0`, `"x"`, `""`, `[]`, `{}`, `{"a": [1,  2]}`, `1e400`, `"\u0000\ud800"`, `"é😀\u2028"`, `"]]\"}}"`,
			`"` + strings.Repeat("x", 200<<10) + `"`, `"%s %d"`, `{"fanlight":1,"epoch":"e","offset":1,"id":"i","time":1,"data":1}`,
		}
		before := time.Now().Add(-time.Minute)
		for _, data := range sent {
			p.publish("c", data, "")
		}
		heard := p.hearsN("c", len(sent))
		for i, pub := range heard {
			if string(pub.Data) != sent[i] || pub.Foreign {
				t.Errorf("sent %.60s, heard %.60s", sent[i], pub.Data)
			}
			if at := time.UnixMicro(pub.Time); at.Before(before) || at.After(time.Now().Add(time.Minute)) {
				t.Errorf("published at %v", at)
			}
		}
		consecutive(t, heard, 1)
	})
}

func TestAKeyProtectsAChannelFromASecondPublish(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p, other := r.broker(nil), r.broker(nil)
		p.listen("c", "d")
		first := p.publish("c", `"first"`, "k")
		p.publish("c", `"between"`, "")
		again := other.publish("c", `"second"`, "k")
		if want := first; again.Position != want.Position || again.ID != want.ID || !again.Duplicate || first.Duplicate {
			t.Errorf("first %+v, then %+v", first, again)
		}
		elsewhere := p.publish("d", `"elsewhere"`, "k")
		if elsewhere.Duplicate || elsewhere.Offset != 1 || elsewhere.Epoch == first.Epoch {
			t.Errorf("the key of one channel worked on another: %+v", elsewhere)
		}
		p.publish("c", `"last"`, "l")
		if heard := onlyData(p.hearsN("c", 3)); !slices.Equal(heard, []string{`"first"`, `"between"`, `"last"`}) {
			t.Errorf("heard %v", heard)
		}
		if n := len(r.stream("c")); n != 3 {
			t.Errorf("the stream has %d entries", n)
		}
	})
}

func TestOfManyPublishesWithOneKeyOneIsTaken(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		peers := []*peer{r.broker(nil), r.broker(nil)}
		var taken atomic.Int64
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				p, err := peers[i%2].try("c", fmt.Sprint(i), "k")
				if err != nil || p.Offset != 1 {
					t.Errorf("%+v, %v", p, err)
				}
				if !p.Duplicate {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if n := taken.Load(); n != 1 || len(r.stream("c")) != 1 {
			t.Errorf("%d were told that theirs was taken; the stream has %d", n, len(r.stream("c")))
		}
	})
}

func TestHistoryIsCutToItsSize(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(func(c *broker.Config) { c.Policies = map[string]broker.Policy{"": {HistorySize: 3}} })
		for n := range 10 {
			p.publish("c", fmt.Sprint(n), "")
		}
		var kept []string
		for _, e := range r.stream("c") {
			kept = append(kept, e.Values["data"].(string))
		}
		if !slices.Equal(kept, []string{"7", "8", "9"}) {
			t.Errorf("kept %v", kept)
		}
	})
}

func TestHistoryElapsesAndTheOffsetGoesOn(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(func(c *broker.Config) { c.Policies = map[string]broker.Policy{"": {HistoryAge: 50 * time.Millisecond}} })
		before := p.publish("c", "1", "")
		eventually(t, "a history that has elapsed", func() bool { return len(r.stream("c")) == 0 })
		if after := p.publish("c", "2", ""); after.Epoch != before.Epoch || after.Offset != 2 {
			t.Errorf("%+v, and then %+v", before.Position, after.Position)
		}
	})
}

// Not on a real Redis, whose scripts are those of all tests; there the first
// publish of all meets the same.
func TestPublishingWorksAfterRedisForgotTheScript(t *testing.T) {
	t.Parallel()
	r := onMiniredis(t)
	p := r.broker(nil)
	p.publish("c", "1", "")
	for n := uint64(2); n < 5; n++ {
		if err := r.direct.ScriptFlush(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
		if got := p.publish("c", "1", ""); got.Offset != n {
			t.Errorf("at %d, not at %d", got.Offset, n)
		}
	}
}

// Redis forgets the script and learns it again, from another relay, both while
// a pipeline of ours is under way.
func TestTheOrderIsKeptWhenTheScriptIsLoadedInTheMiddleOfAPipeline(t *testing.T) {
	t.Parallel()
	r := onMiniredis(t)
	p := r.broker(nil)
	p.publish("c", "0", "") // so that the script is known
	source := broker.PublishSource
	calls := 0
	gate, gated := make(chan struct{}), make(chan struct{})
	r.mini.Server().SetPreHook(func(_ *server.Peer, cmd string, _ ...string) bool {
		if cmd != "EVALSHA" {
			return false
		}
		calls++
		var err error
		switch calls {
		case 1: // hold this one back until the others are queued behind it
			close(gated)
			<-gate
		case 2:
			err = r.direct.ScriptFlush(context.Background()).Err()
		case 3:
			err = r.direct.ScriptLoad(context.Background(), source).Err()
		}
		if err != nil {
			t.Error(err)
		}
		return false
	})
	results := make(chan protocol.Published, 6)
	for n := 1; n <= 6; n++ {
		p.Publish(context.Background(), broker.Message{Channel: "c", Data: json.RawMessage(fmt.Sprint(n))}, func(got protocol.Published, err error) {
			if err != nil {
				t.Error(err)
			}
			results <- got
		})
		if n == 1 {
			receive(t, "the first command", gated)
		}
	}
	close(gate)
	for range 6 {
		receive(t, "a result", results)
	}
	var order []string
	for _, e := range r.stream("c") {
		order = append(order, e.Values["data"].(string))
	}
	if want := []string{"0", "1", "2", "3", "4", "5", "6"}; !slices.Equal(order, want) {
		t.Errorf("published in the order %v", order)
	}
}

func TestAChannelWhoseHistoryIsLostBeginsANewEpoch(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.listen("c")
		p.publish("c", "1", "k")
		before := p.publish("c", "2", "")
		r.forget()
		if at, err := p.position("c"); err != nil || at != (protocol.Position{}) {
			t.Errorf("a channel without history stands at %+v, %v", at, err)
		}
		after := p.publish("c", "3", "k")
		if after.Epoch == before.Epoch || after.Offset != 1 || after.Duplicate {
			t.Errorf("%+v, and then %+v", before, after)
		}
		if heard := p.hearsN("c", 3); heard[2].Position() != after.Position {
			t.Errorf("heard %+v", heard[2])
		}
	})
}

// The meta hash can be lost alone, as by an eviction.
func TestAStreamThatOutlivedItsEpochIsNotContinued(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		for range 5 {
			p.publish("c", `"old"`, "")
		}
		if err := r.direct.Del(context.Background(), "fanlight/meta/{"+r.prefix+"c}").Err(); err != nil {
			t.Fatal(err)
		}
		p.publish("c", `"new"`, "")
		if s := r.stream("c"); len(s) != 1 || s[0].ID != "1-0" || s[0].Values["data"] != `"new"` {
			t.Errorf("the stream has %+v", s)
		}
	})
}

func TestThePositionIsThatOfTheLastPublication(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		if at, err := p.position("c"); err != nil || at != (protocol.Position{}) {
			t.Errorf("a new channel stands at %+v, %v", at, err)
		}
		for range 3 {
			published := p.publish("c", "1", "")
			if at, err := p.position("c"); err != nil || at != published.Position {
				t.Errorf("published at %+v; the channel stands at %+v, %v", published.Position, at, err)
			}
		}
	})
}

func TestEveryKeyOfAChannelElapses(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		p := r.broker(nil)
		p.publish("c", "1", "k")
		for key, longest := range map[string]time.Duration{
			"fanlight/meta/{" + r.prefix + "c}":   7 * 24 * time.Hour,
			"fanlight/stream/{" + r.prefix + "c}": time.Hour,
			"fanlight/key/{" + r.prefix + "c}/k":  5 * time.Minute,
		} {
			ttl, err := r.direct.PTTL(context.Background(), key).Result()
			if err != nil || ttl <= longest-time.Minute || ttl > longest {
				t.Errorf("%s elapses in %v, %v; want %v", key, ttl, err, longest)
			}
		}
	})
}

func TestAPublishWhoseContextHasEndedFails(t *testing.T) {
	t.Parallel()
	p := onMiniredis(t).broker(nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// With room in the queue it may as well be taken; it must be answered.
	done := make(chan error, 1)
	p.Publish(ctx, broker.Message{Channel: "c", Data: json.RawMessage("1")}, func(_ protocol.Published, err error) { done <- err })
	if err := receive(t, "a result", done); err != nil && !errors.Is(err, &protocol.Error{Code: protocol.CodeUnavailable}) {
		t.Error(err)
	}
}

func TestABadURLIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:6379", "http://localhost", "redis://user:secret@host:port", "redis://:secret%zz@host", "redis://:secret@host/x"} {
		b, err := broker.New(broker.Config{URL: url})
		if err == nil {
			_ = b.Close()
			t.Errorf("%q is taken", url)
		} else if !strings.HasPrefix(err.Error(), "redis URL: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
