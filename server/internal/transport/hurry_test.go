package transport_test

import (
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/session"
	"fanlight/server/internal/transport"
)

// reader is a peer that takes two seconds for whatever is written at a time.
type reader struct {
	net.Conn
	http.ResponseWriter

	mu    sync.Mutex
	by    time.Time
	wrote int
}

func (r *reader) SetWriteDeadline(by time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by = by
	return nil
}

func (r *reader) Write(b []byte) (int, error) {
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		r.mu.Lock()
		late := !time.Now().Before(r.by)
		r.mu.Unlock()
		if late {
			return 0, os.ErrDeadlineExceeded
		}
	}
	r.wrote += len(b)
	return len(b), nil
}

func (*reader) FlushError() error { return nil }

// slowly has many large items written to a reader, and calls meanwhile after a
// second.
func slowly(t *testing.T, meanwhile func(session.Link), each func(t *testing.T, r *reader, took time.Duration, err error)) {
	for way, link := range map[string]func(*reader) session.Link{
		"socket": func(r *reader) session.Link { return transport.SocketOver(r) },
		"stream": func(r *reader) session.Link { return transport.StreamOver(r) },
	} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reader{}
				l, items := link(r), make([][]byte, 20)
				for i := range items {
					items[i] = make([]byte, 100<<10)
				}
				began := time.Now()
				go func() {
					time.Sleep(time.Second)
					meanwhile(l)
				}()
				err := l.Write(items)
				each(t, r, time.Since(began), err)
			})
		})
	}
}

// A history may be large; what counts is that it is read, not how soon all of it.
func TestWhoReadsSlowlyIsWaitedFor(t *testing.T) {
	slowly(t, func(session.Link) {}, func(t *testing.T, r *reader, took time.Duration, err error) {
		if err != nil || r.wrote < 20*100<<10 || took < 30*time.Second {
			t.Errorf("%d bytes in %v, %v", r.wrote, took, err)
		}
	})
}

func TestAHurryGoesForAllThatIsWritten(t *testing.T) {
	slowly(t, session.Link.Hurry, func(t *testing.T, r *reader, took time.Duration, err error) {
		if err == nil || took > 5*time.Second {
			t.Errorf("%d bytes in %v, %v", r.wrote, took, err)
		}
	})
}
