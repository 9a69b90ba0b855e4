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
	if d := p.now() - time.Now().UnixMilli(); d < 59_000 || d > 60_000 {
		t.Errorf("the servers are %d ms ahead", d)
	}
	p.learn(here - 60_000) // it had to wait
	if d := p.now() - time.Now().UnixMilli(); d < 59_000 {
		t.Errorf("then they are %d ms ahead", d)
	}
	p.learn(0) // nothing was learned
	if d := p.now() - time.Now().UnixMilli(); d < 59_000 {
		t.Errorf("then they are %d ms ahead", d)
	}
}
