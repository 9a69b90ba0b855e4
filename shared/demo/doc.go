// Package demo has the payloads of the demos: what their messages carry, as
// plain structs, for both sides. A file a demo.
package demo
