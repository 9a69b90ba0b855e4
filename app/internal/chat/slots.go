package chat

// slots keeps each line in one place of the tree while it is shown, whatever
// comes before it, so that only the rows that changed are rendered. The
// document's order is made by moving their elements.
type slots struct {
	lines []Line       // by slot; one without a key is empty
	order []int        // slots, in the order of their lines
	stale map[int]bool // slots that got another line since the last moves
	shown []int        // the order after the last moves
}

// move says that a slot's element stands before another's, or last for -1.
type move struct{ slot, before int }

// fill takes in what is shown. Keys must be unique.
func (s *slots) fill(lines []Line) {
	places := make(map[string]int, len(s.lines))
	for slot, line := range s.lines {
		if line.Key != "" {
			places[line.Key] = slot
		}
	}
	if s.stale == nil {
		s.stale = map[int]bool{}
	}
	next := make([]Line, len(s.lines))
	s.order = make([]int, len(lines))
	for i, line := range lines {
		slot, found := places[line.Key]
		if !found {
			s.order[i] = -1
			continue
		}
		next[slot], s.order[i] = line, slot
	}
	free := 0
	for i, line := range lines {
		if s.order[i] >= 0 {
			continue
		}
		for free < len(next) && next[free].Key != "" {
			free++
		}
		if free == len(next) {
			next = append(next, Line{})
		}
		next[free], s.order[i] = line, free
		s.stale[free] = true
	}
	s.lines = next
}

// find returns the slot of a line.
func (s *slots) find(key string) (slot int, found bool) {
	for slot, line := range s.lines {
		if key != "" && line.Key == key {
			return slot, true
		}
	}
	return 0, false
}

// moves returns what is to be moved, in order, for the document to have the
// lines' order: what is new, and what is not between its neighbours any more.
func (s *slots) moves() []move {
	before := make(map[int]int, len(s.shown))
	for i, slot := range s.shown {
		before[slot] = i
	}
	var moves []move
	next, limit := -1, len(s.shown)
	for i := len(s.order) - 1; i >= 0; i-- {
		slot := s.order[i]
		at, known := before[slot]
		if known && at < limit && !s.stale[slot] {
			limit = at
		} else {
			moves = append(moves, move{slot, next})
		}
		next = slot
	}
	s.shown, s.stale = append([]int(nil), s.order...), map[int]bool{}
	return moves
}
