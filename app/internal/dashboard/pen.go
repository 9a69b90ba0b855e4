package dashboard

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// pen sets the text of an element, or an attribute, if that is not what is
// there. go-app does not know, and leaves it alone: what it rendered itself does
// not change.
type pen struct {
	id, attribute string // no attribute is the text, which must not be empty at first
	element       app.Value
	last          string
}

func (p *pen) draw(text string) {
	if text == p.last {
		return
	}
	if p.element == nil || !p.element.Truthy() {
		if p.element = app.Window().GetElementByID(p.id); !p.element.Truthy() {
			return
		}
	}
	p.last = text
	if p.attribute != "" {
		p.element.Call("setAttribute", p.attribute, text)
		return
	}
	// The text node is go-app's, and stays.
	p.element.Get("firstChild").Set("nodeValue", text)
}

// pens are made when they are asked for.
type pens map[[2]string]*pen

func (p pens) draw(id, attribute, text string) {
	key := [2]string{id, attribute}
	if p[key] == nil {
		p[key] = &pen{id: id, attribute: attribute}
	}
	p[key].draw(text)
}

const svgSpace = "http://www.w3.org/2000/svg"

// chart is an SVG that its panel stretches, with an empty path for each of the
// classes. It is an image whose words are its label.
func chart(id, class, box, label string, paths ...string) app.UI {
	drawn := make([]app.UI, len(paths))
	for i, name := range paths {
		drawn[i] = app.Elem("path").XMLNS(svgSpace).ID(id + "-" + name).Class("is-" + name)
	}
	return app.Elem("svg").XMLNS(svgSpace).ID(id).Class("plot "+class).Role("img").Aria("label", label).
		Attr("viewBox", box).Attr("preserveAspectRatio", "none").Body(drawn...)
}
