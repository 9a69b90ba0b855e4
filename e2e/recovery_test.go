package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"fanlight/shared/protocol"
)

// publishes sends n messages, "1" to "n" counted on from first, and returns
// the last one's position.
func (s *site) publishes(channel string, first, n int) protocol.Since {
	t := s.rig.t
	t.Helper()
	var last protocol.PublishResponse
	for i := first; i < first+n; i++ {
		code, body := post(t, s.url()+"/publish", "", fmt.Sprintf(`{"channel":%q,"data":%d}`, channel, i))
		if err := json.Unmarshal([]byte(body), &last); err != nil || code != http.StatusOK {
			t.Fatal(code, body, err)
		}
	}
	return protocol.Since{Epoch: last.Epoch, Offset: last.Offset, Last: last.ID}
}

func subscribeSince(channel string, since protocol.Since) string {
	return fmt.Sprintf(`{"id":9,"subscribe":{"channel":%q,"since":{"epoch":%q,"offset":%d,"last":%q}}}`, channel, since.Epoch, since.Offset, since.Last)
}

func TestBobGetsWhatHeMissed(t *testing.T) {
	s := newRig(t).site()
	left := s.publishes("room", 1, 3)
	s.publishes("room", 4, 3)
	bob := s.v1()
	bob.say(subscribeSince("room", left))
	bob.hears(`{"id":9,"subscribed":{"channel":"room"`, `"offset":6`, `"recovered":3`)
	for i := 4; i <= 6; i++ {
		bob.hears(fmt.Sprintf(`"offset":%d`, i), fmt.Sprintf(`"data":%d`, i))
	}
	s.publishes("room", 7, 1)
	bob.hears(`"offset":7`)
}

func TestWhoIsAwayPastTheHistoryIsToldHowMuchIsLost(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"short": 5}
	s := g.site()
	left := s.publishes("short:room", 1, 2)
	s.publishes("short:room", 3, 10)
	bob := s.v1()
	bob.say(subscribeSince("short:room", left))
	bob.hears(`"recovered":5`, fmt.Sprintf(`"gap":{"channel":"short:room","epoch":%q,"from":3,"to":7,"count":5}`, left.Epoch))
	for i := 8; i <= 12; i++ {
		bob.hears(fmt.Sprintf(`"offset":%d`, i))
	}
}

func TestAPositionOfAnotherHistoryIsReset(t *testing.T) {
	s := newRig(t).site()
	at := s.publishes("room", 1, 3)
	for name, since := range map[string]protocol.Since{
		"another epoch":      {Epoch: "forged", Offset: 2, Last: "X"},
		"beyond the end":     {Epoch: at.Epoch, Offset: 99, Last: "X"},
		"far beyond the end": {Epoch: at.Epoch, Offset: 1<<64 - 1, Last: "X"},
		"another message":    {Epoch: at.Epoch, Offset: 2, Last: "X"},
		"another last one":   {Epoch: at.Epoch, Offset: 3, Last: "X"},
	} {
		t.Run(name, func(t *testing.T) {
			bob := s.v1()
			bob.say(subscribeSince("room", since))
			bob.hears(`"recovered":3`, `"reset":{"channel":"room","epoch":"`+at.Epoch)
			for i := 1; i <= 3; i++ {
				bob.hears(fmt.Sprintf(`"offset":%d`, i))
			}
		})
	}
}

func TestAListenerLearnsThatRedisWasEmptied(t *testing.T) {
	g := newRig(t)
	s := g.site()
	bob := s.v1()
	bob.say(`{"id":2,"subscribe":{"channel":"room"}}`)
	bob.hears(`"subscribed"`)
	was := s.publishes("room", 1, 2)
	bob.hears(`"offset":1`)
	bob.hears(`"offset":2`)
	g.forget("room")
	now := s.publishes("room", 3, 2)
	if now.Epoch == was.Epoch || now.Offset != 2 {
		t.Fatalf("after the flush it stands at %+v", now)
	}
	bob.hears(`"reset":{"channel":"room","epoch":"`+now.Epoch, `"was":{"epoch":"`+was.Epoch)
	bob.hears(`"epoch":"`+now.Epoch, `"offset":1`, `"data":3`)
	bob.hears(`"offset":2`, `"data":4`)
}

