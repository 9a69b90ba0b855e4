package faults

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2/server"
)

// Fault 20. Only the embedded Redis can lose a PUBLISH out of the middle of a
// script; a real one carries out all of it. On a real Redis this test does
// nothing, and says so.
func TestAMessageThatWasStoredButNotSentArrivesAllTheSame(t *testing.T) {
	if realURL != "" {
		t.Log("a real Redis can't be made to lose a PUBLISH inside a script: nothing to test here")
		return
	}
	s := newScene(t, plan{})
	r := s.site(false)
	s.join("alice", r.url(), news)
	s.join("bob", r.url(), news)
	p := s.publisher(r.url())
	p.publishN(news, 5)
	s.received("alice", 5)
	s.received("bob", 5)

	s.losePublishes(1)
	p.publishN(news, 5)
	s.received("alice", 10) // the next message shows that one is missing
	s.received("bob", 10)
	s.losePublishes(3)
	p.publishN(news, 3)
	s.received("alice", 13) // nothing shows it but a look at the top
	s.received("bob", 13)
	if c := s.end(); c.Gaps+c.Resets+c.Disconnects > 0 || c.Acknowledged != 13 {
		t.Errorf("they were to see nothing but a delay: %s", c)
	}
}

// losePublishes has the embedded Redis lose the next n PUBLISHes of the news.
func (s *scene) losePublishes(n int) {
	s.fault("%d PUBLISHes are lost", n)
	var lost atomic.Int64 // every connection has a goroutine of its own there
	s.store.mini.Server().SetPreHook(func(c *server.Peer, command string, args ...string) bool {
		if !strings.EqualFold(command, "publish") || args[0] != news || lost.Add(1) > int64(n) {
			return false
		}
		c.WriteInt(0)
		return true
	})
}
