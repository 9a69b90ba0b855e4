package monitor

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/ui/tag"
)

const svg = "http://www.w3.org/2000/svg"

// chart draws a [Chart]. go-app makes the empty picture once; what is in it is
// set directly, since that is what changes every second.
type chart struct {
	app.Compo
	leaf

	Chart
	canvas app.Value
	layers map[string]app.Value
	pool   map[string][]app.Value // the elements of each layer, by their names
	used   map[string]int
}

// Render implements [app.Composer].
func (c *chart) Render() app.UI {
	return tag.Box("figure#chart-"+c.ID+".panel.mon-chart",
		tag.Words("figcaption", c.Title),
		tag.El("svg#plot-"+c.ID, "role", "img", "aria-label", c.Title+". Nothing yet.").XMLNS(svg),
	)
}

// draw sets what is to be seen, at the size that the picture has.
func (c *chart) draw(s State, away []Stretch, from, now int64) {
	if !c.mounted {
		return
	}
	if c.canvas == nil || !c.canvas.Get("isConnected").Bool() {
		c.canvas = app.Window().GetElementByID("plot-" + c.ID)
		if !c.canvas.Truthy() {
			c.canvas = nil
			return
		}
		c.layers, c.pool = map[string]app.Value{}, map[string][]app.Value{}
		for _, layer := range []string{"away", "grid", "lines", "texts"} {
			c.layers[layer] = element("g")
			c.canvas.Call("appendChild", c.layers[layer])
		}
	}
	box := c.canvas.Call("getBoundingClientRect")
	width, height := box.Get("width").Float(), box.Get("height").Float()
	if width == 0 {
		return // it is not laid out
	}
	d := Draw(c.Chart, s.Fleet, away, from, now, width, height)
	c.used = map[string]int{}
	for _, b := range d.Away {
		c.next("away", "rect", "mon-away", "x", number(b.X), "y", "0", "width", number(b.Width), "height", number(height-marginBottom))
		// The words stand where there is room, at an end of the picture.
		x, anchor := b.X+4, "start"
		if b.X > width/2 {
			x, anchor = b.X+b.Width-4, "end"
		}
		c.next("texts", "text", "mon-away-text", "x", number(x), "y", number(marginTop+10), "text-anchor", anchor).Set("textContent", b.Text)
	}
	for _, t := range d.Levels {
		c.next("grid", "path", "mon-grid", "d", "M"+number(marginLeft)+" "+number(t.At)+"H"+number(width-marginRight))
		c.next("texts", "text", "mon-tick", "x", number(marginLeft-6), "y", number(t.At+4), "text-anchor", "end").Set("textContent", t.Text)
	}
	for _, t := range d.Times {
		c.next("grid", "path", "mon-grid", "d", "M"+number(t.At)+" "+number(marginTop)+"V"+number(height-marginBottom))
		if t.At > marginLeft+16 && t.At < width-24 {
			c.next("texts", "text", "mon-tick", "x", number(t.At), "y", number(height-5), "text-anchor", "middle").Set("textContent", t.Text)
		}
	}
	for _, l := range d.Lines {
		class := "mon-line " + hue(l.Hue)
		if l.Dashed {
			class += " is-dashed"
		}
		c.next("lines", "path", class, "d", l.Path, "data-node", l.Node)
	}
	c.rest()
	c.canvas.Call("setAttribute", "aria-label", d.Words)
}

// next returns an element of a layer, another one with each call, and sets its
// attributes.
func (c *chart) next(layer, name, class string, attributes ...string) app.Value {
	key := layer + " " + name
	if c.used[key] == len(c.pool[key]) {
		e := element(name)
		c.layers[layer].Call("appendChild", e)
		c.pool[key] = append(c.pool[key], e)
	}
	e := c.pool[key][c.used[key]]
	c.used[key]++
	e.Call("setAttribute", "class", class)
	for i := 0; i+1 < len(attributes); i += 2 {
		e.Call("setAttribute", attributes[i], attributes[i+1])
	}
	return e
}

// rest removes what was not used this time.
func (c *chart) rest() {
	for key, all := range c.pool {
		for _, e := range all[c.used[key]:] {
			e.Call("remove")
		}
		c.pool[key] = all[:c.used[key]]
	}
}

func element(name string) app.Value {
	return app.Window().Get("document").Call("createElementNS", svg, name)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
