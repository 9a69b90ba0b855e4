package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"fanlight/e2e/checker"
	"fanlight/e2e/proxy"
)

var (
	soakTime = flag.Duration("soak", 3*time.Second, "how long TestSoak does harm")
	soakSeed = flag.Uint64("seed", 0, "the seed of TestSoak's schedule; 0 chooses one")
)

// soak is a scene with two relays, each with a link to Redis of its own, and a
// crowd of subscribers, some of them behind links that can be harmed.
type soak struct {
	*scene
	relays []*site
	links  []*proxy.Proxy // between each relay and Redis
	doors  []*proxy.Proxy // before some subscribers
}

// step is one harm of the schedule: what, to which, for how long, and how long
// all is well after it. Nothing but the seed decides them.
type step struct {
	harm    harm
	which   int
	lasts   time.Duration
	respite time.Duration
}

type harm struct {
	name string
	// do does harm, lets it last, and ends it.
	do func(s *soak, which int, lasts time.Duration)
}

// schedule is the sequence of steps of a seed.
type schedule struct {
	random *rand.Rand
	harms  []harm
}

func newSchedule(seed uint64, harms []harm) *schedule {
	return &schedule{rand.New(rand.NewPCG(seed, 20)), harms}
}

func (s *schedule) next() step {
	return step{
		harm: s.harms[s.random.IntN(len(s.harms))], which: s.random.IntN(1 << 20),
		lasts:   time.Duration(50+s.random.IntN(750)) * time.Millisecond,
		respite: time.Duration(s.random.IntN(500)) * time.Millisecond,
	}
}

func TestTheSameSeedMakesTheSameSchedule(t *testing.T) {
	one, other := newSchedule(7, harms()), newSchedule(7, harms())
	for range 100 {
		a, b := one.next(), other.next()
		if a.harm.name != b.harm.name || a.which != b.which || a.lasts != b.lasts || a.respite != b.respite {
			t.Fatalf("%s is not %s", a.harm.name, b.harm.name)
		}
	}
}

// Random harm, for three seconds by default and for as long as -soak says: see
// the package comment.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	for seed == 0 {
		seed = rand.Uint64N(1_000_000)
	}
	t.Logf("seed %d, for %v", seed, *soakTime)
	s := newSoak(t)
	plan := newSchedule(seed, harms())
	done := map[string]int{}
	for end := time.After(*soakTime); ; {
		step := plan.next()
		step.harm.do(s, step.which, step.lasts)
		done[step.harm.name]++
		last(step.respite)
		select {
		case <-end:
		default:
			continue
		}
		break
	}
	for _, r := range s.relays {
		r.ready()
	}
	counts := s.end()
	t.Logf("seed %d: %v\n%v", seed, done, counts)
}

