// Package slots holds the rows of a list that changes faster than a page could
// build it: the newest stand above, and each row keeps its slot, and so its
// element, until a newer one needs it.
package slots

import (
	"cmp"
	"slices"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// Max is how many rows there are at the most: what a browser updates sixty
// times a second.
const Max = 200

// Row is what stands in a slot.
type Row[T any] struct {
	// Turn grows with each row that is added: of two, that with the higher one
	// is the newer, and stands above.
	Turn uint64
	Item T
}

// List is a list of rows; the zero value is empty. It is a value: what changes
// it returns the next, and leaves the one before as it was.
type List[T any] struct {
	// Rows stand by slot; by [Row.Turn] they are in order.
	Rows []Row[T]

	turn uint64
}

// Add puts items above, the last of them on top.
func (l List[T]) Add(items ...T) List[T] {
	l.Rows = slices.Clone(l.Rows)
	for _, item := range items {
		slot := int(l.turn % Max) //nolint:gosec // bounded
		l.turn++
		row := Row[T]{Turn: l.turn, Item: item}
		if slot == len(l.Rows) {
			l.Rows = append(l.Rows, row)
		} else {
			l.Rows[slot] = row
		}
	}
	return l
}

// Refill puts in the newest that match, of items from the oldest to the newest,
// in place of all rows. Slots are counted from 0 again, turns go on.
func (l List[T]) Refill(items []T, matches func(T) bool) List[T] {
	var shown []T
	for _, item := range slices.Backward(items) {
		if len(shown) < Max && matches(item) {
			shown = append(shown, item)
		}
	}
	slices.Reverse(shown)
	l.Rows = nil
	l.turn += (Max - l.turn%Max) % Max
	return l.Add(shown...)
}

// Place puts the elements of the rows that are newer than a turn on top of
// their list, and returns the newest turn. It is for the UI goroutine, after the
// rows were drawn. go-app knows its elements by reference and does not mind; so
// a row keeps its element, and the document keeps the order in which it is read.
func (l List[T]) Place(newerThan uint64, list string, id func(slot int) string) (placed uint64) {
	var fresh []int
	for slot, row := range l.Rows {
		if row.Turn > newerThan {
			fresh = append(fresh, slot)
		}
	}
	if len(fresh) == 0 {
		return newerThan
	}
	slices.SortFunc(fresh, func(a, b int) int { return cmp.Compare(l.Rows[a].Turn, l.Rows[b].Turn) })
	parent := app.Window().GetElementByID(list)
	for _, slot := range fresh {
		parent.Call("prepend", app.Window().GetElementByID(id(slot)))
	}
	return l.Rows[fresh[len(fresh)-1]].Turn
}
