// Package attacks treats the program as its enemies would, from outside: over
// the network, with whatever bytes they like.
//
// limits_test.go walks all limits: each has a flag, a default that -h tells, a
// refusal that the wire shows, and a metric that counts it. flood_test.go sends
// too much, or too slowly, while a healthy client (healthy_test.go) gets every
// message in its order, and no later than without (package latency).
// past_test.go asks for too much, and looks at the memory. doors_test.go takes
// connections and asks for nothing. web_test.go does what pages of other sites can
// do, and inside_test.go what other programs of the same machine can. logs_test.go
// reads what the program logs of all that.
//
// Attackers come from addresses of their own: all of 127.0.0.0/8 is this machine.
package attacks
