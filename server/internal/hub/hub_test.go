package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"fanlight/server/internal/hub"
	"fanlight/shared/protocol"
)

// ear is a subscriber that writes down what it is given.
type ear struct {
	encoding hub.Encoding
	heard    []string
	bytes    [][]byte
}

func (e *ear) Encoding() hub.Encoding { return e.encoding }

func (e *ear) Deliver(b []byte) {
	e.heard = append(e.heard, string(b))
	e.bytes = append(e.bytes, b)
}

func (e *ear) Replay(b []byte)     { e.Deliver(b) }
func (e *ear) Refill(b []byte)     { e.Deliver(b) }
func (e *ear) End(*protocol.Error) {}

// newHub returns one that never has to fill a hole.
func newHub() *hub.Hub { return hub.New(hub.Config{Fill: func(string, protocol.Since) {}}) }

// standing returns the position of a publication of pub's.
func standing(epoch string, offset uint64) protocol.Since {
	return protocol.Since{Epoch: epoch, Offset: offset, Last: id(offset)}
}

// id names the publication at an offset; there is none at 0.
func id(offset uint64) string {
	if offset == 0 {
		return ""
	}
	return fmt.Sprintf("i%d", offset)
}

// takes has the hub handle a publication of pub's.
func takes(h *hub.Hub, p protocol.Publication) {
	if p.Foreign {
		h.HandlePublication(p, "")
	} else {
		h.HandlePublication(p, id(p.Offset-1))
	}
}

func pub(channel, epoch string, offset uint64) protocol.Publication {
	return protocol.Publication{Channel: channel, Epoch: epoch, Offset: offset, ID: id(offset), Time: 1, Data: fmt.Appendf(nil, "%d", offset)}
}

func foreign(channel, data string) protocol.Publication {
	return protocol.Publication{Channel: channel, Foreign: true, Data: []byte(data)}
}

func start(t *testing.T, s *hub.Subscription, from protocol.Since) {
	t.Helper()
	if !s.Start(from, nil, func() {}) {
		t.Fatal("it does not start")
	}
}

// A subscription joins, is started from a position, and leaves, each at any
// moment of a sequence of publications; the position is any that Redis may
// have told by then. It gets what follows the position, up to where it left:
// no hole, no double, no swap; and nothing before the word that it started.
func TestJoinStartAndLeaveAtEveryMoment(t *testing.T) {
	const n = 6
	cases := 0
	for join := range n + 1 { // before publication join+1 arrives, and so on
		for started := join; started <= n; started++ {
			for leave := started; leave <= n; leave++ {
				// Redis is ahead of what has arrived, by as much as it likes,
				// but not behind what had arrived when we joined.
				for from := join; from <= n; from++ {
					cases++
					h, e := newHub(), &ear{encoding: hub.EncodingPlain}
					var s *hub.Subscription
					for at := range n + 1 {
						if at == join {
							s = h.Join("c", e)
						}
						if at == started {
							if !s.Start(standing("e", uint64(from)), nil, func() { e.heard = append(e.heard, "started") }) {
								t.Fatal("it does not start")
							}
						}
						if at == leave && !h.Leave(s) {
							t.Fatal("the last one who left was not the last")
						}
						if at < n {
							takes(h, pub("c", "e", uint64(at+1)))
						}
					}
					want := []string{"started"}
					for offset := from + 1; offset <= leave; offset++ {
						want = append(want, fmt.Sprint(offset))
					}
					if !slices.Equal(e.heard, want) {
						t.Fatalf("joined at %d, started at %d from %d, left at %d: heard %v, want %v", join, started, from, leave, e.heard, want)
					}
				}
			}
		}
	}
	if cases < 200 {
		t.Errorf("only %d cases", cases)
	}
}

func TestForeignPublicationsAreNeverHeldBack(t *testing.T) {
	h, e := newHub(), &ear{encoding: hub.EncodingPlain}
	s := h.Join("c", e)
	takes(h, foreign("c", `"gathered"`))
	takes(h, pub("c", "e", 7))
	start(t, s, standing("e", 8))
	takes(h, foreign("c", `"live"`))
	takes(h, pub("c", "e", 8))
	takes(h, pub("c", "e", 10)) // behind a hole
	takes(h, foreign("c", `"in between"`))
	if want := []string{"gathered", "live", "in between"}; !slices.Equal(e.heard, want) {
		t.Errorf("heard %v, want %v", e.heard, want)
	}
}

