package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/audit"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

var away = &protocol.Error{Code: protocol.CodeUnavailable, Message: "away"}

func TestAMessageIsTriedAgainWithItsKeyUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{fails: away}
		log := logTo(l)
		defer run(log)()
		log.Note(published("alice", "a", 1))
		time.Sleep(interval)
		synctest.Wait()
		log.Note(published("alice", "a", 2))
		time.Sleep(5 * time.Second)
		l.fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		got, lost := l.entries()
		if len(got) != 2 || got[0].Offset != 1 || got[1].Offset != 2 || lost != 0 {
			t.Errorf("%+v, %d", got, lost)
		}
		for i, p := range l.tries[:len(l.tries)-1] {
			if p.Key != l.tries[0].Key || p.Key == "" {
				t.Errorf("try %d has the key %q, the first had %q", i, p.Key, l.tries[0].Key)
			}
		}
		if channel, file := log.Lost(); channel+file != 0 {
			t.Errorf("%d, %d", channel, file)
		}
	})
}

func TestWithoutAChanceThereIsNoTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		var ready atomic.Bool
		log := audit.New(audit.Config{Node: "n", Publish: l.publish, Limit: 64 << 10, Ready: ready.Load})
		defer run(log)()
		log.Note(published("alice", "a", 1))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(l.tries) != 0 {
			t.Error("there was a try")
		}
		ready.Store(true)
		time.Sleep(time.Second)
		synctest.Wait()
		if got, _ := l.entries(); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// A listener that hangs holds up nobody, and what was lost by it is said in its place.
func TestWhatAListenerIsTooSlowForIsCountedAndSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{gate: make(chan struct{})}
		var file bytes.Buffer
		log := audit.New(audit.Config{Node: "n", Publish: l.publish, Limit: 64 << 10, File: &file})
		end := run(log)
		const rounds = 100
		for i := range uint64(rounds) {
			log.Note(published("alice", "a", i+1))
			time.Sleep(interval)
			synctest.Wait()
		}
		// One is being told, and 64 wait.
		if channel, file := log.Lost(); channel != rounds-65 || file != 0 {
			t.Errorf("%d and %d are lost", channel, file)
		}
		close(l.gate)
		log.Note(published("alice", "a", rounds+1))
		end()
		got, lost := l.entries()
		if len(got) != 66 || got[64].Offset != 65 || got[65].Offset != rounds+1 || lost != rounds-65 || l.told[65].Lost != lost {
			t.Errorf("it was told %d, and that %d are missing", len(got), lost)
		}
		if lines, missing := readFile(t, file.String()); len(lines) != rounds+1 || missing != 0 {
			t.Errorf("the file has %d lines and misses %d", len(lines), missing)
		}
	})
}

func TestAMessageThatIsRefusedIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{fails: &protocol.Error{Code: protocol.CodePermission, Message: "no"}}
		log := logTo(l)
		defer run(log)()
		log.Note(published("alice", "a", 1))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if channel, _ := log.Lost(); len(l.tries) != 1 || channel != 1 {
			t.Errorf("%d tries, %d lost", len(l.tries), channel)
		}
	})
}

func TestAtItsEndALogTellsWhatItHasAndTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		log := logTo(l)
		end := run(log)
		log.Note(published("alice", "a", 1))
		end() // before the quarter of a second is over
		if got, _ := l.entries(); len(got) != 1 {
			t.Errorf("%+v", got)
		}

		l = &listener{fails: away}
		log = logTo(l)
		end = run(log)
		for i := range uint64(3) {
			log.Note(published("alice", "a", i+1))
			time.Sleep(interval)
			synctest.Wait()
		}
		before := len(l.tries)
		began := time.Now()
		end()
		if channel, _ := log.Lost(); channel != 3 || len(l.tries)-before > 1 || time.Since(began) > time.Second {
			t.Errorf("%d are lost after %d tries and %v", channel, len(l.tries)-before, time.Since(began))
		}
	})
}

// disk takes as many bytes as there is room for.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("the disk is full")
	}
	return n, nil
}

func TestAFullDiskIsSaidOnceAndItsLossIsInTheFile(t *testing.T) {
	for torn := range 300 { // a write may end anywhere
		synctest.Test(t, func(t *testing.T) {
			var said bytes.Buffer
			l, d := &listener{}, &disk{room: torn}
			log := audit.New(audit.Config{
				Node: "n", Publish: l.publish, Limit: 64 << 10, File: d, Log: slog.New(slog.NewTextHandler(&said, nil)),
			})
			end := run(log)
			for i := range uint64(6) {
				log.Note(published("alice", "a", i+1))
				time.Sleep(interval)
				synctest.Wait()
			}
			d.room = 1 << 20
			log.Note(published("alice", "a", 7))
			log.Note(published("bob", "a", 8))
			end()
			if got, lost := l.entries(); len(got) != 8 || lost != 0 {
				t.Errorf("the channel was told %d", len(got))
			}
			// The lines that can be read, and what is lost, are all there was.
			whole := ""
			for line := range strings.Lines(d.String()) {
				if json.Valid([]byte(line)) {
					whole += line
				}
			}
			entries, lost := readFile(t, whole)
			_, counted := log.Lost()
			if len(entries)+int(lost) != 8 || lost != counted || entries[len(entries)-1].User != "bob" || lost == 0 {
				t.Errorf("room for %d: %d entries and %d lost, %d counted:\n%s", torn, len(entries), lost, counted, d.String())
			}
			if text := said.String(); strings.Count(text, "not written") != 1 || strings.Count(text, "written again") != 1 {
				t.Errorf("it said\n%s", text)
			}
		})
	}
}

func TestALogThatIsNoneDoesNothing(*testing.T) {
	var log *audit.Log
	log.Note(event(ops.OpSubscribe, ops.OutcomeOK, "a"))
	log.Lost()
}

func BenchmarkNote(b *testing.B) {
	for name, users := range map[string]uint64{"one publisher": 1, "ten publishers": 10} {
		b.Run(name, func(b *testing.B) {
			log := audit.New(audit.Config{Node: "n"})
			end := run(log)
			events := make([]audit.Event, users)
			for i := range events {
				events[i] = published(fmt.Sprint("u", i), "a", 0)
			}
			for i := uint64(1); b.Loop(); i++ {
				e := events[i%users]
				e.Offset = i
				log.Note(e)
			}
			end()
		})
	}
}
