package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fanlight/shared/protocol"
)

// alarming is a filter, and loud and quiet are tags on either side of it.
const (
	alarming = `level in ["warn","error"] && cpu > 90`
	loud     = `{"level":"error","cpu":95.5}`
	quiet    = `{"level":"error","cpu":12}`
)

// filtered is a query, and a part of a command, that ask for alarming.
var (
	filteredQuery   = "&filter=" + url.QueryEscape(alarming)
	filteredCommand = `,"filter":` + string(protocol.Text(alarming))
)

// publishesTagged sends n messages with tags, "1" to "n" counted on from
// first, a hundred at a time, and returns the last one's position.
func (s *site) publishesTagged(channel, tags string, first, n int) protocol.Since {
	t := s.rig.t
	t.Helper()
	var last *protocol.PublishResponse
	for n > 0 {
		var batch []string
		for ; n > 0 && len(batch) < protocol.MaxBatch; n-- {
			batch = append(batch, fmt.Sprintf(`{"channel":%q,"data":%d,"tags":%s}`, channel, first, tags))
			first++
		}
		code, body := post(t, s.url()+"/publish", "", "["+strings.Join(batch, ",")+"]")
		var answer protocol.BatchResponse
		if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || answer.Status != protocol.StatusSuccess {
			t.Fatal(code, body, err)
		}
		last = answer.Results[len(answer.Results)-1].PublishResponse
	}
	return protocol.Since{Epoch: last.Epoch, Offset: last.Offset, Last: last.ID}
}

// subscribeFiltered is a fanlight.v1 command.
func subscribeFiltered(id int, channel string, since *protocol.Since) string {
	from := ""
	if since != nil {
		from = fmt.Sprintf(`,"since":{"epoch":%q,"offset":%d,"last":%q}`, since.Epoch, since.Offset, since.Last)
	}
	return fmt.Sprintf(`{"id":%d,"subscribe":{"channel":%q%s%s}}`, id, channel, from, filteredCommand)
}

// Tags come in by HTTP, alone or in a batch, and by fanlight.v1. Whoever reads
// with a filter, by whichever way out, gets what matches; whoever reads without
// gets everything, and the tags.
func TestTagsDecideWhoGetsAMessageFromEachWayInToEachWayOut(t *testing.T) {
	s := newRig(t).site()
	all, v1 := s.v1(), s.v1()
	all.say(`{"id":2,"subscribe":{"channel":"room"}}`)
	if line := all.hears(`"subscribed"`); strings.Contains(line, "filtered") {
		t.Errorf("without a filter it is said: %s", line)
	}
	v1.say(subscribeFiltered(2, "room", nil))
	v1.hears(`"subscribed"`, `"filtered":true`)
	events := s.stream("?channel=room" + filteredQuery)

	var offset int
	everyWayIn := func(tags string) {
		t.Helper()
		for _, body := range []string{
			`{"channel":"room","data":"http","tags":` + tags + `}`,
			`[{"channel":"room","data":"batch","tags":` + tags + `}]`,
		} {
			if code, answer := post(t, s.url()+"/publish", "", body); code != http.StatusOK {
				t.Fatal(answer)
			}
		}
		all.say(`{"id":3,"publish":{"channel":"room","data":"v1","tags":` + tags + `}}`)
		for heard := 0; heard < 4; heard++ { // three publications, and the answer
			line := all.hears()
			if strings.Contains(line, `"published"`) {
				continue
			}
			offset++
			var m protocol.Message
			if err := json.Unmarshal([]byte(line), &m); err != nil || m.Publication == nil || m.Publication.Offset != uint64(offset) {
				t.Fatalf("%s: %v", line, err)
			}
			var want protocol.Tags
			if err := json.Unmarshal([]byte(tags), &want); err != nil || fmt.Sprint(m.Publication.Tags) != fmt.Sprint(want) {
				t.Fatalf("heard %s, which should have %s", line, tags)
			}
		}
	}
	everyWayIn(quiet)
	everyWayIn(loud)
	everyWayIn(`{}`)
	everyWayIn(`{"level":"error"}`)
	everyWayIn(`{"level":"error","cpu":"95"}`)
	everyWayIn(loud)
	plain := s.dial("/ws?channel=room&rewind=6"+filteredQuery, nil) // six that match
	for _, first := range []int{4, 16} {
		for i, data := range []string{"http", "batch", "v1"} {
			v1.hears(fmt.Sprintf(`"offset":%d`, first+i), `"tags":{"cpu":95.5,"level":"error"}`, `"data":"`+data+`"`)
			plain.hearsExactly(data)
			if id, got := events.event(); got != data || !strings.Contains(id, fmt.Sprintf(":%d:", first+i)) {
				t.Errorf("the stream says %q at %s", got, id)
			}
		}
	}
	s.publishesTagged("room", quiet, 1, 3)
	s.rig.publish("room", "from another program, without tags")
	s.publishesTagged("room", loud, 9, 1)
	v1.hears(`"data":9`)
	plain.hearsExactly("9")
	if _, data := events.event(); data != "9" {
		t.Errorf("the stream says %q", data)
	}
	code, body := get(t, s.url()+"/history?channel=room&reverse=1&limit=4"+filteredQuery)
	if code != http.StatusOK || strings.Count(body, `"tags":{"cpu":95.5,"level":"error"}`) != 4 || strings.Count(body, `"tags"`) != 4 {
		t.Errorf("the history is %d %s", code, body)
	}
}

