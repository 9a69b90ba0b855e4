package node

import (
	"fanlight/server/internal/filter"
	"fanlight/server/internal/hub"
	"fanlight/shared/protocol"
)

// keptFilters is how many compiled filters a node keeps for those who come
// with the same one.
const keptFilters = 1024

// filtersOf returns what a caller's publications must match: its own filter, if
// text is one, and those that its grants demand.
func (n *Node) filtersOf(text, name string, demanded []string) ([]hub.Filter, error) {
	var filters []hub.Filter
	if text != "" {
		f, err := n.filters.Get(text)
		if err != nil {
			return nil, err
		}
		filters = append(filters, f)
	}
	for _, d := range demanded {
		f, err := n.filters.Get(d)
		if err != nil {
			// Not as if it demanded nothing. What it says is not the caller's
			// to know.
			return nil, &protocol.Error{
				Code: protocol.CodePermission, Field: "channel",
				Message: "the grant demands a filter on " + name + " that is wrong",
			}
		}
		filters = append(filters, f)
	}
	return filters, nil
}

// CheckFilter returns the names of the tags that an expression looks at, or a
// [*protocol.Error] that says where it is wrong.
func CheckFilter(text string) ([]string, error) {
	f, err := filter.Compile(text)
	if err != nil {
		return nil, err
	}
	return f.Names(), nil
}
