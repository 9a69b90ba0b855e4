// Package channel knows what a channel may be called, and how one says who may
// do what on which channels.
//
// # Names
//
// A name is 1 to 128 characters of a-z, 0-9, '_', '.', ':' and '-', and begins
// with a letter or a digit: ^[a-z0-9][a-z0-9_.:-]{0,127}$. What stands before
// its first ':' is the namespace, which carries the channel's policy; a name
// without one is in the default namespace, "".
//
// The grammar is narrow on purpose. A name goes unescaped into JSON, URLs,
// event ids and Redis keys; upper case and Unicode would make names that look
// alike and differ; braces would change where a Redis Cluster keeps a key.
//
// # Patterns
//
// A pattern is a name of which whole segments, which ':' separates, may be:
//
//   - any one segment          chat:*         chat:go, not chat:go:eu
//     #      any segments, or none;   user:alice:#   user:alice, user:alice:a:b
//     only as the last one
//     {sub}  the token's subject      user:{sub}:#   for alice, as above
//
// A subject that can't be one segment of a name, having ':' or upper case say,
// matches nothing: alice:admin is not given what is alice's, nor * everything.
// There is no other wildcard, so that what a pattern means can be seen.
//
// # Grants
//
// A grant allows operations on the channels of a pattern, and may demand a
// filter there. Grants add up, and so do their filters: [Grants.Allow].
package channel
