package presence

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/shared/protocol"
)

// Whatever happens, short of Redis losing data: each join comes after a leave
// and each leave after a join, and whoever adds them up knows who is there.
func TestTheEventsAddUpToTheList(t *testing.T) {
	onEachRedis(t, func(t *testing.T, s *site) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		crowd := newCrowd(s, rand.New(rand.NewPCG(seed, 0)))
		w := s.watch("room")
		for range 1500 {
			crowd.step()
		}
		want := crowd.rest()
		// At rest the two agree, except while a machine that stands still lets
		// somebody expire: until that is told, and mended, they are compared again.
		there, events := map[string]bool{}, 0
		eventually(t, "rest", func() bool {
			for _, r := range crowd.relays {
				p := r.list("room")
				if identities(p) != want || p.Connections != crowd.connections() || p.Users != len(strings.Fields(want)) {
					return false
				}
			}
			if err := s.rdb.Publish(context.Background(), s.prefix+"room", "end").Err(); err != nil {
				t.Fatal(err)
			}
			for e := w.next(); e != "end"; e = w.next() {
				what, who, _ := strings.Cut(e, " ")
				if there[who] == (what == "join") {
					t.Fatalf("event %d is %q, and that was known", events, e)
				}
				events++
				if there[who] = what == "join"; !there[who] {
					delete(there, who)
				}
			}
			return strings.Join(slices.Sorted(maps.Keys(there)), " ") == want
		})
		t.Logf("%d events, %d there in the end", events, len(there))
	})
}

// identities are those of a list, in order of the alphabet.
func identities(p protocol.Presence) string {
	all := map[string]bool{}
	for _, m := range p.Members {
		all[cmp.Or(m.User, m.Client)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(all)), " ")
}

// crowd comes and goes, on relays that fail.
type crowd struct {
	s      *site
	rand   *rand.Rand
	relays []*relay
	live   []map[string]string // by relay: client to user
	number int
}

func newCrowd(s *site, r *rand.Rand) *crowd {
	c := &crowd{s: s, rand: r}
	for range 3 {
		c.relays = append(c.relays, s.relay(Config{TTL: 300 * time.Millisecond, Grace: 30 * time.Millisecond}))
		c.live = append(c.live, map[string]string{})
	}
	return c
}

func (c *crowd) step() {
	i := c.rand.IntN(len(c.relays))
	r, live := c.relays[i], c.live[i]
	switch n := c.rand.IntN(100); {
	case n < 35:
		c.number++
		client, user := fmt.Sprint("c", c.number), ""
		if c.rand.IntN(4) > 0 {
			user = fmt.Sprint("u", c.rand.IntN(12))
		}
		live[client] = user
		r.enter("room", client, user)
	case n < 65 && len(live) > 0:
		client := slices.Sorted(maps.Keys(live))[c.rand.IntN(len(live))]
		user := live[client]
		delete(live, client)
		r.Leave("room", client, c.rand.IntN(2) == 0)
		if c.rand.IntN(3) == 0 { // it is back at once
			live[client] = user
			r.enter("room", client, user)
		}
	case n < 93:
		_, _ = r.List(context.Background(), "room")
	case n < 95:
		r.gate.shut()
	case n < 96:
		r.gate.deafen()
	case n < 99:
		r.gate.open()
	case c.rand.IntN(4) == 0: // it is killed, and another one starts
		r.kill()
		c.relays[i] = c.s.relay(r.cfg)
		c.live[i] = map[string]string{}
	}
}

// rest ends the faults, and returns who is there then.
func (c *crowd) rest() string {
	all := map[string]bool{}
	for i, r := range c.relays {
		r.gate.open()
		r.enter("room", fmt.Sprint("r", i), "")
		c.live[i][fmt.Sprint("r", i)] = ""
		for client, user := range c.live[i] {
			all[cmp.Or(user, client)] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(all)), " ")
}

func (c *crowd) connections() (n int) {
	for _, live := range c.live {
		n += len(live)
	}
	return n
}