func TestChannelsDoNotHearEachOther(t *testing.T) {
	h := newHub()
	a, b := &ear{encoding: hub.EncodingPlain}, &ear{encoding: hub.EncodingPlain}
	start(t, h.Join("a", a), protocol.Since{})
	start(t, h.Join("b", b), standing("e", 1))
	takes(h, pub("a", "e", 1))
	takes(h, pub("b", "e", 2))
	takes(h, pub("nobody's", "e", 3))
	if !slices.Equal(a.heard, []string{"1"}) || !slices.Equal(b.heard, []string{"2"}) {
		t.Errorf("a heard %v, b heard %v", a.heard, b.heard)
	}
}

func TestAPublicationIsEncodedOncePerEncoding(t *testing.T) {
	h := newHub()
	var ears []*ear
	for i := range 30 {
		e := &ear{encoding: []hub.Encoding{hub.EncodingV1, hub.EncodingPlain, hub.EncodingSSE}[i%3]}
		s := h.Join("c", e)
		if i%2 == 0 { // one half gathers, the other hears it live
			start(t, s, protocol.Since{})
			defer h.Leave(s)
		} else {
			defer start(t, s, protocol.Since{})
		}
		ears = append(ears, e)
	}
	takes(h, pub("c", "e", 1))
	first := make(map[hub.Encoding]*byte)
	for i, e := range ears {
		if i%2 == 1 {
			continue
		}
		if len(e.bytes) != 1 {
			t.Fatalf("subscriber %d was given %d items", i, len(e.bytes))
		}
		at := &e.bytes[0][0]
		if first[e.encoding] == nil {
			first[e.encoding] = at
		}
		if first[e.encoding] != at {
			t.Errorf("subscriber %d was given bytes of its own", i)
		}
	}
	if len(first) != 3 {
		t.Errorf("%d encodings were made", len(first))
	}
}

func TestDeliveringDoesNotAllocatePerSubscriber(t *testing.T) {
	allocations := func(subscribers int) float64 {
		h := newHub()
		var heard counter
		for range subscribers {
			start(t, h.Join("c", &heard), protocol.Since{})
		}
		published := uint64(0)
		n := testing.AllocsPerRun(100, func() {
			published++
			takes(h, pub("c", "e", published))
		})
		if want := subscribers * int(published); heard.n != want {
			t.Errorf("%d were delivered, not %d", heard.n, want)
		}
		return n
	}
	if one, many := allocations(1), allocations(1000); many > one {
		t.Errorf("%v allocations for one subscriber, %v for a thousand", one, many)
	}
}

// counter counts what is delivered to it.
type counter struct {
	nobody
	n int
}

func (c *counter) Deliver([]byte) { c.n++ }

type nobody struct{}

func (nobody) Encoding() hub.Encoding { return hub.EncodingV1 }
func (nobody) Deliver([]byte)         {}
func (nobody) Replay([]byte)          {}
func (nobody) Refill([]byte)          {}
func (nobody) End(*protocol.Error)    {}

func TestWhoeverLeavesIsTheLastOnlyOnce(t *testing.T) {
	h := newHub()
	a, b := h.Join("c", nobody{}), h.Join("c", nobody{})
	if h.Leave(a) {
		t.Error("the first of two was the last")
	}
	if h.Leave(a) {
		t.Error("somebody who had left was the last")
	}
	if !h.Leave(b) {
		t.Error("the last was not")
	}
	again := h.Join("c", nobody{})
	if h.Leave(b) {
		t.Error("somebody who had left was the last of those who came later")
	}
	if channels, subscriptions := h.Count(); channels != 1 || subscriptions != 1 {
		t.Errorf("%d channels, %d subscriptions", channels, subscriptions)
	}
	h.Leave(again)
	if channels, subscriptions := h.Count(); channels+subscriptions != 0 {
		t.Errorf("%d channels, %d subscriptions", channels, subscriptions)
	}
}

