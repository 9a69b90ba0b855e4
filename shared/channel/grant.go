package channel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fanlight/shared/protocol"
)

// MaxGrants is the most grants that one token carries.
const MaxGrants = 64

// Grant lets a token's holder do something on some channels.
type Grant struct {
	Pattern Pattern
	// Ops are the operations that are allowed; at least one.
	Ops Op
	// Filter is an expression over tags that applies to all that the holder
	// reads on these channels, "" for none; at most [protocol.MaxFilter] bytes.
	// Whether it is a right one is for the server to find out.
	Filter string
}

// Grants are what a token allows. As JSON they are an object with patterns for
// keys, and for values either a list of operations, or an object with such a
// list and a filter:
//
//	{"chat:*": ["subscribe", "publish"],
//	 "alerts:#": {"ops": ["subscribe", "history"], "filter": "level == \"warn\""}}
//
// Grants must not be changed once they are in use.
type Grants []Grant

// Allow reports whether some grant that matches the channel has the operations,
// all those of op. The filters are those of all grants that match, whatever
// their operations: no other grant loosens a filter, nor does a rule that
// allows what the grants do not, for which they are returned even when ok is
// false. They are nil for a publish or for presence, which they don't concern.
func (g Grants) Allow(op Op, name, sub string) (filters []string, ok bool) {
	var allowed Op
	for _, grant := range g {
		if !grant.Pattern.Match(name, sub) {
			continue
		}
		allowed |= grant.Ops
		if grant.Filter != "" && op&(Subscribe|History) != 0 && !slices.Contains(filters, grant.Filter) {
			filters = append(filters, grant.Filter)
		}
	}
	return filters, allowed.Has(op)
}

// Equal reports whether both allow the same by the same patterns.
func (g Grants) Equal(other Grants) bool { return slices.Equal(g, other) }

// grantJSON is a grant's value in its long form.
type grantJSON struct {
	Ops    []string `json:"ops"`
	Filter string   `json:"filter,omitempty"`
}

// MarshalJSON implements json.Marshaler; the patterns are in order.
func (g Grants) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, grant := range sorted(g) {
		if i > 0 {
			b = append(b, ',')
		}
		var value any = grant.Ops.Names()
		if grant.Filter != "" {
			value = grantJSON{grant.Ops.Names(), grant.Filter}
		}
		for _, part := range []any{grant.Pattern.String(), value} {
			j, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			b = append(append(b, j...), ':')
		}
		b = b[:len(b)-1]
	}
	return append(b, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler. It is strict: what it does not
// know, or a pattern that comes twice, could have been meant to restrict.
func (g *Grants) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	opening, err := dec.Token()
	switch {
	case err != nil:
		return err
	case opening == nil:
		*g = nil
		return nil
	case opening != json.Delim('{'):
		return errors.New("grants are an object: patterns, and for each its operations")
	}
	var grants Grants
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		text, _ := key.(string) // what comes first in an object is a string
		grant, err := parseGrant(text, value)
		if err != nil {
			return fmt.Errorf("grant %.140q: %w", text, err)
		}
		if slices.ContainsFunc(grants, func(other Grant) bool { return other.Pattern == grant.Pattern }) {
			return fmt.Errorf("grant %q: it is there twice", text)
		}
		if len(grants) == MaxGrants {
			return fmt.Errorf("there are more than %d grants", MaxGrants)
		}
		grants = append(grants, grant)
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	*g = sorted(grants)
	return nil
}

func parseGrant(text string, value json.RawMessage) (Grant, error) {
	pattern, err := ParsePattern(text)
	if err != nil {
		return Grant{}, err
	}
	var long grantJSON
	if bytes.HasPrefix(value, []byte("[")) {
		err = json.Unmarshal(value, &long.Ops)
	} else {
		dec := json.NewDecoder(bytes.NewReader(value))
		dec.DisallowUnknownFields()
		err = dec.Decode(&long)
	}
	if err != nil {
		// Cut, since the error may repeat a name of any length.
		return Grant{}, fmt.Errorf(`its value is ["operation", …] or {"ops": ["operation", …], "filter": "…"}: %.140s`, err.Error())
	}
	grant := Grant{Pattern: pattern, Filter: long.Filter}
	if grant.Ops, err = ParseOps(long.Ops); err != nil {
		return Grant{}, err
	}
	return grant, grant.check()
}

func (g Grant) check() error {
	switch {
	case g.Ops == 0:
		return errors.New("it has no operation")
	case len(g.Filter) > protocol.MaxFilter:
		return fmt.Errorf("its filter has %d bytes; the most are %d", len(g.Filter), protocol.MaxFilter)
	}
	return nil
}

// sorted returns grants in the order of their patterns.
func sorted(g Grants) Grants {
	g = slices.Clone(g)
	slices.SortFunc(g, func(a, b Grant) int { return strings.Compare(a.Pattern.text, b.Pattern.text) })
	return g
}
