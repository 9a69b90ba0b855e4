package monitor

import (
	"slices"

	"fanlight/shared/ops"
)

// All times are in milliseconds.
const (
	second = 1000
	// window is how much of the past is kept and drawn.
	window = 5 * 60 * second
	// silentAfter is how long a relay may say nothing.
	silentAfter = 3 * second
	// apart is how far apart two samples in a row are at most: else one is
	// missing between them.
	apart = 2500
	// late is how much later than others a sample may be published without
	// having waited for Redis.
	late = 1500
	// maxNodes bounds the relays, and maxPoints the samples of each.
	maxNodes  = 16
	maxPoints = window/second + 60
)

// News is a sample that came.
type News struct {
	ops.Sample
	// Published is when Redis took it.
	Published int64
}

// Point is a sample in its place.
type Point struct {
	ops.Sample
	// Late says that it had to wait for Redis.
	Late bool
}

// Away reports whether Redis was away at that moment.
func (p *Point) Away() bool { return p.Late || !p.Ready }

// Node is a relay.
type Node struct {
	Name string
	// Hue numbers its colour.
	Hue int
	// Heard is when its last sample was published.
	Heard int64
	// Points are ordered by their time.
	Points []Point

	lag int64 // the least time that a sample took to be published
}

// Last is the newest sample; a node has one.
func (n *Node) Last() *Point { return &n.Points[len(n.Points)-1] }

// Silent reports whether the relay has not been heard for too long.
func (n *Node) Silent(now int64) bool { return now-n.Heard > silentAfter }

// Pair returns the i-th sample and the one a second before, or nil without.
func (n *Node) Pair(i int) (before, p *Point) {
	p = &n.Points[i]
	if i > 0 && p.At-n.Points[i-1].At <= apart {
		before = &n.Points[i-1]
	}
	return before, p
}

// find returns where the sample of a time is, or would be.
func (n *Node) find(at int64) (int, bool) {
	i := len(n.Points)
	for i > 0 && n.Points[i-1].At >= at { // mostly it is the newest
		i--
	}
	return i, i < len(n.Points) && n.Points[i].At == at
}

// take puts a sample in its place; the points must be the node's own.
func (n *Node) take(news News) {
	n.Heard = max(n.Heard, news.Published)
	// The relay's clock and Redis's need not agree: what counts is by how much
	// more they differ than usually.
	lag := news.Published - news.At
	n.lag = min(n.lag, lag)
	at, there := n.find(news.At)
	if there {
		return
	}
	n.Points = append(n.Points, Point{})
	copy(n.Points[at+1:], n.Points[at:])
	n.Points[at] = Point{news.Sample, lag-n.lag > late}
	if extra := len(n.Points) - maxPoints; extra > 0 {
		n.Points = n.Points[extra:]
	}
}

// Fleet is all relays that were heard within the window, the oldest first.
type Fleet struct{ Nodes []Node }

// Take takes in samples.
func (f Fleet) Take(all []News) Fleet {
	f.Nodes = slices.Clone(f.Nodes)
	own := map[string]bool{} // whose points were cloned
	for _, news := range all {
		if news.Node == "" {
			continue
		}
		n := f.Node(news.Node)
		if n == nil {
			n = f.add(news)
		} else if !own[news.Node] {
			n.Points = slices.Clone(n.Points)
		}
		own[news.Node] = true
		n.take(news)
	}
	for len(f.Nodes) > maxNodes {
		f.Nodes = slices.Delete(f.Nodes, f.quietest(), f.quietest()+1)
	}
	return f
}

// add makes room for a relay, behind those that began before it.
func (f *Fleet) add(news News) *Node {
	hue, at := f.hue(), len(f.Nodes)
	for at > 0 && (f.Nodes[at-1].Last().Started > news.Started || f.Nodes[at-1].Last().Started == news.Started && f.Nodes[at-1].Name > news.Node) {
		at--
	}
	f.Nodes = append(f.Nodes, Node{})
	copy(f.Nodes[at+1:], f.Nodes[at:])
	f.Nodes[at] = Node{Name: news.Node, Hue: hue, lag: news.Published - news.At}
	return &f.Nodes[at]
}

// hue returns a colour that no node has, while there is one.
func (f Fleet) hue() int {
	for hue := range maxNodes {
		if !slices.ContainsFunc(f.Nodes, func(n Node) bool { return n.Hue == hue }) {
			return hue
		}
	}
	return 0
}

func (f Fleet) quietest() int {
	quietest := 0
	for i := range f.Nodes {
		if f.Nodes[i].Heard < f.Nodes[quietest].Heard {
			quietest = i
		}
	}
	return quietest
}

// Tick forgets what is older than the window, and who.
func (f Fleet) Tick(now int64) Fleet {
	gone := func(n Node) bool { return now-n.Heard > window }
	if slices.ContainsFunc(f.Nodes, gone) {
		f.Nodes = slices.DeleteFunc(slices.Clone(f.Nodes), gone)
	}
	return f
}

// Node returns the one of a name, nil without.
func (f Fleet) Node(name string) *Node {
	for i := range f.Nodes {
		if f.Nodes[i].Name == name {
			return &f.Nodes[i]
		}
	}
	return nil
}

// Speaking counts those that are not silent.
func (f Fleet) Speaking(now int64) int {
	speaking := 0
	for i := range f.Nodes {
		if !f.Nodes[i].Silent(now) {
			speaking++
		}
	}
	return speaking
}
