package slots_test

import (
	"cmp"
	"slices"
	"testing"

	"fanlight/app/internal/slots"
)

// shown lists what a list holds, the newest first.
func shown(l slots.List[int]) (items []int) {
	rows := slices.SortedFunc(slices.Values(l.Rows), func(a, b slots.Row[int]) int { return cmp.Compare(b.Turn, a.Turn) })
	for _, r := range rows {
		items = append(items, r.Item)
	}
	return items
}

func upTo(n int) (items []int) {
	for i := range n {
		items = append(items, i)
	}
	return items
}

func TestARowKeepsItsSlotUntilANewerOneNeedsIt(t *testing.T) {
	var empty slots.List[int]
	full := empty.Add(upTo(slots.Max)...)
	next := full.Add(-1, -2)
	for slot, row := range next.Rows {
		if kept := row == full.Rows[slot]; kept != (slot > 1) {
			t.Errorf("slot %d holds %v", slot, row)
		}
	}
	if got := shown(next); len(got) != slots.Max || got[0] != -2 || got[1] != -1 || got[slots.Max-1] != 2 {
		t.Errorf("it shows %v", got)
	}
	if full.Rows[0].Item != 0 || len(empty.Rows) != 0 {
		t.Error("an earlier value has changed")
	}
}

func TestARefillTakesTheNewestThatMatch(t *testing.T) {
	even := func(i int) bool { return i%2 == 0 }
	before := slots.List[int]{}.Add(1, 3, 5)
	if got := shown(before.Refill([]int{1, 2, 3, 4, 5, 6}, even)); !slices.Equal(got, []int{6, 4, 2}) {
		t.Errorf("it shows %v", got)
	}
	after := before.Refill(upTo(1000), even)
	if got := shown(after); len(got) != slots.Max || got[0] != 998 || got[slots.Max-1] != 998-2*(slots.Max-1) {
		t.Errorf("it shows %v", got)
	}
	for _, row := range after.Rows {
		if row.Turn <= before.Rows[2].Turn {
			t.Errorf("turn %d came before", row.Turn)
		}
	}
	if got := shown(after.Refill(nil, nil).Add(7)); !slices.Equal(got, []int{7}) {
		t.Errorf("it shows %v", got)
	}
}
