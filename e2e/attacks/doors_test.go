package attacks_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// Connections that ask for nothing any more are not held, and still are places
// that somebody else could have.
func TestOneAddressCantHaveAllNetworkConnections(t *testing.T) {
	const (
		most = 5 + 100 // what may be held, and what is spared for requests
		many = 300     // fewer than there are for all
	)
	for _, c := range []struct {
		name string
		args []string
		kept int
	}{
		{"anybody", nil, most},
		// Behind a proxy are many people, who are told apart by what it says.
		{"a trusted proxy", []string{"-trusted-proxies", enemy}, many},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, append(c.args, "-max-connections", "10", "-max-connections-per-address", "5")...)
			attacker := s.as(enemy)
			var kept []net.Conn
			for range many {
				if conn := attacker.idle(); conn != nil {
					kept = append(kept, conn)
				}
			}
			if len(kept) != c.kept {
				t.Errorf("it has %d of %d connections, not %d", len(kept), many, c.kept)
			}
			if n := s.refusals("connections_per_address"); n != many-c.kept {
				t.Errorf("%d are counted as refused", n)
			}
			s.wants(s.get("/healthz"), 200, "alive")
			s.connected()
			if c.kept == many {
				return
			}
			// A place that is given up is free.
			_ = kept[0].Close()
			s.eventually("there is a place again", func() bool { return attacker.idle() != nil })
		})
	}
}

// idle opens a connection that has had its answer, and is left open; nil if it
// is hung up on instead.
func (s *site) idle() net.Conn {
	s.Helper()
	c := s.raw()
	_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil
	}
	_ = resp.Body.Close()
	return c
}
