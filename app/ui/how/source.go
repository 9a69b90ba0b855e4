package how

import "strings"

// Func returns a function out of a Go file, with the comment above it. It is
// named as after the word func: "Render" or "(p *Page) Render". It returns ""
// when the file has none; a page's tests should look.
func Func(file, name string) string {
	lines := strings.SplitAfter(file, "\n")
	first := -1
	for i, line := range lines {
		switch {
		case first < 0 && strings.HasPrefix(line, "func "+name+"("):
			for first = i; first > 0 && strings.HasPrefix(lines[first-1], "//"); {
				first--
			}
			if strings.HasSuffix(line, "}\n") {
				return strings.Join(lines[first:i+1], "") // all on one line
			}
		case first >= 0 && line == "}\n":
			return strings.Join(lines[first:i+1], "")
		}
	}
	return ""
}
