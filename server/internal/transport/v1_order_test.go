package transport_test

import (
	"fmt"
	"testing"
)

// Commands take effect in the order in which they were sent, and each gets one
// reply, however fast they come.
func TestSubscribeAndUnsubscribeInOneFrameTakeEffectInTheirOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.v1()
	id := 1
	for round := range 50 {
		channel := fmt.Sprintf("room:%d", round%3)
		s.send(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":%q}}`+"\n"+`{"id":%d,"unsubscribe":{"channel":%q}}`, id+1, channel, id+2, channel))
		replies := make(map[uint64]int)
		for len(replies) < 2 {
			m := s.next()
			replies[m.ID]++
			if m.ID == uint64(id+2) && m.Unsubscribed == nil {
				t.Fatalf("round %d: not unsubscribed: %+v", round, m.Error)
			}
		}
		s.alive(fmt.Sprint(id + 3)) // fails if there is a reply too many
		id += 3
		if channels, subscriptions := r.node.Count(); channels+subscriptions != 0 {
			t.Fatalf("round %d: still listening to %d channels", round, channels)
		}
	}
}

func TestAChannelThatIsToggledEndsAsItsLastCommandSays(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := r.v1()
	id := 1
	for round := range 50 {
		s.send(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"a"}}
{"id":%d,"unsubscribe":{"channel":"a"}}
{"id":%d,"subscribe":{"channel":"a"}}`, id+1, id+2, id+3))
		replies := make(map[uint64]int)
		for len(replies) < 3 {
			m := s.next()
			replies[m.ID]++
			if m.ID == uint64(id+3) && m.Subscribed == nil {
				t.Fatalf("round %d: the last subscribe failed: %+v", round, m.Error)
			}
		}
		r.publish("a", fmt.Sprint(round))
		if m := s.next(); m.Publication == nil || string(m.Publication.Data) != fmt.Sprint(round) {
			t.Fatalf("round %d: not the publication, but %+v", round, m)
		}
		s.send(fmt.Sprintf(`{"id":%d,"unsubscribe":{"channel":"a"}}`, id+4))
		if m := s.next(); m.Unsubscribed == nil {
			t.Fatalf("round %d: not unsubscribed: %+v", round, m)
		}
		id += 4
	}
}
