package filter

import (
	"errors"
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
)

// errNoAnswer is a tag that is not there, or not of the type that is compared.
// It ends the evaluation.
var errNoAnswer = errors.New("no answer")

// The functions that stand around tags. No tag can have their names, which
// begin with a capital.
var functions = map[string]*builtin.Function{
	"Text": {
		Name:  "Text",
		Types: []reflect.Type{reflect.TypeFor[func(any) string]()},
		Func: func(args ...any) (any, error) {
			if _, ok := args[0].(string); !ok {
				return nil, errNoAnswer
			}
			return args[0], nil
		},
	},
	"Number": {
		Name:  "Number",
		Types: []reflect.Type{reflect.TypeFor[func(any) float64]()},
		Func: func(args ...any) (any, error) {
			if _, ok := args[0].(float64); !ok {
				return nil, errNoAnswer
			}
			return args[0], nil
		},
	},
	// Alike returns its first argument, if the other is of the same type.
	"Alike": {
		Name:  "Alike",
		Types: []reflect.Type{reflect.TypeFor[func(any, any) any]()},
		Func: func(args ...any) (any, error) {
			switch args[0].(type) {
			case string:
				if _, ok := args[1].(string); ok {
					return args[0], nil
				}
			case float64:
				if _, ok := args[1].(float64); ok {
					return args[0], nil
				}
			}
			return nil, errNoAnswer
		},
	},
}

// newConfig returns the library's configuration; one keeps a cache, and serves
// for one compilation.
func newConfig() *conf.Config {
	c := &conf.Config{
		ShortCircuit: true, Expect: reflect.Bool,
		MaxNodes:          1000, // more than fit into a filter's bytes
		Functions:         functions,
		DisableIfOperator: true,
	}
	c.WithEnv(map[string]any{})
	c.Strict = false // any name may be a tag's
	return c
}

// guard makes sure that a tag is of the type that it is compared as.
func guard(n ast.Node, is, needed kind) ast.Node {
	switch {
	case is != tag:
		return n
	case needed == text:
		return call("Text", n)
	default:
		return call("Number", n)
	}
}

// alike is for a tag that is compared with another.
func alike(n, other ast.Node) ast.Node { return call("Alike", n, other) }

func call(name string, args ...ast.Node) ast.Node {
	return place(&ast.CallNode{Callee: place(&ast.IdentifierNode{Value: name}, args[0]), Arguments: args}, args[0])
}
