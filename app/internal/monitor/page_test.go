package monitor

import (
	"encoding/json"
	"testing"
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

func TestHowItWorksShowsLinesThatAreThere(t *testing.T) {
	for _, s := range New(&live.Link{}).about().Sources {
		if s.Text == "" {
			t.Errorf("nothing is shown for %q", s.Title)
		}
	}
}

func TestSamplesAreReadAsTheRelaysWroteThem(t *testing.T) {
	data, err := json.Marshal(sample("a", 7, connections(3)).Sample)
	if err != nil {
		t.Fatal(err)
	}
	received := func(channel string, foreign bool, data string) client.Event {
		return client.Received{Latency: 40 * time.Millisecond, Publication: protocol.Publication{
			Channel: channel, Time: at(9*second) * 1000, Foreign: foreign, Data: json.RawMessage(data),
		}}
	}
	all, serverNow := Read(live.Batch{Events: []client.Event{
		received("other", false, string(data)),
		received(ops.MetricsChannel, true, string(data)), // redis-cli's
		received(ops.MetricsChannel, false, `[]`),
		received(ops.MetricsChannel, false, `{}`),
		received(ops.MetricsChannel, false, string(data)),
	}})
	if len(all) != 1 || all[0].Connections != 3 || all[0].At != at(7*second) || all[0].Published != at(9*second) || serverNow != at(9*second+40) {
		t.Errorf("they are %+v, and it is %d", all, serverNow-start)
	}
}

func TestTheClockFollowsAServerThatIsAheadAtOnceAndOneThatIsBehindSlowly(t *testing.T) {
	p := New(&live.Link{})
	here := time.Now().UnixMilli()
	p.learn(here + 60_000)
	ahead := p.offset
	if took := time.Now().UnixMilli() - here; ahead > 60_000 || ahead < 60_000-took {
		t.Errorf("the servers are %d ms ahead, learned within %d ms", ahead, took)
	}
	if d := p.now() - here; d < ahead {
		t.Errorf("it is %d ms later there", d)
	}
	p.learn(here - 60_000) // it had to wait
	if p.offset > ahead || p.offset < ahead-1000 {
		t.Errorf("then they are %d ms ahead", p.offset)
	}
	ahead = p.offset
	p.learn(0) // nothing was learned
	if p.offset != ahead {
		t.Errorf("then they are %d ms ahead", p.offset)
	}
}
