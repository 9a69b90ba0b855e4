package filter

import (
	"reflect"

	"github.com/expr-lang/expr/ast"

	"fanlight/shared/protocol"
)

// check goes through a parsed expression: what it does not name is refused. It
// builds a new tree, in which every tag is asked for its type (see guard.go).
type check struct {
	names map[string]struct{} // of the tags that it came by
}

// kind is what stands on a side of a comparison.
type kind uint8

const (
	tag kind = iota // of whatever type
	text
	number
)

func (k kind) String() string { return [...]string{"tag", "text", "number"}[k] }

// at returns where a node stands in the text, from 1.
func at(n ast.Node) int { return n.Location().From + 1 }

// condition takes what is true or false.
func (c *check) condition(n ast.Node) (ast.Node, error) {
	switch n := n.(type) {
	case *ast.BoolNode:
		return n, nil
	case *ast.UnaryNode:
		if n.Operator != "!" && n.Operator != "not" {
			return nil, wrong(at(n), "%s stands before a number only", n.Operator)
		}
		inner, err := c.condition(n.Node)
		if err != nil {
			return nil, err
		}
		return place(&ast.UnaryNode{Operator: n.Operator, Node: inner}, n), nil
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "||", "and", "or":
			left, err := c.condition(n.Left)
			if err != nil {
				return nil, err
			}
			right, err := c.condition(n.Right)
			if err != nil {
				return nil, err
			}
			return place(&ast.BinaryNode{Operator: n.Operator, Left: left, Right: right}, n), nil
		default:
			return c.comparison(n)
		}
	case *ast.IdentifierNode:
		return nil, wrong(at(n), "compare %s with something: %s == …", n.Value, n.Value)
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
		return nil, wrong(at(n), "a text or a number alone is neither true nor false")
	default:
		return nil, refused(n)
	}
}

// comparison takes one operator and its two sides.
func (c *check) comparison(n *ast.BinaryNode) (ast.Node, error) {
	needed := tag // which is any
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=":
	case "contains", "startsWith", "endsWith":
		needed = text
	case "in":
		return c.membership(n)
	default:
		return nil, wrong(at(n), "a filter can't do %s", n.Operator)
	}
	left, lk, err := c.operand(n.Left)
	if err != nil {
		return nil, err
	}
	right, rk, err := c.operand(n.Right)
	if err != nil {
		return nil, err
	}
	for _, k := range [...]kind{lk, rk} {
		switch {
		case k == tag || k == needed:
		case needed == tag:
			needed = k
		case n.Operator == "contains" || n.Operator == "startsWith" || n.Operator == "endsWith":
			return nil, wrong(at(n), "%s is for texts", n.Operator)
		default:
			return nil, wrong(at(n), "a text and a number can't be compared")
		}
	}
	if needed == tag {
		left, right = alike(left, right), alike(right, left)
	} else {
		left, right = guard(left, lk, needed), guard(right, rk, needed)
	}
	return place(&ast.BinaryNode{Operator: n.Operator, Left: left, Right: right}, n), nil
}

// membership takes: something in [a list of texts or of numbers].
func (c *check) membership(n *ast.BinaryNode) (ast.Node, error) {
	left, lk, err := c.operand(n.Left)
	if err != nil {
		return nil, err
	}
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return nil, wrong(at(n), `in is followed by a list: in ["a", "b"]`)
	}
	if len(list.Nodes) == 0 {
		return nil, wrong(at(list), "the list is empty")
	}
	texts, numbers := map[string]struct{}{}, map[float64]struct{}{}
	for _, item := range list.Nodes {
		o, k, err := c.operand(item)
		if err != nil {
			return nil, err
		}
		switch o := o.(type) {
		case *ast.StringNode:
			texts[o.Value] = struct{}{}
		case *ast.FloatNode:
			numbers[o.Value] = struct{}{}
		}
		switch {
		case k == tag:
			return nil, wrong(at(item), "a list holds texts or numbers, no tags")
		case len(texts) > 0 && len(numbers) > 0:
			return nil, wrong(at(item), "a list holds texts or numbers, not both")
		}
	}
	var set ast.Node
	needed := text
	if len(numbers) > 0 {
		needed, set = number, constant(numbers)
	} else {
		set = constant(texts)
	}
	if lk != tag && lk != needed {
		return nil, wrong(at(n), "a %s is in no list of %ss", lk, needed)
	}
	return place(&ast.BinaryNode{Operator: "in", Left: guard(left, lk, needed), Right: place(set, list)}, n), nil
}

// operand takes a tag, a text or a number. Numbers become floating, as tags are.
func (c *check) operand(n ast.Node) (ast.Node, kind, error) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if err := (protocol.Tags{n.Value: ""}).Check(); err != nil {
			return nil, 0, wrong(at(n), "%s can't be a tag's name: it is of a-z, 0-9 and _, of %d characters at the most", n.Value, protocol.MaxTagName)
		}
		c.names[n.Value] = struct{}{}
		return place(&ast.IdentifierNode{Value: n.Value}, n), tag, nil
	case *ast.StringNode:
		return place(&ast.StringNode{Value: n.Value}, n), text, nil
	case *ast.IntegerNode:
		return place(&ast.FloatNode{Value: float64(n.Value)}, n), number, nil
	case *ast.FloatNode:
		return place(&ast.FloatNode{Value: n.Value}, n), number, nil
	case *ast.UnaryNode:
		if n.Operator == "-" {
			if o, k, err := c.operand(n.Node); err == nil && k == number {
				return place(&ast.FloatNode{Value: -o.(*ast.FloatNode).Value}, n), number, nil
			}
			return nil, 0, wrong(at(n), "- stands before a number only")
		}
	}
	return nil, 0, refused(n)
}

// refused says that something is no part of the language.
func refused(n ast.Node) error {
	what := "such thing"
	switch n := n.(type) {
	case nil:
		return wrong(1, "something is missing")
	case *ast.CallNode, *ast.BuiltinNode, *ast.PredicateNode, *ast.PointerNode:
		what = "calls"
	case *ast.MemberNode, *ast.ChainNode, *ast.SliceNode:
		what = "fields or indexes: a tag is a text or a number"
	case *ast.ConditionalNode:
		return wrong(at(n.Cond), "a filter has no ?:") // it bears no place of its own
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		what = "variables or sequences"
	case *ast.ArrayNode:
		return wrong(at(n), "a list stands behind in only")
	case *ast.MapNode, *ast.PairNode:
		what = "maps"
	case *ast.NilNode:
		what = "nil"
	case *ast.BytesNode:
		what = "bytes"
	case *ast.BoolNode:
		return wrong(at(n), "a tag is a text or a number, never true or false")
	case *ast.UnaryNode, *ast.BinaryNode:
		return wrong(at(n), "a comparison has tags, texts or numbers on its sides")
	}
	return wrong(at(n), "a filter has no %s", what)
}

// place puts a new node where the old one stood.
func place(n, old ast.Node) ast.Node {
	n.SetLocation(old.Location())
	return n
}

func constant(v any) ast.Node {
	n := &ast.ConstantNode{Value: v}
	n.SetType(reflect.TypeOf(v))
	return n
}
