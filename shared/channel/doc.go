// Package channel knows what a channel may be called.
//
// A name is 1 to 128 characters of a-z, 0-9, '_', '.', ':' and '-', and begins
// with a letter or a digit: ^[a-z0-9][a-z0-9_.:-]{0,127}$. What stands before
// its first ':' is the namespace, which carries the channel's policy; a name
// without one is in the default namespace, "".
//
// The grammar is narrow on purpose. A name goes unescaped into JSON, URLs,
// event ids and Redis keys; upper case and Unicode would make names that look
// alike and differ; braces would change where a Redis Cluster keeps a key.
package channel
