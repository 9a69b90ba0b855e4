package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// The article's client, as its reader would run it: a page from another port
// of this machine opens a WebSocket, and posts.
func TestTheArticlesClientWorksAsPrinted(t *testing.T) {
	s := newRig(t).site()
	page := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://localhost:3000"}}}
	readers := []*wire{s.dial("/ws", page), s.dial("/ws", page), s.dial("/ws", nil)}
	for _, r := range readers {
		r.listensTo(s.rig, protocol.DefaultChannel)
	}

	code, body := post(t, s.url()+"/publish", "application/json", `{"message": "Hello WebSocket!"}`)
	var answer struct{ Status, Message string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || answer.Status != "success" || answer.Message != "Hello WebSocket!" {
		t.Fatalf("answered %d %s", code, body)
	}
	if code, body = post(t, s.url()+"/publish?message=hi", "", ""); code != http.StatusOK {
		t.Fatalf("answered %d %s", code, body)
	}
	for _, r := range readers { // every one of them gets every message
		r.hearsExactly("Hello WebSocket!")
		r.hearsExactly("hi")
	}
}

func TestAPageOfAnotherSiteIsTurnedAway(t *testing.T) {
	s := newRig(t).site()
	for _, origin := range []string{"http://evil.example", "https://localhost.evil.example", "null", "file://"} {
		for _, path := range []string{"/ws", "/sse", "/publish"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url()+path, strings.NewReader(`{"message":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Origin", origin)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %s: %s", path, origin, resp.Status)
			}
		}
	}
}

// Whatever a message comes in by, it goes out by all three.
func TestAMessageGoesFromEachWayInToEachWayOut(t *testing.T) {
	g := newRig(t)
	s := g.site()
	plain, v1, events := s.plain("news"), s.v1(), s.stream("?channel=news")
	v1.say(`{"id":2,"subscribe":{"channel":"news"}}`)
	v1.hears(`"subscribed":{"channel":"news"`)
	// The stream says nothing when it has subscribed; a message tells.
	post(t, s.url()+"/publish", "", `{"channel":"news","data":"first"}`)
	plain.hearsExactly("first")
	v1.hears(`"data":"first"`)
	if _, data := events.event(); data != "first" {
		t.Fatalf("the stream says %q", data)
	}

	everyoneGets := func(data string) (id string) {
		t.Helper()
		plain.hearsExactly(data)
		v1.hears(`"data":` + data)
		id, got := events.event()
		if got != data {
			t.Fatalf("the stream says %q, want %q", got, data)
		}
		return id
	}
	post(t, s.url()+"/publish", "application/json", `{"channel":"news","data":{"by": "http"}}`)
	if id := everyoneGets(`{"by": "http"}`); !strings.HasPrefix(id, "news@") || !strings.Contains(id, ":2:") {
		t.Errorf("the event's id is %q", id)
	}
	plain.say(`{"by": "plain"}`)
	everyoneGets(`{"by": "plain"}`)
	g.publish("news", `{"by": "redis-cli"}`)
	everyoneGets(`{"by": "redis-cli"}`)
	v1.say(`{"id":3,"publish":{"channel":"news","data":{"by": "v1"}}}`)
	plain.hearsExactly(`{"by": "v1"}`)
	both := v1.hears() + v1.hears()
	for _, part := range []string{`{"id":3,"published":{"channel":"news"`, `"data":{"by": "v1"}`} {
		if !strings.Contains(both, part) {
			t.Errorf("%s lacks %s", both, part)
		}
	}
}

func TestTwoRelaysOnOneRedisExchangeMessages(t *testing.T) {
	g := newRig(t)
	here, there := g.site(), g.site()
	alice, bob := here.plain("lobby"), there.plain("lobby")
	alice.say("from here")
	bob.hearsExactly("from here")
	alice.hearsExactly("from here")
	bob.say("from there")
	alice.hearsExactly("from there")
	bob.hearsExactly("from there")
}

// Any bytes may arrive from Redis. What a text frame can carry is delivered;
// the rest is dropped, and stalls nothing.
func TestForeignBytesReachSubscribersOrAreDropped(t *testing.T) {
	g := newRig(t)
	s := g.site()
	plain, v1 := s.plain("raw"), s.v1()
	v1.say(`{"id":2,"subscribe":{"channel":"raw"}}`)
	v1.hears(`"subscribed"`)

	g.publish("raw", "")
	plain.hearsExactly("")
	v1.hears(`"foreign":true`, `"data":""`)
	g.publish("raw", "two\nlines & <b>")
	v1.hears(`"foreign":true`, `"data":"two\nlines & <b>"`)
	plain.hearsExactly("two")
	plain.hearsExactly("lines & <b>")
	g.publish("raw", `{"fanlight":1,"epoch":"x\"","offset":1,"id":"y","data":1}`)
	v1.hears(`"foreign":true`, `"data":{"fanlight":1`)
	plain.hears("fanlight")
	for _, dropped := range []string{"\xff\xfe", "ab\x80", strings.Repeat("x", protocol.DefaultLimits.Message+1), "\x00\xc0"} {
		g.publish("raw", dropped)
	}
	g.publish("raw", "after all that")
	plain.hearsExactly("after all that")
	v1.hears(`"after all that"`)
}

func TestManySubscribersAllGetEveryMessageInOrder(t *testing.T) {
	s := newRig(t).site()
	const readers, messages = 100, 50
	all := make([]*wire, readers)
	for i := range all {
		all[i] = s.v1()
		all[i].say(`{"id":2,"subscribe":{"channel":"crowd"}}`)
		all[i].hears(`"subscribed"`)
	}
	writer := s.v1()
	for i := range messages {
		writer.say(fmt.Sprintf(`{"id":%d,"publish":{"channel":"crowd","data":%d}}`, i+2, i))
	}
	for _, r := range all {
		for i := range messages {
			r.hears(fmt.Sprintf(`"offset":%d,`, i+1), fmt.Sprintf(`"data":%d}`, i))
		}
	}
}
