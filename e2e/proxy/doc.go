// Package proxy is a bad network, on command: a TCP proxy that tests put
// between a client and a relay, or between a relay and Redis.
//
// It forwards bytes both ways until it is told to misbehave. What it can do:
//
//	Refuse         turn new connections away, on a port that stays its own
//	Cut, Reset     end connections, with a goodbye (FIN) or with none (RST)
//	Stall          hold what is sent, as a dead wire does: nobody is told, the
//	               sender's buffers fill, and Flow delivers what was held
//	StallExisting  the same, but a new connection works: a half-open link
//	Slice          pass on a few bytes at a time, with pauses
//	DropReply      let Redis carry out a command, and lose its answer
//
// [Kind] tells Redis connections apart by what was said on them. Two goroutines
// serve a connection, one each way; [Proxy.Close] ends and awaits all of them.
package proxy
