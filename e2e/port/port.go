// Package port finds ports that stay free until a program listens there.
//
// A port from 0 is one of those that the system also gives to connections on
// their way out. Once its listener is closed, for another program to take its
// place or the same one to come back, any connection of any test may have it.
// These ports are below all of that, and no two processes are given the same one.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
)

// block is how many ports a process claims at a time. It listens on the first one
// for as long as it lives, which keeps others out of the block.
const block = 64

var (
	mu     sync.Mutex
	claims []net.Listener // kept, or they would be closed
	next   int
	left   int // in the newest block, from next on
)

// Free returns a port of 127.0.0.1 that nobody listens on, and not the same one
// twice, in this process or another one that runs.
func Free() (int, error) {
	mu.Lock()
	defer mu.Unlock()
	for range 1000 {
		if left == 0 && !claim() {
			continue
		}
		port := next
		next++
		left--
		listener, err := net.Listen("tcp", Addr(port))
		if err != nil {
			continue // somebody has it
		}
		return port, listener.Close()
	}
	return 0, errors.New("no free port found in a thousand tries")
}

// claim claims a block, if nobody has it.
func claim() bool {
	first, last := bounds()
	start := first + block*rand.IntN((last-first+1)/block)
	listener, err := net.Listen("tcp", Addr(start))
	if err != nil {
		return false
	}
	claims = append(claims, listener)
	next, left = start+1, block-1
	return true
}

// bounds returns the ports to choose from: registered ones, few of them used, and
// below those that the system gives to connections. These are from 32768 on with
// most Linux systems, and higher with others.
func bounds() (first, last int) {
	last = 32767
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var lowest int
		if _, err := fmt.Sscan(string(b), &lowest); err == nil && lowest > 12000 {
			last = min(last, lowest-1)
		}
	}
	return max(10000, last-12767), last
}

// Addr returns the address of a port of 127.0.0.1.
func Addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
