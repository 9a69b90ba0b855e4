package monitor

import "slices"

// Stretch is a time in which Redis was away.
type Stretch struct {
	From, To int64
	// Nodes are the relays that say so; none if this page itself saw it.
	Nodes []string
}

// Away returns the stretches of which the samples tell, in order. They reach
// from the last good sample to the next.
func (f Fleet) Away() []Stretch {
	var all []Stretch
	for i := range f.Nodes {
		n := &f.Nodes[i]
		open := false
		for j := range n.Points {
			before, p := n.Pair(j)
			switch {
			case !p.Away():
				if open && before != nil {
					all[len(all)-1].To = p.At
				}
				open = false
			case open && before != nil:
				all[len(all)-1].To = p.At
			default:
				from := p.At - second
				if before != nil {
					from = before.At
				}
				all = append(all, Stretch{From: from, To: p.At, Nodes: []string{n.Name}})
				open = true
			}
		}
	}
	return Join(all)
}

// Join makes one of stretches that overlap or nearly touch.
func Join(all []Stretch) []Stretch {
	// There are few, and sorting them in place is a tenth of what a general sort
	// weighs.
	for i := range all {
		for j := i; j > 0 && all[j].From < all[j-1].From; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	var joined []Stretch
	for _, s := range all {
		if n := len(joined) - 1; n >= 0 && s.From <= joined[n].To+2*second {
			joined[n].To = max(joined[n].To, s.To)
			for _, name := range s.Nodes {
				if !slices.Contains(joined[n].Nodes, name) {
					joined[n].Nodes = append(slices.Clone(joined[n].Nodes), name)
				}
			}
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
