package monitor

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Chart says what a chart shows.
type Chart struct {
	// ID is its element's.
	ID, Title string
	// Metrics are drawn for each relay: the first as a line, the second, if there
	// is one, as a dashed one.
	Metrics []*Metric
}

// charts are all of them.
var charts = []Chart{
	{"sent", "Messages out per second", []*Metric{metric("sent")}},
	{"published", "Publishes per second", []*Metric{metric("published")}},
	{"connections", "Connections", []*Metric{metric("connections")}},
	{"latency", "Through Redis: probe (line) and publish (dashed)", []*Metric{metric("probe"), metric("redis")}},
	{"heap", "Heap", []*Metric{metric("heap")}},
	{"outbox", "Fullest outbox", []*Metric{&outboxBytes}},
}

// The plot's margins, in pixels: room for the numbers.
const (
	marginLeft   = 56
	marginRight  = 8
	marginTop    = 8
	marginBottom = 20
)

// Drawing is a chart as it is to be drawn, in pixels.
type Drawing struct {
	Lines []Line
	// Levels are the horizontal lines with their numbers, Times those on the
	// minute.
	Levels, Times []Tick
	// Away are the times without Redis.
	Away []Band
	// Words says the same to who does not see it.
	Words string
}

// Line is what one relay's figure was.
type Line struct {
	Node   string
	Hue    int
	Dashed bool
	// Path is in SVG's language. It is broken where a sample is missing.
	Path string
}

// Tick is a place on an axis.
type Tick struct {
	At   float64
	Text string
}

// Band is a shaded part.
type Band struct {
	X, Width float64
	Text     string
}

// Span is how much of the past is drawn: as many of these minutes as there are
// samples for.
func (f Fleet) Span(now int64) int64 {
	oldest := now
	for i := range f.Nodes {
		oldest = min(oldest, f.Nodes[i].Points[0].At)
	}
	for _, minutes := range []int64{1, 2} {
		if span := minutes * 60 * second; now-oldest <= span {
			return span
		}
	}
	return window
}

// Draw makes a chart of what was since a time. Samples are joined if they follow
// upon each other; what is missing stays empty.
func Draw(c Chart, f Fleet, away []Stretch, from, now int64, width, height float64) Drawing {
	inner := max(1, width-marginLeft-marginRight)
	x := func(at int64) float64 { return marginLeft + inner*float64(at-from)/float64(now-from) }
	top, per := highest(c, f, from), make([]string, 0, len(f.Nodes))
	tall := max(1, height-marginTop-marginBottom)
	y := func(v float64) float64 { return marginTop + tall*(1-v/top) }

	var d Drawing
	for i := range f.Nodes {
		n := &f.Nodes[i]
		for j, m := range c.Metrics {
			path, words := trace(n, m, from, x, y)
			if path != "" {
				d.Lines = append(d.Lines, Line{Node: n.Name, Hue: n.Hue, Dashed: j > 0, Path: path})
				per = append(per, n.Name+", "+words)
			}
		}
	}
	u := c.Metrics[0].unit
	for _, part := range []float64{0, 0.5, 1} {
		d.Levels = append(d.Levels, Tick{At: y(top * part), Text: u.put(top * part)})
	}
	step, format := int64(60*second), "15:04"
	if now-from < 2*step {
		step, format = step/4, "15:04:05"
	}
	for at := (from/step + 1) * step; at <= now; at += step {
		d.Times = append(d.Times, Tick{At: x(at), Text: time.UnixMilli(at).Format(format)})
	}
	for _, s := range away {
		if s.To < from {
			continue
		}
		left, right := x(max(s.From, from)), x(min(s.To, now))
		text := "Redis away"
		if len(s.Nodes) == 1 && len(f.Nodes) > 1 {
			text += " from " + s.Nodes[0]
		}
		d.Away = append(d.Away, Band{X: left, Width: max(2, right-left), Text: text})
		per = append(per, text+" "+clock(s.From)+" to "+clock(s.To))
	}
	d.Words = c.Title + ", the last " + lasted(from, now) + ". "
	if len(per) == 0 {
		d.Words += "Nothing yet."
	} else {
		d.Words += strings.Join(per, ". ") + "."
	}
	return d
}

// trace draws one figure of a relay, and says what it was.
func trace(n *Node, m *Metric, from int64, x func(int64) float64, y func(float64) float64) (path, words string) {
	b := make([]byte, 0, 16*len(n.Points))
	least, most, drawn := math.Inf(1), math.Inf(-1), int64(0)
	for i := range n.Points {
		before, p := n.Pair(i)
		v, known := m.Value(before, p)
		if p.At < from || !known {
			continue
		}
		least, most = min(least, v), max(most, v)
		switch {
		case drawn != 0 && before != nil && drawn == before.At:
			b = append(b, 'L')
		default:
			// A point alone is a dot: a line of no length with round ends.
			b = append(b, 'M')
			b = pair(b, x(p.At), y(v))
			b = append(b, 'L')
		}
		b = pair(b, x(p.At), y(v))
		drawn = p.At
	}
	if drawn == 0 {
		return "", ""
	}
	return string(b), m.Name + " now " + m.Put(n) + ", least " + m.unit.put(least) + ", most " + m.unit.put(most)
}

func pair(b []byte, x, y float64) []byte {
	b = strconv.AppendFloat(b, x, 'f', 1, 64)
	b = append(b, ' ')
	return strconv.AppendFloat(b, y, 'f', 1, 64)
}

// highest is the chart's upper end: 1, 2 or 5 times a power of ten that no
// figure is above, of the unit that it is written in.
func highest(c Chart, f Fleet, from int64) float64 {
	var most float64
	for i := range f.Nodes {
		n := &f.Nodes[i]
		for j := range n.Points {
			for _, m := range c.Metrics {
				if v, known := m.Value(n.Pair(j)); known && n.Points[j].At >= from {
					most = max(most, v)
				}
			}
		}
	}
	base, least := 1.0, 4.0
	switch c.Metrics[0].unit {
	case micros:
		base, least = 1000, 2
	case bytes, byterate:
		for most > 999*base {
			base *= 1024
		}
	}
	most = max(most/base, least)
	for step := 0.001; ; step *= 10 {
		for _, times := range []float64{1, 2, 4, 6, 8} {
			if top := step * times; top >= most {
				return top * base
			}
		}
	}
}
