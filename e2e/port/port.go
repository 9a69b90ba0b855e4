// Package port finds ports that stay free until a program listens there.
//
// A port from 0 is one of those that the system also gives to connections on
// their way out. Once its listener is closed, for another program to take its
// place or the same one to come back, any connection of any test may have it.
// These ports are below all of that.
package port

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports from first to last are registered, and few of them used. Linux gives
// ports from 32768 on to connections, other systems higher ones.
const first, last = 20000, 32767

var (
	mu    sync.Mutex
	given = map[int]bool{} // by this process
)

// Free returns a port of 127.0.0.1 that nobody listens on, and not the same one
// twice.
func Free() (int, error) {
	mu.Lock()
	defer mu.Unlock()
	for range 1000 {
		port := first + rand.IntN(last-first+1)
		if given[port] {
			continue
		}
		listener, err := net.Listen("tcp", Addr(port))
		if err != nil {
			continue // somebody has it
		}
		given[port] = true
		return port, listener.Close()
	}
	return 0, errors.New("no free port found in a thousand tries")
}

// Addr returns the address of a port of 127.0.0.1.
func Addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
