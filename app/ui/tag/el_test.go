package tag

import (
	"testing"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

func TestAnElementIsMadeOfWhatAStyleSheetWouldCallIt(t *testing.T) {
	for _, c := range []struct {
		e    app.UI
		want string
	}{
		{El("p"), "<p></p>"},
		{El("p#a"), `<p id="a"></p>`},
		{El("li.b.c"), `<li class="b c"></li>`},
		{Words("p", "hi", "role", "status", "title", ""), `<p role="status">hi</p>`},
		{Box("ul", El("li")), "<ul>\n  <li></li>\n</ul>"},
		{El("button", "disabled", Yes(true)), `<button disabled></button>`},
		{El("button", "disabled", Yes(false)), "<button></button>"},
	} {
		if got := app.HTMLString(c.e); got != c.want {
			t.Errorf("it is %s, not %s", got, c.want)
		}
	}
}
