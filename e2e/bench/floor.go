package main

import (
	"context"
	"crypto/sha1" // RFC 6455 names it; nothing is kept secret by it
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"fanlight/shared/protocol"
)

// floor is the least that any server can do: for each message it makes one
// frame and writes it to every socket, one write a socket, one socket after
// another. No Redis, no JSON, no queue, nobody to serve but the bench. What a
// server costs above it is what its work costs.
//
// It is told what to do over HTTP, on the listener that it upgrades on.
type floor struct {
	channel string
	size    int

	mu    sync.Mutex
	conns []net.Conn
	stop  context.CancelFunc // of the one run, nil before it
	ended chan floorResult
}

// floorResult is the answer to POST /stop.
type floorResult struct {
	Sent  uint64 `json:"sent"`
	Error string `json:"error,omitempty"`
}

// floorWriteTimeout bounds all writes of one run, so that a stalled reader
// can't keep the process.
const floorWriteTimeout = 2 * time.Minute

// floorMain is the process that the bench starts as "floor": it prints its
// address and ends when its standard input does.
func floorMain(args []string, in io.Reader, out io.Writer) error {
	fs := flag.NewFlagSet("floor", flag.ContinueOnError)
	channel := fs.String("channel", protocol.DefaultChannel, "the channel `name` in the frames")
	size := fs.Int("size", minData, "`bytes` of a message's data")
	if err := fs.Parse(args); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f := &floor{channel: *channel, size: *size}
	srv := &http.Server{Handler: f.handler(), ReadHeaderTimeout: dialTimeout}
	if _, err := fmt.Fprintf(out, "http://%s\n", ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	_, err = io.Copy(io.Discard, in)
	err = errors.Join(err, srv.Close())
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	f.close()
	return err
}

func (f *floor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", f.upgrade)
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /mark", f.mark)
	mux.HandleFunc("POST /start", f.start)
	mux.HandleFunc("POST /stop", f.finish)
	return mux
}

func (f *floor) upgrade(w http.ResponseWriter, r *http.Request) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "no hijacking", http.StatusInternalServerError)
		return
	}
	conn, _, err := hj.Hijack()
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	if err != nil {
		_ = conn.Close()
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, conn)
	f.mu.Unlock()
}

func (f *floor) mark(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseUint(r.FormValue("n"), 10, 32)
	if err == nil {
		err = write(f.sockets(), f.frame(nil, time.Now(), n))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// start begins a run: a message every interval, or without a pause when it is
// 0, until POST /stop.
func (f *floor) start(w http.ResponseWriter, r *http.Request) {
	interval, err := time.ParseDuration(r.FormValue("interval"))
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.stop != nil {
		err = errors.New("there was a run already")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan floorResult, 1)
	f.stop, f.ended = stop, ended
	go func() {
		sent, err := f.run(ctx, interval)
		res := floorResult{Sent: sent}
		if err != nil {
			res.Error = err.Error()
		}
		ended <- res
	}()
}

func (f *floor) run(ctx context.Context, interval time.Duration) (sent uint64, err error) {
	conns := f.sockets()
	deadline := time.Now().Add(floorWriteTimeout)
	for _, c := range conns {
		if err := c.SetWriteDeadline(deadline); err != nil {
			return 0, err
		}
	}
	var frame []byte
	err = pace(ctx, interval, func(due time.Time) error {
		frame = f.frame(frame[:0], due, numberFirst+sent)
		if err := write(conns, frame); err != nil {
			return err
		}
		sent++
		return nil
	})
	return sent, err
}

func (f *floor) finish(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	stop, ended := f.stop, f.ended
	f.mu.Unlock()
	if stop == nil {
		http.Error(w, "not running", http.StatusBadRequest)
		return
	}
	stop()
	_ = json.NewEncoder(w).Encode(<-ended)
}

// frame appends a message's frame, of the very length that fanlight.v1 gives to
// a publication.
func (f *floor) frame(dst []byte, at time.Time, n uint64) []byte {
	us := at.UnixMicro()
	line := protocol.AppendPublication(nil, &protocol.Publication{
		Channel: f.channel, Epoch: "0123456789abcdef", Offset: numberBase + n, ID: "0123456789abcdef", Time: us,
		Data: appendData(nil, us, n, f.size),
	})
	return appendServerFrame(dst, line)
}

func (f *floor) sockets() []net.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.conns)
}

func write(conns []net.Conn, frame []byte) error {
	for _, c := range conns {
		if _, err := c.Write(frame); err != nil {
			return err
		}
	}
	return nil
}

func (f *floor) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.Close()
	}
}

// floorArgs is the command line that makes this program the floor.
func floorArgs(size int) (string, []string, error) {
	self, err := os.Executable()
	return self, []string{"floor", "-size", strconv.Itoa(size)}, err
}
