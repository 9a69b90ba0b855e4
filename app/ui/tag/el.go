package tag

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// El makes an element of what a style sheet would call it, name#id.class.class,
// and of attributes, their names and values in turn. One without a value is left
// out, as a disabled that isn't. A call weighs less than the chain of calls that
// says the same: it is for pages with many elements.
func El(spec string, attributes ...string) app.HTMLElem {
	spec, classes, _ := strings.Cut(spec, ".")
	name, id, _ := strings.Cut(spec, "#")
	e := app.Elem(name)
	set(e, "id", id)
	set(e, "class", strings.ReplaceAll(classes, ".", " "))
	for i := 0; i+1 < len(attributes); i += 2 {
		set(e, attributes[i], attributes[i+1])
	}
	return e
}

func set(e app.HTMLElem, name, value string) {
	if value != "" {
		e.Attr(name, value)
	}
}

// Words is [El] with a text in it, and as such done.
func Words(spec, text string, attributes ...string) app.UI {
	return El(spec, attributes...).Text(text)
}

// Box is [El] with elements in it, and as such done.
func Box(spec string, body ...app.UI) app.UI {
	return El(spec).Body(body...)
}

// In is an element with others in it, like [Box] for one that has attributes.
func In(e app.HTMLElem, body ...app.UI) app.UI { return e.Body(body...) }

// Yes is the value of an attribute that is there or not, such as disabled.
func Yes(yes bool) string {
	if yes {
		return "true"
	}
	return ""
}
