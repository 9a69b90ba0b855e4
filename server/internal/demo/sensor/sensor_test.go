package sensor_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/demo/sensor"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	began = 1_772_000_000
	hour  = 3600
)

// Over two hours, each of which is judged by the second.
func TestSensorsStayInRangeAndLeaveItNowAndThen(t *testing.T) {
	t.Parallel()
	out, strays := 0, 0
	for _, s := range demo.Fleet() {
		was, before := false, sensor.Value(1, s, began-1)
		lowest, highest := before, before
		for seq := int64(began); seq < began+2*hour; seq++ {
			v := sensor.Value(1, s, seq)
			if v != sensor.Value(1, s, seq) {
				t.Fatal("twice, and not alike")
			}
			half := (s.High - s.Low) / 2
			if v < s.Low-0.45*half || v > s.High+0.45*half || s.Low >= 0 && v < 0 {
				t.Fatalf("%s measures %v", s.Channel(), v)
			}
			if d := v - before; d > 0.6*half || d < -0.6*half {
				t.Errorf("%s jumps from %v to %v", s.Channel(), before, v)
			}
			before, lowest, highest = v, min(lowest, v), max(highest, v)
			is := v < s.Low || v > s.High
			if is {
				out++
			}
			if is && !was {
				strays++
			}
			was = is
		}
		if highest-lowest < (s.High-s.Low)/10 {
			t.Errorf("%s hardly moves: %v to %v", s.Channel(), lowest, highest)
		}
	}
	// A third of 216 windows; a value can cross the border more than once.
	if strays < 40 || strays > 200 || out > 18*2*hour/20 {
		t.Errorf("%d times, %d seconds out of range", strays, out)
	}
}

func TestSensorsAreSilentForSecondsNowAndThen(t *testing.T) {
	t.Parallel()
	times, longest := 0, 0
	for _, s := range demo.Fleet() {
		length := 0
		for seq := int64(began); seq < began+2*hour; seq++ {
			if !sensor.Silent(1, s, seq) {
				length = 0
				continue
			}
			if length++; length == 1 {
				times++
			}
			longest = max(longest, length)
		}
	}
	if times < 70 || times > 150 || longest < 8 || longest > 24 { // half of 216; two may touch
		t.Errorf("%d times, the longest of %d seconds", times, longest)
	}
}

// log notes when what came.
type log struct {
	mu    sync.Mutex
	all   map[string]map[int64]demo.Reading // by channel and Seq
	burst map[int64]int                     // by when it came, in milliseconds
	twice int
}

func (l *log) Publish(_ context.Context, p protocol.Publish) (protocol.Published, error) {
	var r demo.Reading
	if err := json.Unmarshal(p.Data, &r); err != nil {
		return protocol.Published{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[p.Channel] == nil {
		l.all[p.Channel] = make(map[int64]demo.Reading)
	}
	if _, there := l.all[p.Channel][r.Seq]; there {
		l.twice++
	}
	l.all[p.Channel][r.Seq] = r
	l.burst[time.Now().UnixMilli()]++
	if p.Tags["value"] != r.Value || p.Tags["site"] == nil || p.Tags["kind"] == nil || p.Key == "" {
		panic(p)
	}
	return protocol.Published{}, p.Tags.Check()
}

func TestTheFleetSendsEachSecondWithoutBurstsAndWithHoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{all: make(map[string]map[int64]demo.Reading), burst: make(map[int64]int)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			sensor.Run(ctx, sensor.Config{Relay: l, Seed: 1})
		}()
		first := time.Now().Unix() + 1
		const seconds = 1200
		time.Sleep((seconds + 1) * time.Second)
		cancel()
		<-ended
		holes := 0
		for _, s := range demo.Fleet() {
			for seq := first; seq < first+seconds; seq++ {
				r, sent := l.all[s.Channel()][seq]
				if sent == sensor.Silent(1, s, seq) {
					t.Fatalf("%s at %d: sent is %v", s.Channel(), seq, sent)
				}
				if !sent {
					holes++
				} else if r.At/demo.ReadingInterval != seq || r.Value != sensor.Value(1, s, seq) {
					t.Fatalf("%+v", r)
				}
			}
		}
		if holes == 0 || l.twice > 0 {
			t.Errorf("%d holes, %d twice", holes, l.twice)
		}
		for at, count := range l.burst {
			if count > 2 {
				t.Fatalf("%d at once, at %d", count, at)
			}
		}
	})
}
