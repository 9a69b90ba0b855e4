package port_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"fanlight/e2e/port"
)

const (
	otherEnv = "FANLIGHT_PORTS_OTHER"
	many     = 200
)

// TestMain runs the tests, or is another process, which prints its ports and
// lives until its standard input ends.
func TestMain(m *testing.M) {
	if os.Getenv(otherEnv) == "" {
		os.Exit(m.Run())
	}
	for range many {
		p, err := port.Free()
		if err != nil {
			panic(err)
		}
		fmt.Println(p)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestNoPortIsGivenTwiceOrToConnections(t *testing.T) {
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), otherEnv+"=yes")
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		if err := other.Wait(); err != nil {
			t.Error(err)
		}
	}()
	seen := map[int]bool{}
	check := func(p int, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] || p < 1024 || p >= 32768 {
			t.Fatalf("%d, after %d others", p, len(seen))
		}
		seen[p] = true
	}
	lines := bufio.NewScanner(out)
	for len(seen) < many && lines.Scan() {
		check(strconv.Atoi(lines.Text()))
	}
	for range many {
		p, err := port.Free()
		check(p, err)
		listener, err := net.Listen("tcp", port.Addr(p))
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
	}
	if len(seen) != 2*many {
		t.Errorf("there are only %d", len(seen))
	}
}
