package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/latency"
	"fanlight/e2e/proxy"
	"fanlight/server/relay"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// told decodes what a relay tells.
func told[T any](t *testing.T, data string) (v T) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}

// follow subscribes to a channel by fanlight.v1, and returns what gives the data of
// its next publication.
func (w *wire) follow(channel, token string) (next func() string) {
	w.t.Helper()
	w.say(fmt.Sprintf(`{"id":1,"connect":{"version":1,"user":"watcher","token":%q}}`, token))
	w.hears(`"hello":`)
	w.say(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, channel))
	w.hears(`"subscribed"`)
	return func() string {
		w.t.Helper()
		for {
			ms, err := protocol.DecodeMessages([]byte(w.hears()))
			if err != nil || len(ms) != 1 {
				w.t.Fatal(ms, err)
			}
			switch m := ms[0]; {
			case m.Gap != nil, m.Reset != nil:
				w.t.Fatalf("something of it is lost: %+v", m)
			case m.Publication != nil && !m.Publication.Foreign:
				return string(m.Publication.Data)
			}
		}
	}
}

// v1Socket opens a fanlight.v1 connection that has yet to connect.
func (s *site) v1Socket() *wire {
	s.rig.t.Helper()
	return s.dial("/ws", &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
}

func TestEachRelayTellsHowItIsAndEveryWayInHearsAllOfThem(t *testing.T) {
	g := newRig(t)
	var sites []*site
	for _, name := range []string{"one", "two"} {
		g.ops = relay.Ops{Node: name, Metrics: true}
		sites = append(sites, g.site())
	}
	plain := sites[0].dial("/ws?channel=ops:metrics", nil)
	next := sites[1].v1Socket().follow(ops.MetricsChannel, "")

	// Each is heard at each of them, and so is what is done at one.
	watch := func(next func() string) {
		t.Helper()
		first, last, unready := map[string]ops.Sample{}, map[string]ops.Sample{}, 0
		for last["one"].Published < first["one"].Published+5 || last["two"].At <= first["two"].At {
			s := told[ops.Sample](t, next())
			if !s.Ready && unready < 5 { // as a machine says that stands still for a second
				unready++
				continue
			}
			if _, known := first[s.Node]; !known {
				first[s.Node] = s
				if s.Node == "one" {
					sites[0].publishes("room", 1, 5)
				}
			}
			before := last[s.Node]
			last[s.Node] = s
			switch {
			case !s.Ready || s.Probe < 1 || s.Goroutines < 5 || s.Heap < 1<<16 || s.OutboxLimit != 1<<20 || s.Started > s.At || s.Build != sites[0].build():
				t.Errorf("that can't be: %+v", s)
			case s.At <= before.At || s.Started < before.Started || s.Published < before.Published || s.Sent < before.Sent || s.SentBytes < before.SentBytes || s.GCs < before.GCs:
				t.Errorf("that can't be: %+v\nafter        %+v", s, before)
			}
		}
		one, two := last["one"], last["two"]
		if one.Redis < 1 || one.Connections != 1 || one.Channels < 1 || one.Subscriptions < 1 || len(last) != 2 {
			t.Errorf("one says %+v", one)
		}
		if two.Published != 0 || two.Connections != 1 || two.Sent <= first["two"].Sent || two.OutboxHigh < 100 {
			t.Errorf("two says %+v", two)
		}
	}
	watch(next)
	watch(func() string { return plain.hears() })
}

func TestAnOutageOfRedisIsToldWhenItIsOver(t *testing.T) {
	g := newRig(t)
	u, err := url.Parse(g.url)
	if err != nil {
		t.Fatal(err)
	}
	link, err := proxy.Start(proxy.Config{Target: u.Host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	u.Host = link.Addr()
	g.url, g.ops = u.String(), relay.Ops{Node: "one", Metrics: true}
	s := g.site()
	next := s.v1Socket().follow(ops.MetricsChannel, "")
	sample := func() ops.Sample { return told[ops.Sample](t, next()) }
	before := sample()
	if !before.Ready {
		t.Fatalf("%+v", before)
	}
	watch := latency.Watch()
	link.Refuse(true)
	link.Cut(proxy.Any)
	eventually(t, "the relay says that messages do not flow", func() bool { return status(s.url()+"/readyz") == http.StatusServiceUnavailable })
	<-time.After(3 * time.Second) // what is kept meanwhile nobody is told of
	link.Refuse(false)

	outage, all := 0, []ops.Sample{before}
	for now := sample(); !now.Ready || outage == 0 && len(all) < 30; now = sample() {
		all = append(all, now)
		if !now.Ready {
			outage++
			if now.Probe != 0 {
				t.Errorf("a probe came back: %+v", now)
			}
		}
	}
	// There is a second between two, and what this process had to wait for the machine.
	late := watch().Slowest
	for i, now := range all[1:] {
		if step := time.Duration(now.At-all[i].At) * time.Millisecond; step <= 0 || step > 2500*time.Millisecond+late {
			t.Errorf("%v lie between %+v and %+v", step, all[i], now)
		}
	}
	if outage < 2 && late < time.Second {
		t.Errorf("of three seconds without Redis, %d were told", outage)
	}
}

func TestNobodyButRelaysPublishesWhatTheyTell(t *testing.T) {
	g := newRig(t)
	g.ops = relay.Ops{Metrics: true, Audit: true}
	s := g.site()
	writer := s.demo("writer") // who is granted every channel
	for _, channel := range []string{ops.MetricsChannel, ops.AuditChannel} {
		body := fmt.Sprintf(`{"channel":%q,"data":{"node":"forged"}}`, channel)
		if code, answer := post(t, s.url()+"/publish", "", body); code != http.StatusForbidden || !strings.Contains(answer, "permission_denied") {
			t.Errorf("by HTTP: %d %s", code, answer)
		}
		w := s.v1Socket()
		w.say(fmt.Sprintf(`{"id":1,"connect":{"version":1,"token":%q}}`, writer))
		w.hears(`"user":"writer"`)
		w.say(`{"id":2,"publish":` + body + `}`)
		w.hears(`"id":2`, "permission_denied")
		plain := s.dial("/ws?channel="+channel, nil)
		plain.say(`{"node":"forged"}`)
		plain.isClosed(protocol.ClosePermission)
	}
	if code, answer := get(t, s.url()+"/history?channel=ops:audit"); code != http.StatusOK || strings.Contains(answer, "forged") {
		t.Errorf("%d %s", code, answer)
	}
	if code, answer := get(t, s.url()+"/presence?channel=ops:audit"); code != http.StatusForbidden {
		t.Errorf("%d %s", code, answer)
	}
}

// build returns what names the site's pages.
func (s *site) build() string {
	s.rig.t.Helper()
	_, body := get(s.rig.t, s.url()+"/version")
	var v protocol.VersionResponse
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		s.rig.t.Fatal(body, err)
	}
	return v.Build
}

// demo returns the token of an identity that an open relay offers.
func (s *site) demo(name string) string {
	s.rig.t.Helper()
	code, body := post(s.rig.t, s.url()+"/identities?name="+name, "", "")
	var answer protocol.TokenResponse
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK {
		s.rig.t.Fatal(code, body)
	}
	return answer.Token
}