func newSoak(t *testing.T) *soak {
	s := &soak{scene: newScene(t, plan{harmed: true, settings: settings{History: 30, Ping: time.Second}})}
	for i := range 2 {
		link, err := proxy.Start(proxy.Config{Target: s.store.addr(), Redis: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(link.Close)
		s.links = append(s.links, link)
		s.link = link
		s.relays = append(s.relays, s.site(i == 0))
		s.link = nil
	}
	for i, channel := range []string{news, "chat"} {
		for j, r := range s.relays {
			door := s.proxied(r)
			s.doors = append(s.doors, door)
			s.join(fmt.Sprintf("s%d.%d.steady", i+1, j+1), r.url(), channel)
			s.join(fmt.Sprintf("s%d.%d.shaky", i+1, j+1), "http://"+door.Addr(), channel)
			s.publisher(r.url()).keepOn(channel, 40*time.Millisecond)
		}
	}
	return s
}

// last lets a harm, or peace, last.
func last(d time.Duration) { <-time.After(d) }

func (s *soak) relay(which int) *site          { return s.relays[which%len(s.relays)] }
func (s *soak) toRedis(which int) *proxy.Proxy { return s.links[which%len(s.links)] }
func (s *soak) door(which int) *proxy.Proxy    { return s.doors[which%len(s.doors)] }

// harms are all that a soak may do, on this kind of Redis.
func harms() []harm {
	all := []harm{
		{"a relay is killed", func(s *soak, _ int, lasts time.Duration) {
			s.relays[0].kill()
			last(lasts)
			s.relays[0].launch()
		}},
		{"a relay is restarted", func(s *soak, which int, lasts time.Duration) {
			s.relay(which).stop()
			last(lasts)
			s.relay(which).launch()
		}},
		{"a relay stands still", func(s *soak, _ int, lasts time.Duration) {
			s.relays[0].freeze()
			last(lasts)
			s.relays[0].thaw()
		}},
		{"Redis is away", func(s *soak, _ int, lasts time.Duration) {
			s.store.away()
			last(lasts)
			s.store.back()
		}},
		{"Redis is flushed", func(s *soak, _ int, _ time.Duration) {
			s.log.Add(checker.Event{Kind: checker.Flushed})
			if err := s.store.rdb.FlushAll(s.t.Context()).Err(); err != nil {
				s.t.Fatal(err)
			}
			s.log.Add(checker.Event{Kind: checker.Settled})
		}},
		{"Redis goes back in time", func(s *soak, _ int, lasts time.Duration) {
			s.quiet.Lock()
			old := s.store.save()
			var tops []checker.Event
			for channel := range s.channels {
				top := s.store.top(channel)
				top.Kind = checker.RolledBack
				tops = append(tops, top)
			}
			s.quiet.Unlock()
			last(lasts)
			for _, top := range tops {
				s.log.Add(top)
			}
			s.store.restore(old)
			s.log.Add(checker.Event{Kind: checker.Settled})
		}},
		{"a Redis link is dead", func(s *soak, which int, lasts time.Duration) {
			s.toRedis(which).Stall(proxy.Up | proxy.Down)
			last(lasts)
			s.toRedis(which).Flow()
		}},
		{"a Redis link is half open", func(s *soak, which int, lasts time.Duration) {
			s.toRedis(which).StallExisting(proxy.Kind(which%3), proxy.Way(1+which%3))
			last(lasts)
			// For good, Redis would keep writing to a subscriber that nobody
			// reads any more, and the embedded one stands still once the
			// buffers are full. A network gives up on such a link in the end.
			s.toRedis(which).Flow()
		}},
		{"the Redis links are reset", func(s *soak, which int, _ time.Duration) {
			s.toRedis(which).Reset(proxy.Kind(which % 3))
		}},
		{"a reply of Redis's is lost", func(s *soak, which int, lasts time.Duration) {
			left := which % 10
			s.toRedis(which).DropReply(func(command []string) bool {
				left--
				return left < 0
			})
			last(lasts)
		}},
		{"a client is cut off", func(s *soak, which int, lasts time.Duration) {
			s.door(which).Refuse(true)
			s.door(which).Cut(proxy.Any)
			last(lasts)
			s.door(which).Refuse(false)
		}},
		{"a client's link is half open", func(s *soak, which int, lasts time.Duration) {
			s.door(which).StallExisting(proxy.Any, proxy.Way(1+which%3))
			last(lasts)
		}},
		{"a client's bytes come sliced", func(s *soak, which int, lasts time.Duration) {
			s.door(which).Slice(10+which%100, time.Millisecond)
			last(lasts)
			s.door(which).Slice(0, 0)
		}},
		{"other programs publish", func(s *soak, which int, _ time.Duration) {
			for i := range 20 {
				s.foreign(news, fmt.Sprintf("foreign-%d-%d", which, i))
				s.foreign(news, "\xff\xfe")
				s.foreign(news, `{"fanlight":1,"epoch":"","offset":`)
			}
		}},
	}
	if realURL != "" {
		return all
	}
	return append(all,
		harm{"Redis answers with errors", func(s *soak, which int, lasts time.Duration) {
			s.store.mini.SetError([]string{"LOADING", "READONLY", "OOM"}[which%3] + " not now")
			last(lasts)
			s.store.mini.SetError("")
		}},
		harm{"PUBLISHes are lost", func(s *soak, which int, lasts time.Duration) {
			s.losePublishes(1 + which%5)
			last(lasts)
			s.store.mini.Server().SetPreHook(nil)
		}},
	)
}
