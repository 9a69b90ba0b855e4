package monitor

import (
	"slices"
	"testing"

	"fanlight/shared/ops"
)

// start is when the tests' relays began.
const start = int64(1_700_000_000_000)

// sample is what a relay says after so many seconds, published 5 ms later.
func sample(node string, s int64, change ...func(*ops.Sample)) News {
	n := News{Sample: ops.Sample{Node: node, Started: start, At: start + s*second, Ready: true}, Published: start + s*second + 5}
	for _, f := range change {
		f(&n.Sample)
	}
	return n
}

func sent(n uint64) func(*ops.Sample)      { return func(s *ops.Sample) { s.Sent = n } }
func began(at int64) func(*ops.Sample)     { return func(s *ops.Sample) { s.Started = at } }
func probe(us int64) func(*ops.Sample)     { return func(s *ops.Sample) { s.Probe = us } }
func connections(n int) func(*ops.Sample)  { return func(s *ops.Sample) { s.Connections = n } }
func without(s *ops.Sample)                { s.Ready = false }
func (n News) after(seconds int64) News    { n.Published += seconds * second; return n }
func values(n *Node, key string) []float64 { return figures(n, metric(key)) }

// figures are all that are known of one, -1 for those that aren't.
func figures(n *Node, m *Metric) (all []float64) {
	for i := range n.Points {
		v, known := m.Value(n.Pair(i))
		if !known {
			v = -1
		}
		all = append(all, v)
	}
	return all
}

func TestARateIsMadeOfTwoSamplesInARow(t *testing.T) {
	f := Fleet{}.Take([]News{
		sample("a", 1, sent(100)), sample("a", 2, sent(130)), sample("a", 3, sent(130)),
		sample("a", 6, sent(500)), sample("a", 7, sent(510)),
	})
	if got, want := values(&f.Nodes[0], "sent"), []float64{-1, 30, 0, -1, 10}; !slices.Equal(got, want) {
		t.Errorf("the rates are %v, not %v", got, want)
	}
	if got := metric("sent").Put(&f.Nodes[0]); got != "10/s" {
		t.Errorf("the newest is %s", got)
	}
}

func TestARelayThatBeganAnewCountsAnew(t *testing.T) {
	f := Fleet{}.Take([]News{
		sample("a", 1, sent(1000)),
		sample("a", 2, sent(2000), began(start+1500)), // by its start
		sample("a", 3, sent(5), began(start+1500)),    // by its count, should the start be the same
		sample("a", 4, sent(7), began(start+1500)),
	})
	if got, want := values(&f.Nodes[0], "sent"), []float64{-1, -1, -1, 2}; !slices.Equal(got, want) {
		t.Errorf("the rates are %v, not %v", got, want)
	}
}

func TestAGaugeThatWasNeverTakenIsUnknown(t *testing.T) {
	f := Fleet{}.Take([]News{sample("a", 1, connections(3))})
	if got := metric("probe").Put(&f.Nodes[0]); got != unknown {
		t.Errorf("the probe took %s", got)
	}
	if got := metric("connections").Put(&f.Nodes[0]); got != "3" {
		t.Errorf("there are %s connections", got)
	}
}

func TestSamplesAreOrderedByTheirTimeAndTakenOnce(t *testing.T) {
	var all []News
	for _, s := range []int64{3, 1, 2, 3, 5, 4, 1} {
		all = append(all, sample("a", s))
	}
	f := Fleet{}.Take(all)
	var got []int64
	for _, p := range f.Nodes[0].Points {
		got = append(got, (p.At-start)/second)
	}
	if !slices.Equal(got, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("they are %v", got)
	}
}

func TestRelaysAreOrderedByTheirStartAndKeepTheirColours(t *testing.T) {
	f := Fleet{}.Take([]News{sample("new", 9, began(start+8)), sample("b", 9), sample("a", 9)})
	hues := map[string]int{}
	var names []string
	for _, n := range f.Nodes {
		names, hues[n.Name] = append(names, n.Name), n.Hue
	}
	if !slices.Equal(names, []string{"a", "b", "new"}) || hues["new"] != 0 || hues["b"] != 1 || hues["a"] != 2 {
		t.Errorf("they are %v, in %v", names, hues)
	}
	f = f.Take([]News{sample("zero", 10, began(start-1))})
	if f.Nodes[0].Name != "zero" || f.Nodes[0].Hue != 3 || f.Node("new").Hue != 0 {
		t.Errorf("with one more they are %+v", f.Nodes)
	}
}