func TestAnEventStreamResumesByItsLastEventID(t *testing.T) {
	s := newRig(t).site()
	first := s.stream("?channel=a&channel=b")
	s.publishes("a", 1, 1)
	if _, data := first.event(); data != "1" {
		t.Fatalf("the stream begins with %q", data)
	}
	s.publishes("b", 1, 1)
	id, data := first.event()
	if data != "1" || !strings.Contains(id, "a@") || !strings.Contains(id, ",b@") {
		t.Fatalf("event %q has id %q", data, id)
	}
	s.publishes("a", 2, 1)
	s.publishes("b", 2, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url()+"/sse?channel=a&channel=b", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	again := &stream{t: t, lines: bufio.NewScanner(resp.Body)}
	_, one := again.event()
	_, two := again.event()
	if one != "2" || two != "2" {
		t.Fatalf("it resumes with %q and %q", one, two)
	}
}

func TestAPlainWebSocketRewinds(t *testing.T) {
	s := newRig(t).site()
	s.publishes("room", 1, 5)
	w := s.dial("/ws?channel=room&rewind=2", nil)
	w.hearsExactly("4")
	w.hearsExactly("5")
	s.publishes("room", 6, 1)
	w.hearsExactly("6")
	s.dial("/ws?channel=room&rewind=many", nil).isClosed(protocol.CloseBadRequest)
}

func TestHistoryIsReadPageByPage(t *testing.T) {
	s := newRig(t).site()
	at := s.publishes("room", 1, 5)
	page := func(query string) string {
		t.Helper()
		resp, err := http.Get(s.url() + "/history?channel=room" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var h protocol.HistoryResponse
		b, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(b, &h) != nil {
			t.Fatal(err, string(b))
		}
		if resp.StatusCode != http.StatusOK {
			return resp.Status[:3]
		}
		if h.Offset != 5 || h.Epoch != at.Epoch || h.Last != at.Last {
			t.Errorf("the channel stands at %+v", h.Position)
		}
		data := ""
		for _, p := range h.Publications {
			data += string(p.Data)
		}
		return data
	}
	for query, want := range map[string]string{
		"":                                    "12345",
		"&limit=2":                            "12",
		"&since=" + at.Epoch + ":3":           "45",
		"&reverse=1&limit=2":                  "54",
		"&reverse=1&since=" + at.Epoch + ":3": "21",
		"&since=" + at.Epoch + ":5":           "",
		"&since=elsewhere:3":                  "410",
		"&since=" + at.Epoch + ":3:FALSE":     "410",
		"&since=x":                            "400",
		"&limit=0":                            "400",
		"&limit=1001":                         "400",
		"&reverse=maybe":                      "400",
	} {
		if got := page(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestARetryWithItsKeyIsAnsweredWithTheFirstResult(t *testing.T) {
	s := newRig(t).site()
	w := s.plain("room")
	var answers [2]protocol.PublishResponse
	for i := range answers {
		_, body := post(t, s.url()+"/publish", "", `{"channel":"room","data":"once","key":"k1"}`)
		if err := json.Unmarshal([]byte(body), &answers[i]); err != nil {
			t.Fatal(err)
		}
	}
	if answers[0].Duplicate || !answers[1].Duplicate || answers[0].Position != answers[1].Position || answers[0].ID != answers[1].ID {
		t.Errorf("answered %+v, then %+v", answers[0], answers[1])
	}
	s.publishes("room", 2, 1)
	w.hearsExactly("once")
	w.hearsExactly("2")
}

func TestABatchIsPublishedInOrderEachWithItsResult(t *testing.T) {
	s := newRig(t).site()
	w := s.plain("room")
	code, body := post(t, s.url()+"/publish", "", `[{"channel":"room","data":1},{"channel":"NO","data":2},{"channel":"room","data":3},{"channel":"room"}]`)
	var answer protocol.BatchResponse
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || answer.Status != protocol.StatusPartial || len(answer.Results) != 4 {
		t.Fatal(code, body, err)
	}
	for i, want := range []protocol.Code{"", protocol.CodeChannelInvalid, "", protocol.CodeBadRequest} {
		var got protocol.Code
		if e := answer.Results[i].Error; e != nil {
			got = e.Code
		} else if answer.Results[i].Status != protocol.StatusSuccess {
			t.Errorf("result %d is %+v", i, answer.Results[i])
		}
		if got != want {
			t.Errorf("result %d fails with %q, want %q", i, got, want)
		}
	}
	w.hearsExactly("1")
	w.hearsExactly("3")
}
