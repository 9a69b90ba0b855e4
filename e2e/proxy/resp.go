package proxy

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// value is one value of Redis's protocol (RESP 2 or 3).
type value struct {
	raw []byte
	// strings are its elements, if it is an array of strings, as commands are.
	strings []string
}

const (
	// maxBulk is the largest string that is let through, and maxDepth the
	// deepest nesting: far more than any test needs.
	maxBulk  = 64 << 20
	maxDepth = 16
)

var errProtocol = errors.New("proxy: this is not Redis's protocol")

// read reads one value.
func read(in *bufio.Reader) (value, error) {
	var v value
	_, err := v.read(in, 0)
	return v, err
}

// read appends one value to v, and returns the text if it is a bulk string.
func (v *value) read(in *bufio.Reader, depth int) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	if len(line) < 3 || depth > maxDepth {
		return "", errProtocol
	}
	v.raw = append(v.raw, line...)
	kind, text := line[0], string(line[1:len(line)-2])
	switch kind {
	case '+', '-', ':', '_', '#', ',', '(':
		return "", nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > maxBulk {
		return "", errProtocol
	}
	if n < 0 {
		return "", nil
	}
	switch kind {
	case '$', '=', '!':
		start := len(v.raw)
		v.raw = append(v.raw, make([]byte, n+2)...)
		_, err := io.ReadFull(in, v.raw[start:])
		return string(v.raw[start : start+n]), err
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return "", errProtocol
	}
	for range n {
		element, err := v.read(in, depth+1)
		if err != nil {
			return "", err
		}
		if depth == 0 {
			v.strings = append(v.strings, element)
		}
	}
	return "", nil
}