func TestARelayIsSilentAfterThreeSecondsAndForgottenAfterFiveMinutes(t *testing.T) {
	f := Fleet{}.Take([]News{sample("a", 1), sample("b", 1), sample("b", 4)})
	now := start + 4*second + 100
	if f.Node("b").Silent(now) || !f.Node("a").Silent(now) || f.Speaking(now) != 1 {
		t.Errorf("%d speak", f.Speaking(now))
	}
	if f = f.Tick(start + 5*60*second + 2*second); len(f.Nodes) != 1 || f.Nodes[0].Name != "b" {
		t.Errorf("there are %d left", len(f.Nodes))
	}
}

func TestAFleetIsBounded(t *testing.T) {
	var f Fleet
	for i := range int64(maxNodes + 3) {
		f = f.Take([]News{sample(string(rune('a'+i)), i)})
	}
	if len(f.Nodes) != maxNodes || f.Node("a") != nil || f.Node("d") == nil {
		t.Errorf("%d relays are kept", len(f.Nodes))
	}
	var all []News
	for i := range int64(maxPoints + 50) {
		all = append(all, sample("z", i))
	}
	if f = f.Take(all); len(f.Node("z").Points) != maxPoints || f.Node("z").Points[0].At != start+50*second {
		t.Errorf("%d samples are kept", len(f.Node("z").Points))
	}
}

func TestTakingSamplesLeavesTheFleetBeforeAsItWas(t *testing.T) {
	before := Fleet{}.Take([]News{sample("a", 1), sample("a", 3)})
	after := before.Take([]News{sample("a", 2), sample("b", 2)})
	if len(before.Nodes) != 1 || len(before.Nodes[0].Points) != 2 || before.Nodes[0].Points[1].At != start+3*second {
		t.Errorf("it is %+v", before)
	}
	if len(after.Nodes) != 2 || len(after.Node("a").Points) != 3 {
		t.Errorf("after it, it is %+v", after)
	}
}

func TestAStretchWithoutRedisReachesFromTheLastGoodSampleToTheNext(t *testing.T) {
	f := Fleet{}.Take([]News{
		sample("a", 1), sample("a", 2),
		sample("a", 3).after(4), // nobody had noticed yet, but it had to wait
		sample("a", 4, without).after(3), sample("a", 5, without).after(2), sample("a", 6, without).after(1),
		sample("a", 7), sample("a", 8),
	})
	got := f.Away()
	if len(got) != 1 || got[0].From != start+2*second || got[0].To != start+7*second || !slices.Equal(got[0].Nodes, []string{"a"}) {
		t.Errorf("they are %+v", got)
	}
}

func TestARelayWhoseClockIsOffWasNotWithoutRedis(t *testing.T) {
	f := Fleet{}.Take([]News{sample("a", 1).after(60), sample("a", 2).after(60), sample("a", 3).after(63), sample("a", 4).after(60)})
	got := f.Away()
	if len(got) != 1 || got[0].From != start+2*second || got[0].To != start+4*second {
		t.Errorf("the one that waited is in %+v", got)
	}
}

func TestStretchesOfSeveralRelaysAreJoined(t *testing.T) {
	got := Join([]Stretch{{From: 20_000, To: 30_000, Nodes: []string{"b"}}, {From: 1000, To: 5000, Nodes: []string{"a"}}, {From: 4000, To: 6000, Nodes: []string{"b"}}, {From: 7500, To: 8000}})
	if len(got) != 2 || got[0].From != 1000 || got[0].To != 8000 || !slices.Equal(got[0].Nodes, []string{"a", "b"}) || got[1].From != 20_000 {
		t.Errorf("they are %+v", got)
	}
}
