package monitor

import (
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

// columns are the table's, after the relay's name.
var columns = []struct {
	name, hint string
	put        func(*Node) string
}{
	{"Up since", "", func(n *Node) string { return day(n.Last().Started, n.Last().At) }},
	{"Connections", "", metric("connections").Put},
	{"Subscriptions", "", metric("subscriptions").Put},
	{"Messages out", "to connections that are held, a second", metric("sent").Put},
	{"Publishes", "taken here, a second", metric("published").Put},
	{"Bytes out", "a second", metric("bytes").Put},
	{"Dropped", "other programs' messages that could not be delivered, since it began", total(func(p *Point) uint64 { return p.Dropped })},
	{"Refused", "by a limit, since it began", total(func(p *Point) uint64 { return p.Refused })},
	{"Slow", "connections that did not read, and were ended, since it began", total(func(p *Point) uint64 { return p.Slow })},
	{"Outbox peak", "the most that waited for one connection, and the limit", func(n *Node) string {
		return outboxBytes.Put(n) + " of " + bytes.put(float64(n.Last().OutboxLimit))
	}},
	{"Probe", "a message to itself, through Redis and back", metric("probe").Put},
	{"Redis", "the last publish of a report", metric("redis").Put},
	{"Goroutines", "", metric("goroutines").Put},
	{"Heap", "", metric("heap").Put},
	{"GC", "collections since it began, and how long they stopped everything in all", func(n *Node) string {
		return short(float64(n.Last().GCs)) + ", " + micros.put(float64(n.Last().GCPause))
	}},
}

func total(count func(*Point) uint64) func(*Node) string {
	return func(n *Node) string { return short(float64(count(n.Last()))) }
}

// table has a row for each relay.
type table struct {
	app.Compo
	leaf

	rows []nodeRow
}

// show takes in the state. A row whose text did not change renders nothing.
func (t *table) show(f Fleet, now int64) {
	next := make([]nodeRow, len(f.Nodes))
	same := len(next) == len(t.rows)
	for i := range f.Nodes {
		next[i] = rowOf(&f.Nodes[i], now)
		same = same && next[i].Name == t.rows[i].Name && next[i].Text == t.rows[i].Text && next[i].State == t.rows[i].State
	}
	if !same {
		t.rows = next
		t.redraw(nil)
	}
}

func rowOf(n *Node, now int64) nodeRow {
	cells := make([]string, len(columns))
	for i := range columns {
		cells[i] = columns[i].put(n)
	}
	r := nodeRow{Name: n.Name, Hue: n.Hue, Text: strings.Join(cells, "\n")}
	switch {
	case n.Silent(now):
		r.State = "silent since " + clock(n.Heard)
	case n.Last().Away():
		r.State = "without Redis"
	}
	return r
}

// Render implements [app.Composer]. On a narrow screen the style sheet makes
// cards of the rows; the roles have it stay a table to a screen reader.
func (t *table) Render() app.UI {
	heads := []app.UI{head("Relay", "")}
	for i := range columns {
		heads = append(heads, head(columns[i].name, columns[i].hint))
	}
	rows := make([]app.UI, len(t.rows))
	for i, r := range t.rows {
		rows[i] = &nodeRow{Name: r.Name, Hue: r.Hue, State: r.State, Text: r.Text}
	}
	none := "No relay has reported yet."
	if len(rows) > 0 {
		none = ""
	}
	return tag.Box("div.mon-scroll",
		grid("table#mon-nodes.mon-table", "mon-nodes-title", heads, "tbody", rows),
		tag.Words("p.hint.mon-none", none),
	)
}

// grid is a table, which stays one to a screen reader whatever a style sheet
// makes of it.
func grid(spec, title string, heads []app.UI, body string, rows []app.UI) app.UI {
	return tag.In(tag.El(spec, "role", "table", "aria-labelledby", title),
		tag.In(tag.El("thead", "role", "rowgroup"), tag.In(tag.El("tr", "role", "row"), heads...)),
		tag.In(tag.El(body, "role", "rowgroup"), rows...),
	)
}

func head(name, hint string) app.UI {
	return tag.Words("th", name, "role", "columnheader", "scope", "col", "title", hint)
}

// nodeRow is a relay's row. It renders when one of its texts has changed.
type nodeRow struct {
	app.Compo

	Name string
	Hue  int
	// State is what is wrong, in words; Text has the cells, one a line.
	State, Text string
}

// Render implements [app.Composer].
func (r *nodeRow) Render() app.UI {
	state, words := "reporting", "reporting"
	if r.State != "" {
		state, words = strings.Fields(r.State)[0], r.State
	}
	cells := []app.UI{tag.In(tag.El("th", "role", "rowheader", "scope", "row"),
		dot(r.Hue), tag.Words("span.mon-name", r.Name), tag.Words("span.mon-said", words),
	)}
	for i, text := range strings.Split(r.Text, "\n") {
		cells = append(cells, tag.Words("td", text, "role", "cell", "data-label", columns[i].name))
	}
	return tag.In(tag.El("tr.mon-node.is-"+state, "role", "row", "data-node", r.Name, "data-state", state), cells...)
}

func dot(n int) app.UI { return tag.El("span.dot."+hue(n), "aria-hidden", "true") }

func hue(n int) string { return "hue-" + strconv.Itoa(n%8) }

// legend says which colour is whose.
type legend struct {
	app.Compo
	leaf

	nodes []nodeRow
}

func (l *legend) show(f Fleet) {
	next := make([]nodeRow, len(f.Nodes))
	same := len(next) == len(l.nodes)
	for i := range f.Nodes {
		next[i] = nodeRow{Name: f.Nodes[i].Name, Hue: f.Nodes[i].Hue}
		same = same && next[i].Name == l.nodes[i].Name && next[i].Hue == l.nodes[i].Hue
	}
	if !same {
		l.nodes = next
		l.redraw(nil)
	}
}

// Render implements [app.Composer].
func (l *legend) Render() app.UI {
	items := make([]app.UI, len(l.nodes))
	for i, n := range l.nodes {
		items[i] = tag.Box("li", dot(n.Hue), tag.Words("span", n.Name))
	}
	return tag.In(tag.El("ul#mon-legend.mon-legend", "aria-label", "Which colour is whose"), items...)
}