func TestAFilteredRecoveryIsOfWhatMatches(t *testing.T) {
	s := newRig(t).site()
	left := s.publishesTagged("room", loud, 1, 1)
	s.publishesTagged("room", quiet, 2, 3)
	s.publishesTagged("room", loud, 5, 2)
	top := s.publishesTagged("room", quiet, 7, 4)
	bob := s.v1()
	bob.say(subscribeFiltered(2, "room", &left))
	bob.hears(`"subscribed"`, `"offset":10`, `"last":"`+top.Last+`"`, `"recovered":2`, `"filtered":true`)
	bob.hears(`"offset":5`)
	bob.hears(`"offset":6`)
	s.publishesTagged("room", quiet, 11, 1)
	s.publishesTagged("room", loud, 12, 1)
	bob.hears(`"offset":12`)
}

// A position that only moved with what one gets would fall out of the history
// while nothing is lost.
func TestWhoeverGetsLittleComesBackWholeThoughTheHistoryMovedOn(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"short": 80}
	s := g.site()
	bob := s.v1()
	bob.say(subscribeFiltered(2, "short:room", nil))
	bob.hears(`"subscribed"`)
	first := s.publishesTagged("short:room", loud, 1, 1)
	bob.hears(`"offset":1`)
	s.publishesTagged("short:room", quiet, 2, 230)
	bob.hears(`"moved":{"channel":"short:room"`, `"offset":101`)
	var heard protocol.Message
	if err := json.Unmarshal([]byte(bob.hears(`"moved"`, `"offset":201`)), &heard); err != nil {
		t.Fatal(err)
	}
	left := protocol.Since{Epoch: heard.Moved.Epoch, Offset: heard.Moved.Offset, Last: heard.Moved.Last}
	_ = bob.conn.CloseNow()
	s.publishesTagged("short:room", loud, 232, 1)
	s.publishesTagged("short:room", quiet, 233, 20)

	again := s.v1()
	again.say(subscribeFiltered(2, "short:room", &left))
	if line := again.hears(`"offset":252`, `"recovered":1`); strings.Contains(line, `"gap"`) || strings.Contains(line, `"reset"`) {
		t.Errorf("it comes back to %s", line)
	}
	again.hears(`"offset":232`)

	behind := s.v1() // as it would be without the server's word
	behind.say(subscribeFiltered(2, "short:room", &first))
	behind.hears(`"gap":{"channel":"short:room"`, `"from":2,"to":172,"count":171`)
}

func TestAPingTellsAFilteredSubscriberWhereItStands(t *testing.T) {
	s := newRig(t).site()
	bob := s.v1()
	bob.say(subscribeFiltered(2, "room", nil))
	bob.hears(`"subscribed"`)
	bob.say(`{"id":3,"ping":{}}`)
	bob.hears(`"pong"`)
	top := s.publishesTagged("room", quiet, 1, 5)
	last := s.v1() // who has heard the last one knows that the relay has it
	last.say(subscribeSince("room", protocol.Since{Epoch: top.Epoch, Offset: 4}))
	last.hears(`"subscribed"`)
	last.hears(`"offset":5`)
	bob.say(`{"id":4,"ping":{}}`)
	for line := bob.hears(); !strings.Contains(line, fmt.Sprintf(`"moved":{"channel":"room","epoch":%q,"offset":5,"last":%q}`, top.Epoch, top.Last)); line = bob.hears() {
		if strings.Contains(line, `"publication"`) {
			t.Fatalf("heard %s", line)
		}
		bob.say(`{"id":5,"ping":{}}`)
	}
}

