// Package embedded is the Redis that needs no setting up: miniredis, in this
// process, with a TCP port that redis-cli can talk to. What it holds is gone
// when the process ends.
package embedded
