package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fanlight/server/internal/audit"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// interval is the logs' own.
const interval = 250 * time.Millisecond

// listener is a channel, of which the test decides what it does.
type listener struct {
	mu    sync.Mutex
	tries []protocol.Publish
	told  []ops.Audit
	fails error         // what a publish returns
	gate  chan struct{} // when not nil, each publish waits for one
}

func (l *listener) publish(_ context.Context, p protocol.Publish) error {
	if l.gate != nil {
		<-l.gate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries = append(l.tries, p)
	if l.fails != nil {
		return l.fails
	}
	var a ops.Audit
	if err := json.Unmarshal(p.Data, &a); err != nil {
		return err
	}
	l.told = append(l.told, a)
	return nil
}

func (l *listener) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fails = err
}

// entries returns all that it was told, and how much was said to be missing.
func (l *listener) entries() (all []ops.Entry, lost uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.told {
		all = append(all, a.Entries...)
		lost += a.Lost
	}
	return all, lost
}

// run runs a log until the returned function is called.
func run(log *audit.Log) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { log.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

func logTo(l *listener) *audit.Log {
	return audit.New(audit.Config{Node: "n", Publish: l.publish, Limit: 64 << 10})
}

func published(user, channel string, offset uint64) audit.Event {
	return audit.Event{
		Op: ops.OpPublish, Outcome: ops.OutcomeOK, Channel: channel, User: user, Way: ops.WayV1,
		From: netip.MustParseAddr("192.0.2.7"), Epoch: "e", Offset: offset,
	}
}

func event(op, outcome, channel string) audit.Event {
	return audit.Event{Op: op, Outcome: outcome, Channel: channel, User: "bob", Way: ops.WayHTTP}
}

func TestTheSameAgainIsOneEntryThatCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		log := logTo(l)
		defer run(log)()
		began := time.Now().UnixMilli()
		log.Note(published("alice", "a", 1))
		time.Sleep(10 * time.Millisecond)
		log.Note(published("alice", "a", 2))
		log.Note(event(ops.OpSubscribe, ops.OutcomeOK, "a"))
		log.Note(published("alice", "a", 3)) // though somebody came in between
		log.Note(published("alice", "a", 5)) // somebody else's is 4
		log.Note(published("alice", "b", 6))
		log.Note(published("carol", "a", 6))
		log.Note(event(ops.OpSubscribe, "permission_denied", "a"))
		log.Note(event(ops.OpSubscribe, ops.OutcomeOK, "a"))
		time.Sleep(interval)
		synctest.Wait()
		log.Note(published("carol", "a", 7)) // another quarter of a second
		time.Sleep(interval)
		synctest.Wait()
		got, lost := l.entries()
		alice := ops.Entry{At: began, Count: 1, Op: "publish", Outcome: "ok", Channel: "a", User: "alice", From: "192.0.2.7", Way: "fanlight.v1", Epoch: "e"}
		bob := ops.Entry{At: began + 10, Count: 1, Op: "subscribe", Outcome: "ok", Channel: "a", User: "bob", Way: "http"}
		with := func(e ops.Entry, change func(*ops.Entry)) ops.Entry { change(&e); return e }
		want := []ops.Entry{
			with(alice, func(e *ops.Entry) { e.Count, e.Until, e.Offset, e.Last = 3, began+10, 1, 3 }),
			with(bob, func(e *ops.Entry) { e.Count, e.Until = 2, began+10 }),
			with(alice, func(e *ops.Entry) { e.At, e.Offset = began+10, 5 }),
			with(alice, func(e *ops.Entry) { e.At, e.Offset, e.Channel = began+10, 6, "b" }),
			with(alice, func(e *ops.Entry) { e.At, e.Offset, e.User = began+10, 6, "carol" }),
			with(bob, func(e *ops.Entry) { e.Outcome = "permission_denied" }),
			with(alice, func(e *ops.Entry) { e.At, e.Offset, e.User = began+10+interval.Milliseconds(), 7, "carol" }),
		}
		if !slices.Equal(got, want) || lost != 0 || len(l.told) != 2 || l.told[0].Node != "n" {
			t.Errorf("it was told\n%+v, %d\nwant\n%+v", got, lost, want)
		}
		if p := l.tries[0]; p.Channel != ops.AuditChannel || p.Tags["node"] != "n" || p.Key == l.tries[1].Key {
			t.Errorf("it came as %+v", p)
		}
	})
}

func TestANameThatNoChannelHasIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		log := logTo(l)
		defer run(log)()
		log.Note(event(ops.OpSubscribe, "channel_invalid", strings.Repeat("x", 127)+"ü"+strings.Repeat("y", 1<<20)))
		log.Note(event(ops.OpSubscribe, "channel_invalid", "\xff\x00"))
		time.Sleep(interval)
		synctest.Wait()
		got, _ := l.entries()
		if len(got) != 2 || got[0].Channel != strings.Repeat("x", 127)+"…" || got[1].Channel != "�\x00" {
			t.Errorf("%+v", got)
		}
	})
}

