// Package faults breaks Fanlight in twenty ways, and has the checker say
// whether every promise was kept all the same.
//
// A test sets a scene (a Redis, relays, publishers, subscribers), lets it run,
// does harm, and puts an end to the harm. Every scene ends alike: publishers
// stop, everyone gets to the top, the log is written with what Redis holds,
// read again and handed to package checker; and no goroutine is left.
//
// Half of the subscribers are our client. The other half speak the protocol
// themselves and mend nothing, so that a mistake of the server's can't hide
// behind a clever client, nor one of the client's behind a simple one.
//
// Relays that are killed or stopped are processes of their own: the test binary
// again, told by its environment to be a relay. Redis is the embedded one,
// which can be harmed in more ways; with FANLIGHT_TEST_REDIS_URL it is that
// one, and a redis-server of the test's own, writing an append-only file, where
// Redis itself is killed, emptied or put back in time. What only the embedded
// one can do is in embedded_test.go, which on the second run does nothing but say so.
//
// TestSoak does harm at random. The seed, which it prints, is the schedule:
//
//	go test -race -run TestSoak -timeout 0 ./e2e/faults -soak 10m -seed 1
package faults
