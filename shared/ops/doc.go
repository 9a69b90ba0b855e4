// Package ops has what relays tell of themselves, over channels like any other:
// their figures each second ([Sample]), and who asked for what ([Audit]).
//
// Both are the relay's own publications. Where everything is open everybody may
// listen; where tokens count, it takes a grant on ops:*. Neither has a payload,
// a token or a key of anybody in it.
package ops
