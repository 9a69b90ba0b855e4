package filter

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"

	"fanlight/shared/protocol"
)

// wrong says what is wrong, and at which character, from 1.
func wrong(at int, format string, args ...any) error {
	return &protocol.Error{
		Code: protocol.CodeFilterInvalid, Field: "filter", At: at,
		Message: fmt.Sprintf(format, args...),
	}
}

// parseError puts the library's word into ours.
func parseError(text string, err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return wrong(1, "this can't be compiled")
	}
	end := utf8.RuneCountInString(text)
	position := min(e.From, end) + 1
	message := e.Message
	if token, ok := strings.CutPrefix(message, "unexpected token "); ok {
		// A token is a kind with its value: Operator("=").
		_, value, _ := strings.Cut(token, "(")
		switch value = strings.TrimSuffix(value, ")"); {
		case token == "EOF" && strings.TrimSpace(text) == "":
			return wrong(1, "the expression is empty")
		case token == "EOF":
			return wrong(end+1, "the expression ends too early")
		case value == `"="`:
			message = "= does not compare; == does"
		case value != "":
			message = "unexpected " + value
		}
	}
	if message == "literal not terminated" {
		message = "this text is not closed"
	}
	if strings.HasPrefix(message, "invalid ") && strings.HasSuffix(message, "value out of range") {
		// The parser tells it of the token behind the number.
		before := []rune(text)[:min(e.From+1, end)]
		for len(before) > 0 && !isDigit(before[len(before)-1]) {
			before = before[:len(before)-1]
		}
		for len(before) > 0 && isDigit(before[len(before)-1]) {
			before = before[:len(before)-1]
		}
		position, message = len(before)+1, "the number is too large"
	}
	return wrong(position, "%s", message)
}

// isDigit knows hexadecimal ones and exponents too.
func isDigit(c rune) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
