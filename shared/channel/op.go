package channel

import (
	"fmt"
	"strings"
)

// Op is something that one may do on a channel; several are or-ed.
type Op uint8

// The operations.
const (
	Subscribe Op = 1 << iota
	Publish
	History
	Presence

	All = Subscribe | Publish | History | Presence
)

// opNames are in the order of the bits.
var opNames = [...]string{"subscribe", "publish", "history", "presence"}

// ParseOps returns the operations of these names: subscribe, publish, history
// and presence. None is 0.
func ParseOps(names []string) (Op, error) {
	var ops Op
next:
	for _, name := range names {
		for bit, known := range opNames {
			if name == known {
				ops |= 1 << bit
				continue next
			}
		}
		return 0, fmt.Errorf("%.40q is not an operation: those are %s", name, strings.Join(opNames[:], ", "))
	}
	return ops, nil
}

// Has reports whether all the operations of other are among these, and other is
// not 0.
func (o Op) Has(other Op) bool { return other != 0 && o&other == other }

// Names returns the names of the operations, as [ParseOps] takes them.
func (o Op) Names() []string {
	names := make([]string, 0, len(opNames))
	for bit, name := range opNames {
		if o&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String returns the names with commas.
func (o Op) String() string { return strings.Join(o.Names(), ",") }
