package protocol_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"fanlight/shared/protocol"
)

// constants returns the values of the package's constants of a type, read from
// its source, so that nobody can add one and forget what it means.
func constants(t *testing.T, file, typ string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ && len(spec.Values) == 1 {
			values[spec.Names[0].Name] = spec.Values[0].(*ast.BasicLit).Value
		}
		return true
	})
	if len(values) < 10 {
		t.Fatalf("only %d constants of type %s in %s", len(values), typ, file)
	}
	return values
}

func TestEveryErrorCodeHasAnOutcomeOnEveryWayIn(t *testing.T) {
	seen := make(map[string]string)
	for name, quoted := range constants(t, "errors.go", "Code") {
		value, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[value]; other != "" {
			t.Errorf("%s and %s are both %q", name, other, value)
		}
		seen[value] = name
		e := &protocol.Error{Code: protocol.Code(value), Message: "m"}
		if status := e.Status(); status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s has the HTTP status %d", name, status)
		}
		if c := e.Close(); c != 0 && (c < 1000 || c > 4999) {
			t.Errorf("%s closes with %d", name, c)
		}
	}
}

func TestEveryCloseCodeSaysWhetherToComeBack(t *testing.T) {
	for name, value := range constants(t, "close.go", "CloseCode") {
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		c := protocol.CloseCode(n)
		switch {
		case n >= 4000 && n < 4500:
			if !c.Reconnect() {
				t.Errorf("%s (%d) does not invite back", name, n)
			}
		case n >= 4500 && n < 5000, n == 1003, n == 1007, n == 1009:
			if c.Reconnect() {
				t.Errorf("%s (%d) invites back", name, n)
			}
		default:
			t.Errorf("%s is %d: neither ours nor the RFC's for refusing", name, n)
		}
	}
}

func TestClosesOfOthersAreComeBackFromUnlessTheyRefuse(t *testing.T) {
	for code, back := range map[protocol.CloseCode]bool{
		1000: false, 1001: true, 1002: false, 1005: true, 1006: true, 1008: false,
		1010: false, 1011: true, 1012: true, 1013: true, 1014: true, 1015: true,
		3000: true, 4000: true, 4499: true, 4500: false, 4999: false,
	} {
		if code.Reconnect() != back {
			t.Errorf("%d: %t", code, !back)
		}
	}
}

func TestErrorsAreComparedByTheirCode(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &protocol.Error{Code: protocol.CodeTooLarge, Message: "m", Limit: 7})
	if !errors.Is(err, &protocol.Error{Code: protocol.CodeTooLarge}) {
		t.Error("the same code is not the same error")
	}
	if errors.Is(err, &protocol.Error{Code: protocol.CodeBadFrame}) || errors.Is(err, errors.New("too_large: m")) {
		t.Error("another code, or another type, is the same error")
	}
	if got := (&protocol.Error{Code: protocol.CodeTooLarge, Message: "m"}).Error(); got != "too_large: m" {
		t.Error(got)
	}
}
