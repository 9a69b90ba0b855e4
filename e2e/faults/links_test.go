package faults

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/e2e/checker"
	"fanlight/e2e/proxy"
	"fanlight/shared/protocol"
)

// Fault 7.
func TestAPublishWhoseReplyIsLostIsStoredOnceAndAcknowledged(t *testing.T) {
	s := newScene(t, plan{link: true})
	r := s.site(false)
	s.join("alice", r.url(), news)
	s.join("bob", r.url(), news)
	p := s.publisher(r.url())
	p.publishN(news, 5)
	for range 3 {
		name := p.next()
		lost := s.link.DropReply(func(command []string) bool {
			return slices.ContainsFunc(command, func(arg string) bool { return strings.Contains(arg, `"`+name+`"`) })
		})
		s.fault("the reply to %s is lost", name)
		p.send(news, name)
		select {
		case <-lost:
		case <-time.After(patience):
			t.Fatal("no reply was lost")
		}
	}
	p.publishN(news, 5)
	if c := s.end(); c.Duplicates != 3 || c.Acknowledged != 13 {
		t.Errorf("three were to be found stored already: %s", c)
	}
}

// Fault 8.
func TestALinkToRedisThatIsDeadIsReplacedAndWhatItLostIsFilledIn(t *testing.T) {
	s := newScene(t, plan{link: true})
	r := s.site(false)
	link := s.link
	s.link = nil // another relay has one that works
	other := s.site(false)
	s.join("alice", r.url(), news)
	s.join("bob", r.url(), news)
	p := s.publisher(other.url())
	p.keepOn(news, 5*time.Millisecond)
	s.acknowledged(20)

	for _, kind := range []proxy.Kind{proxy.Listening, proxy.Any} {
		s.fault("the link is dead")
		link.Refuse(true) // so that it is not replaced before anybody has asked
		if link.StallExisting(kind, proxy.Up|proxy.Down) == 0 {
			t.Fatal("there is no link")
		}
		eventually(t, "the relay says that messages do not flow", func() bool { return status(r.url()+"/readyz") == http.StatusServiceUnavailable })
		link.Refuse(false)
		r.ready()
		s.fault("the link was replaced")
		s.acknowledged(20)
	}
	if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 {
		t.Errorf("they were to see nothing but a delay: %s", c)
	}
}

// Fault 9.
func TestSubscribersSeeOnlyADelayWhenThePubSubLinkIsResetDuringABurst(t *testing.T) {
	s := newScene(t, plan{link: true})
	r := s.site(false)
	simple := s.plain(r.url())
	for i := range 5 {
		s.join(fmt.Sprintf("s%d", i+1), r.url(), news)
	}
	s.stream("stream", r.url())
	for range 4 {
		s.publisher(r.url()).keepOn(news, time.Millisecond)
	}
	for range 3 {
		s.acknowledged(100)
		s.fault("the Pub/Sub link is reset")
		// What was lost can't be read at the first try, either.
		lost := s.link.DropReply(func(command []string) bool { return slices.Contains(command, "after") })
		eventually(t, "there is a Pub/Sub link to reset", func() bool { return s.link.Reset(proxy.Listening) > 0 })
		select {
		case <-lost:
		case <-time.After(patience):
			t.Fatal("nobody asked for the history")
		}
	}
	s.acknowledged(100)
	for _, p := range s.publishers {
		p.stop()
	}
	simple.hears(s.store.top(news).Offset)
	if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 {
		t.Errorf("they were to see nothing but a delay: %s", c)
	}
}

// Fault 15.
func TestBytesThatComeSlicedAndLateAreNoMatter(t *testing.T) {
	s := newScene(t, plan{link: true, recovered: 1})
	s.link.Slice(40, 50*time.Microsecond)
	r := s.site(false)
	slow := s.proxied(r)
	slow.Slice(20, 50*time.Microsecond)
	s.join("alice", "http://"+slow.Addr(), news)
	s.join("bob", r.url(), news)
	p := s.publisher("http://" + slow.Addr())
	p.publishN(news, 20)
	s.received("alice", 20)
	s.fault("alice and the publisher are cut off")
	slow.Refuse(true)
	slow.Cut(proxy.Any)
	s.publisher(r.url()).publishN(news, 5)
	slow.Refuse(false)
	p.burst(news, 50)
	s.link.Slice(0, 0)
	slow.Slice(0, 0)
	if c := s.end(); c.Gaps+c.Resets > 0 {
		t.Errorf("nothing was lost: %s", c)
	}
}

// Fault 18.
func TestForeignAndMalformedMessagesInABurstHarmNobody(t *testing.T) {
	s := newScene(t, plan{})
	r := s.site(false)
	s.join("alice", r.url(), news)
	s.join("bob", r.url(), news)
	for range 2 {
		s.publisher(r.url()).keepOn(news, time.Millisecond)
	}
	s.acknowledged(20)
	no := []string{"\xff\xfe", "ab\x80", strings.Repeat("x", 200_000)} // no frame can carry these
	yes := []string{
		"", "null", "[1,\n2]", "{", "\x00",
		`{"fanlight":1}`, `{"fanlight":1,`, `{"fanlight":1,"epoch":"","offset":1,"id":"x","data":1}`,
		`{"fanlight":1,"epoch":"x","offset":0,"id":"x","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"x","offset":-1,"id":"x","time":1,"data":1}`,
		`{"fanlight":1,"epoch":"\"","offset":1,"id":"x","time":1,"data":1}`,
	}
	const rounds = 4
	for range rounds {
		for i, text := range yes {
			s.foreign(news, text)
			s.foreign(news, no[i%len(no)])
		}
		s.acknowledged(10)
	}
	s.receivedForeign([]string{"alice", "bob"}, yes, rounds)
	eventually(t, "those that can't be delivered are counted", func() bool {
		return r.counted("fanlight_dropped_messages_total") == float64(rounds*len(yes))
	})
	if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 {
		t.Errorf("they were to see nothing of it: %s", c)
	}
}

// receivedForeign waits until all have received each foreign text so many times.
func (s *scene) receivedForeign(whos, texts []string, times int) {
	s.t.Helper()
	due := map[[2]string]int{}
	for _, who := range whos {
		for _, text := range texts {
			due[[2]string{who, nameOf(protocol.TextOrJSON([]byte(text)))}] += times
		}
	}
	s.await("all that can be delivered of what other programs publish arrives", func(e checker.Event) bool {
		if e.Kind == checker.Receive && e.Foreign {
			k := [2]string{e.Who, e.Data}
			if due[k]--; due[k] == 0 {
				delete(due, k)
			}
		}
		return len(due) == 0
	})
}

// foreign publishes to Redis as another program would. What it sends is named
// by how it would be delivered, which not all of it can be.
func (s *scene) foreign(channel, text string) {
	s.t.Helper()
	s.log.Add(checker.Event{Kind: checker.Foreign, Channel: channel, Data: nameOf(protocol.TextOrJSON([]byte(text)))})
	if err := s.store.rdb.Publish(s.t.Context(), s.store.prefix+channel, text).Err(); err != nil {
		s.t.Fatal(err)
	}
}
