package security_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"fanlight/e2e/latency"
	"fanlight/shared/protocol"
)

// within is how soon a connection ends after its token. Most of them have to;
// any one may take as long as patiently, if the machine is busy with something
// else just then. The tests of package auth have a clock of their own.
const (
	within    = time.Second
	patiently = 3 * time.Second
)

// early forgives two clocks of one machine that are read one after the other.
const early = 5 * time.Millisecond

// inTime checks how long after their time connections ended, on a machine on which
// a sleeper overslept by so much.
func (g *rig) inTime(busy latency.Summary, late ...time.Duration) {
	g.Helper()
	slices.Sort(late)
	if late[0] < -early || late[len(late)/2] > within+busy.Slowest || late[len(late)-1] > patiently+busy.Slowest {
		g.Errorf("they ended %v after their time; a sleeper overslept by %v", late, busy)
	}
	g.Logf("%d ended, by the median after %v, the last one after %v", len(late), late[len(late)/2], late[len(late)-1])
}

// lines opens a connection of each kind on a channel, with a token.
func (s *site) lines(channel, token string) map[string]*line {
	s.Helper()
	v1, why := s.v1(token)
	if why == nil {
		why = v1.command(protocol.Command{Subscribe: &protocol.Subscribe{Channel: channel}}).Error
	}
	if why != nil {
		s.Fatal(why)
	}
	sse, why := s.sse(channel, token, "", "", "")
	if why != nil {
		s.Fatal(why)
	}
	all := map[string]*line{"fanlight.v1": v1, "plain WebSocket": s.plain(channel, token, "", ""), "SSE": sse}
	var ticket protocol.TicketResponse
	if why := s.ask(http.MethodPost, "/ticket", token, nil, &ticket); why != nil {
		s.Fatal(why)
	}
	all["plain WebSocket, ticket"] = s.plain(channel, "", ticket.Ticket, "")
	for name, l := range all {
		// All of them live before something ends them.
		for heard := false; !heard; {
			s.publish(channel, knock, "info")
			select {
			case <-l.heard:
				heard = true
			case why := <-l.said:
				s.Fatalf("%s: %v", name, why)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return all
}

func TestAConnectionEndsWithItsToken(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		expires := time.Now().Truncate(time.Second).Add(10 * time.Second)
		watch := latency.Watch()
		var late []time.Duration
		for name, l := range s.lines("room:1", jwt("alice", everything, "exp", expires.Unix())) {
			if why := l.ends(); why.Code != protocol.CodeTokenExpired {
				g.Errorf("%s ended with %+v", name, why)
			}
			late = append(late, l.at.Sub(expires))
		}
		g.inTime(watch(), late...)
	})
}

func TestARefreshedConnectionGoesOnWithItsNewToken(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		expires := time.Now().Truncate(time.Second).Add(8 * time.Second)
		later := expires.Add(5 * time.Second)
		watch := latency.Watch()
		grants := object{"room:*": []string{"subscribe"}}
		l, why := s.v1(jwt("alice", grants, "exp", expires.Unix()))
		if why == nil {
			why = l.command(protocol.Command{Subscribe: &protocol.Subscribe{Channel: "room:1"}}).Error
		}
		if why != nil {
			g.Fatal(why)
		}
		refresh := func(token string) protocol.Message {
			return l.command(protocol.Command{Refresh: &protocol.Refresh{Token: token}})
		}
		// What can't be taken changes nothing.
		for token, code := range map[string]protocol.Code{
			"":                 protocol.CodeUnauthorized,
			"garbage":          protocol.CodeUnauthorized,
			jwt("bob", grants): protocol.CodeUnauthorized,
			jwt("alice", grants, "exp", time.Now().Unix()-1): protocol.CodeTokenExpired,
		} {
			if answer := refresh(token); answer.Error == nil || answer.Error.Code != code {
				g.Errorf("%+v; want %s", answer, code)
			}
		}
		if answer := refresh(jwt("alice", grants, "exp", later.Unix())); answer.Refreshed == nil || answer.Refreshed.Expires != later.UnixMicro() {
			g.Fatalf("%+v", answer)
		}
		eventually(g.T, "the first token is over", func() bool { return time.Since(expires) > 100*time.Millisecond })
		s.publish("room:1", "still", "info")
		if _, why := l.hears("still"); why != nil {
			g.Errorf("it ended with %v", why)
		}
		if why := l.ends(); why.Code != protocol.CodeTokenExpired {
			g.Errorf("it ended with %v", why)
		}
		g.inTime(watch(), l.at.Sub(later))
	})
}

func TestANewTokenThatGrantsOtherThingsEndsTheConnection(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		grants := object{"room:*": []string{"subscribe"}}
		for name, other := range map[string]object{
			"nothing":         {},
			"another channel": {"chat:*": []string{"subscribe"}},
			"a filter":        {"room:*": object{"ops": []string{"subscribe"}, "filter": `level == "warn"`}},
		} {
			l, why := s.v1(jwt("alice", grants))
			if why == nil {
				why = l.command(protocol.Command{Subscribe: &protocol.Subscribe{Channel: "room:1"}}).Error
			}
			if why != nil {
				g.Fatal(why)
			}
			l.command(protocol.Command{Refresh: &protocol.Refresh{Token: jwt("alice", other)}})
			if why := l.ends(); why.Code != protocol.CodePermissionsChanged {
				g.Errorf("%s: it ended with %v", name, why)
			}
		}
	})
}

func TestARevocationEndsConnectionsOnEveryRelay(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		here, there := g.site(nil), g.site(nil)
		past := time.Now().Unix() - 5
		alice := jwt("alice", everything, "jti", "a", "iat", past)
		stolen := jwt("carol", everything, "jti", "stolen", "iat", past)
		bobs := there.lines("room:1", jwt("bob", everything, "iat", past))
		carols := there.lines("room:1", jwt("carol", everything, "jti", "kept", "iat", past))
		var late []time.Duration
		watch := latency.Watch()
		for _, test := range []struct{ channel, token, sub, id string }{
			{"room:2", alice, "alice", ""}, {"room:3", stolen, "", "stolen"},
		} {
			var all []*line
			for _, s := range []*site{here, there} {
				for _, l := range s.lines(test.channel, test.token) {
					all = append(all, l)
				}
			}
			begin := time.Now()
			if err := here.relay.Revoke(g.Context(), test.sub, test.id); err != nil {
				g.Fatal(err)
			}
			for _, l := range all {
				if why := l.ends(); why.Code != protocol.CodeRevoked {
					g.Errorf("it ended with %v", why)
				}
				late = append(late, l.at.Sub(begin))
			}
			for _, s := range []*site{here, there} {
				if why := s.ask(http.MethodGet, "/history?channel=room:1", test.token, nil, nil); why == nil || why.Code != protocol.CodeRevoked {
					g.Errorf("it may come back: %v", why)
				}
			}
		}
		g.inTime(watch(), late...)
		// Others did not notice.
		there.publish("room:1", "still", "info")
		for _, lines := range []map[string]*line{bobs, carols} {
			for name, l := range lines {
				if _, why := l.hears("still"); why != nil {
					g.Errorf("%s ended with %v", name, why)
				}
			}
		}
		// And a token that is issued after the revocation is a new one.
		if why := here.ask(http.MethodGet, "/history?channel=room:1", jwt("alice", everything, "iat", time.Now().Unix()+2), nil, nil); why != nil {
			g.Error(why)
		}
	})
}
