package channel

import (
	"errors"
	"fmt"
	"strings"
)

// MaxLen is the longest name, in bytes.
const MaxLen = 128

// Validate returns nil for a name of the grammar, else an error that says what
// is wrong with it, and where. Any string may be given.
func Validate(name string) error {
	switch {
	case name == "":
		return errors.New("a channel name can't be empty")
	case len(name) > MaxLen:
		return fmt.Errorf("a channel name has at most %d characters, not %d", MaxLen, len(name))
	case !alphanumeric(name[0]):
		return errors.New("a channel name begins with a-z or 0-9")
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && !strings.ContainsRune("_.:-", rune(c)) {
			return fmt.Errorf("a channel name is made of a-z, 0-9, '_', '.', ':' and '-'; character %d is another", i+1)
		}
	}
	return nil
}

// Namespace returns what stands before the first ':' of a valid name, and ""
// for a name that has none.
func Namespace(name string) string {
	ns, _, found := strings.Cut(name, ":")
	if !found {
		return ""
	}
	return ns
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
}
