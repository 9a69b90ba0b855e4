package port_test

import (
	"net"
	"testing"

	"fanlight/e2e/port"
)

func TestNoPortIsGivenTwiceOrToConnections(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		p, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] || p < 1024 || p >= 32768 {
			t.Fatalf("%d, after %d others", p, len(seen))
		}
		seen[p] = true
		listener, err := net.Listen("tcp", port.Addr(p))
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
	}
}
