// Package filter decides by a publication's tags who gets it. A filter is one
// expression, and compiled once:
//
//	level in ["warn", "error"] && cpu > 90
//
// # The language
//
// Comparisons are == != < <= > >=, in [a list of texts or of numbers], contains,
// startsWith and endsWith; they are joined by && || ! (or and, or, not) and
// parentheses. true and false stand for themselves. What is compared are tags,
// by their names, and texts and numbers. There is nothing else: no arithmetic,
// no functions, no regular expressions, no ranges, nothing that takes longer or
// needs more room than its text is long. So whatever a stranger sends, a match
// costs a microsecond, three at the most, and never waits.
//
// A comparison with a tag that the publication does not have, or that is a text
// where a number is compared, has no answer; when it is come to, the whole
// expression does not match, under a ! too. It is come to from left to right:
// in level == "error" || cpu > 90, a publication of level error needs no cpu.
//
// # How
//
// The library (github.com/expr-lang/expr) parses, compiles and evaluates. In
// between, check.go goes through the parsed tree, lets through only the above,
// and refuses the rest with its place in the text. On its way it puts around
// each tag a call that fails unless the tag is of the type that it is compared
// with. The library alone would take a missing tag for nil, which differs from
// everything, so that level != "secret" let through what has no level.
package filter