// Below the bound for exactness, each offset has one owner, whatever the order.
func TestWhatIsNotedIsToldOrCountedAsLost(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			l := &listener{}
			var file strings.Builder
			log := audit.New(audit.Config{Node: "n", Publish: l.publish, Limit: 2000, File: &file})
			end := run(log)
			owners := make(map[string]string)
			offsets := make(map[string]uint64)
			users, channels := 1+random.IntN(30), 1+random.IntN(60)
			noted := 0
			for range 1 + random.IntN(6000) {
				user, channel := fmt.Sprint("u", random.IntN(users)), fmt.Sprint("c", random.IntN(channels))
				switch random.IntN(4) {
				case 0:
					log.Note(audit.Event{Op: ops.OpHistory, Outcome: "permission_denied", Channel: channel, User: user})
				default:
					offsets[channel]++
					owners[fmt.Sprint(channel, "/", offsets[channel])] = user
					log.Note(published(user, channel, offsets[channel]))
				}
				noted++
				if random.IntN(200) == 0 {
					time.Sleep(interval)
				}
			}
			end()
			got, lost := l.entries()
			lines, lostToFile := readFile(t, file.String())
			if len(lines) != len(got) || lostToFile != lost {
				t.Errorf("seed %d: the file has %d lines and misses %d, the channel %d and %d", seed, len(lines), lostToFile, len(got), lost)
			}
			told := 0
			for i, e := range got {
				told += e.Count
				e.Node = "n"
				if e != lines[i] {
					t.Fatalf("seed %d: the file says %+v, the channel %+v", seed, lines[i], e)
				}
				if e.Op != ops.OpPublish {
					continue
				}
				last := max(e.Last, e.Offset)
				if owners[fmt.Sprint(e.Channel, "/", e.Offset)] != e.User || owners[fmt.Sprint(e.Channel, "/", last)] != e.User || uint64(e.Count) > last-e.Offset+1 {
					t.Fatalf("seed %d: %+v is not %s's", seed, e, e.User)
				}
				for o := e.Offset; uint64(e.Count) == last-e.Offset+1 && o <= last; o++ {
					if owners[fmt.Sprint(e.Channel, "/", o)] != e.User {
						t.Fatalf("seed %d: %d of %+v is somebody else's", seed, o, e)
					}
				}
			}
			if uint64(told)+lost != uint64(noted) {
				t.Errorf("seed %d: %d were told and %d lost of %d", seed, told, lost, noted)
			}
			if channel, file := log.Lost(); channel != lost || file != lost {
				t.Errorf("seed %d: %d and %d are counted as lost, want %d", seed, channel, file, lost)
			}
			for _, p := range l.tries {
				if len(p.Data) > 2000 {
					t.Errorf("seed %d: a message has %d bytes", seed, len(p.Data))
				}
			}
		})
	}
}

func readFile(t *testing.T, text string) (entries []ops.Entry, lost uint64) {
	t.Helper()
	for line := range strings.Lines(text) {
		var both struct {
			ops.Entry
			Lost uint64 `json:"lost"`
		}
		if err := json.Unmarshal([]byte(line), &both); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if lost += both.Lost; both.Lost == 0 {
			entries = append(entries, both.Entry)
		}
	}
	return entries, lost
}

func TestABusyChannelsManyPublishersTakeAnEntryEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		log := logTo(l)
		defer run(log)()
		for i := range uint64(20_000) {
			log.Note(published(fmt.Sprint("u", i%10), "a", i+1))
		}
		time.Sleep(interval)
		synctest.Wait()
		got, lost := l.entries()
		count := 0
		for _, e := range got {
			count += e.Count
		}
		if len(got) > 300 || lost != 0 || count != 20_000 {
			t.Errorf("%d entries count %d, %d are lost", len(got), count, lost)
		}
	})
}

// Whoever asks for nonsense as fast as it can must not hide what is done.
func TestRefusalsLeaveRoomForWhatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		log := logTo(l)
		defer run(log)()
		for i := range 2000 {
			log.Note(event(ops.OpSubscribe, "channel_invalid", fmt.Sprint("No!", i)))
		}
		for i := range 2000 {
			log.Note(event(ops.OpSubscribe, ops.OutcomeOK, fmt.Sprint("c", i)))
		}
		time.Sleep(interval)
		synctest.Wait()
		got, lost := l.entries()
		done := 0
		for _, e := range got {
			if e.Outcome == ops.OutcomeOK {
				done++
			}
		}
		if len(got) != 1024 || done != 512 || lost != 4000-1024 {
			t.Errorf("%d entries, %d of what was done, %d lost", len(got), done, lost)
		}
	})
}