func TestALastEventIDMovesOverWhatIsFiltered(t *testing.T) {
	g := newRig(t)
	g.namespaces = map[string]int{"short": 80}
	s := g.site()
	first := s.stream("?channel=short:room" + filteredQuery)
	s.publishesTagged("short:room", loud, 1, 1)
	if _, data := first.event(); data != "1" {
		t.Fatalf("the stream begins with %q", data)
	}
	s.publishesTagged("short:room", quiet, 2, 110)
	var id string
	for !strings.Contains(id, ":101:") && first.lines.Scan() {
		field, value, _ := strings.Cut(first.lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "data", "event":
			t.Fatalf("heard %s", first.lines.Text())
		}
	}
	s.publishesTagged("short:room", quiet, 112, 30)
	s.publishesTagged("short:room", loud, 142, 1)

	again := s.stream("?channel=short:room&since=" + url.QueryEscape(id) + filteredQuery)
	if id, data := again.event(); data != "142" || !strings.Contains(id, ":142:") {
		t.Errorf("it resumes with %q at %s", data, id)
	}
}

func TestAWrongFilterIsRefusedOnEachWayInWithThePlace(t *testing.T) {
	s := newRig(t).site()
	s.publishes("room", 1, 1)
	const wrong, at = `level == "wörn" && cpu = 90`, 24
	query := "?channel=room&filter=" + url.QueryEscape(wrong)
	for _, path := range []string{"/sse" + query, "/history" + query} {
		code, body := get(t, s.url()+path)
		var p protocol.Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || code != http.StatusBadRequest || p.Code != protocol.CodeFilterInvalid || p.At != at {
			t.Errorf("%s answers %d %s", path, code, body)
		}
	}
	bob := s.v1()
	bob.say(fmt.Sprintf(`{"id":2,"subscribe":{"channel":"room","filter":%s}}`, protocol.Text(wrong)))
	bob.hears(`{"id":2,"error":{"code":"filter_invalid"`, `"field":"filter"`, fmt.Sprintf(`"at":%d`, at))
	bob.say(subscribeFiltered(3, "room", nil)) // its place is free
	bob.hears(`{"id":3,"subscribed"`)
	plain := s.dial("/ws"+query, nil)
	if _, err := plain.next(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("at character %d", at)) {
		t.Errorf("a plain WebSocket is told %v", err)
	}
	s.dial("/ws"+query, nil).isClosed(protocol.CloseBadRequest)

	if code, body := get(t, s.url()+"/filter?expression="+url.QueryEscape(wrong)); code != http.StatusOK || !strings.Contains(body, fmt.Sprintf(`"at":%d`, at)) {
		t.Errorf("one that is wrong answers %d %s", code, body)
	}
	if code, body := get(t, s.url()+"/filter?expression="+url.QueryEscape(alarming)); code != http.StatusOK || strings.TrimSpace(body) != `{"tags":["cpu","level"]}` {
		t.Errorf("one that is right answers %d %s", code, body)
	}
}

func TestTagsThatAreNoTagsAreRefused(t *testing.T) {
	s := newRig(t).site()
	many := make([]string, protocol.MaxTags+1)
	for i := range many {
		many[i] = fmt.Sprintf(`"t%d":1`, i)
	}
	bob := s.v1()
	for i, tags := range []string{
		`{"level":true}`, `{"level":null}`, `{"level":{"a":1}}`, `{"level":[1]}`, `{"Level":"x"}`, `{"":1}`, `{"1a":1}`,
		`{"` + strings.Repeat("a", protocol.MaxTagName+1) + `":1}`,
		`{"a":"` + strings.Repeat("x", protocol.MaxTagText+1) + `"}`,
		`{` + strings.Join(many, ",") + `}`,
	} {
		message := `{"channel":"room","data":1,"tags":` + tags + `}`
		if code, body := post(t, s.url()+"/publish", "", message); code != http.StatusBadRequest || !strings.Contains(body, `"tags_invalid"`) {
			t.Errorf("%s answers %d %s", tags, code, body)
		}
		bob.say(fmt.Sprintf(`{"id":%d,"publish":%s}`, i+2, message))
		bob.hears(fmt.Sprintf(`{"id":%d,"error":{"code":"tags_invalid"`, i+2))
	}
	if code, body := get(t, s.url()+"/history?channel=room"); code != http.StatusOK || !strings.Contains(body, `"publications":[]`) {
		t.Errorf("%d %s", code, body)
	}
}
