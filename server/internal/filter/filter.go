package filter

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"fanlight/shared/protocol"
)

// Filter is a compiled expression. It does not change, and may be used
// concurrently.
type Filter struct {
	text    string
	names   []string
	program *vm.Program
}

// Compile makes a filter of an expression of at most [protocol.MaxFilter] bytes.
// Its error is a [*protocol.Error] with CodeFilterInvalid, and with At set
// unless the whole is too long.
func Compile(text string) (f *Filter, err error) {
	switch {
	case len(text) > protocol.MaxFilter:
		return nil, &protocol.Error{
			Code: protocol.CodeFilterInvalid, Field: "filter", Limit: protocol.MaxFilter,
			Message: fmt.Sprintf("a filter has at most %d bytes, not %d", protocol.MaxFilter, len(text)),
		}
	case !utf8.ValidString(text):
		at := 1
		for _, c := range text {
			if c == utf8.RuneError {
				break
			}
			at++
		}
		return nil, wrong(at, "not UTF-8")
	}
	// The text is a stranger's and the parser is not ours: a fault in there may
	// cost this one its filter, not everyone the relay.
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, wrong(1, "this can't be compiled")
		}
	}()
	config := newConfig()
	tree, perr := parser.ParseWithConfig(text, config)
	if perr != nil {
		return nil, parseError(text, perr)
	}
	f = &Filter{text: text}
	c := check{names: map[string]struct{}{}}
	if tree.Node, err = c.condition(tree.Node); err != nil {
		return nil, err
	}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, parseError(text, err)
	}
	if f.program, err = compiler.Compile(tree, config); err != nil {
		return nil, parseError(text, err)
	}
	for name := range c.names {
		f.names = append(f.names, name)
	}
	slices.Sort(f.names)
	return f, nil
}

// machines are what programs run on; one keeps its stack for the next.
var machines = sync.Pool{New: func() any { return new(vm.VM) }}

// Match reports whether the expression is true of the tags, which must have
// passed [protocol.Tags.Check].
func (f *Filter) Match(tags protocol.Tags) bool {
	m := machines.Get().(*vm.VM)
	defer machines.Put(m)
	answer, err := m.Run(f.program, map[string]any(tags))
	matches, _ := answer.(bool)
	return err == nil && matches
}

// Names returns the names of the tags that the expression looks at, in order.
func (f *Filter) Names() []string { return slices.Clone(f.names) }

// String returns the expression.
func (f *Filter) String() string { return f.text }