func TestASubscriptionThatHasLeftDoesNotStart(t *testing.T) {
	h, e := newHub(), &ear{encoding: hub.EncodingPlain}
	s := h.Join("c", e)
	takes(h, pub("c", "e", 1))
	h.Leave(s)
	if s.Start(protocol.Since{}, nil, func() { t.Error("it is told that it has started") }) || len(e.heard) > 0 {
		t.Errorf("it starts, and hears %v", e.heard)
	}
}

func TestASubscriptionThatGathersTooMuchDoesNotStart(t *testing.T) {
	const most = 4096
	for extra := range 3 {
		h, e := newHub(), &ear{encoding: hub.EncodingPlain}
		s := h.Join("c", e)
		for i := range most + extra {
			takes(h, pub("c", "e", uint64(i+1)))
		}
		started := s.Start(protocol.Since{}, nil, func() {})
		if started != (extra == 0) {
			t.Errorf("with %d it starts: %t", most+extra, started)
		}
		if want := map[bool]int{true: most, false: 0}[started]; len(e.heard) != want {
			t.Errorf("with %d it hears %d", most+extra, len(e.heard))
		}
	}
}

// For the race detector: everybody at once.
func TestComingAndGoingWhilePublicationsFlow(t *testing.T) {
	h := newHub()
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		for offset := uint64(1); ; offset++ {
			select {
			case <-stop:
				return
			default:
				takes(h, pub("c", "e", offset))
			}
		}
	})
	var comers sync.WaitGroup
	for range 4 {
		comers.Go(func() {
			for range 500 {
				e := &ear{encoding: hub.EncodingPlain}
				s := h.Join("c", e)
				s.Start(protocol.Since{}, nil, func() {})
				h.Count()
				h.Leave(s)
				n := len(e.heard) // nothing is delivered any more, or this races
				for i := 1; i < n; i++ {
					var a, b int
					if _, err := fmt.Sscan(e.heard[i-1]+" "+e.heard[i], &a, &b); err != nil || b != a+1 {
						t.Errorf("after %d came %d", a, b)
					}
				}
			}
		})
	}
	comers.Wait()
	close(stop)
	all.Wait()
}

func TestEncodings(t *testing.T) {
	ours := protocol.Publication{Channel: "news", Epoch: "e1", Offset: 42, ID: "i42", Time: 99}
	for _, c := range []struct {
		data, v1, plain, sse string
	}{
		{`{"n": 1}`, `{"n": 1}`, `{"n": 1}`, "data: {\"n\": 1}\n"},
		{`"hello"`, `"hello"`, `hello`, "data: hello\n"},
		{`""`, `""`, ``, "data: \n"},
		{`"two\nlines"`, `"two\nlines"`, "two\nlines", "data: two\ndata: lines\n"},
		{`"a\r\nb\rc\n"`, `"a\r\nb\rc\n"`, "a\r\nb\rc\n", "data: a\ndata: b\ndata: c\ndata: \n"},
		{`"id: 7\n\nevent: x"`, `"id: 7\n\nevent: x"`, "id: 7\n\nevent: x", "data: id: 7\ndata: \ndata: event: x\n"},
	} {
		ours.Data = []byte(c.data)
		theirs := foreign("news", c.data)
		for encoding, want := range map[hub.Encoding][2]string{
			hub.EncodingV1: {
				`{"publication":{"channel":"news","epoch":"e1","offset":42,"id":"i42","time":99,"data":` + c.v1 + `}}`,
				`{"publication":{"channel":"news","time":0,"foreign":true,"data":` + c.v1 + `}}`,
			},
			hub.EncodingPlain: {c.plain, c.plain},
			hub.EncodingSSE:   {"id: news@e1:42:i42\n" + c.sse + "\n", c.sse + "\n"},
		} {
			for i, p := range []protocol.Publication{ours, theirs} {
				h, e := newHub(), &ear{encoding: encoding}
				start(t, h.Join("news", e), standing("e1", 41))
				takes(h, p)
				if got := strings.Join(e.heard, ""); got != want[i] || len(e.heard) != 1 {
					t.Errorf("%s in encoding %d: %q, want %q", c.data, encoding, got, want[i])
				}
			}
		}
	}
}
