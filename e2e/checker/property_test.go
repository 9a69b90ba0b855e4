package checker

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const histories = 1500

func TestAHistoryInWhichEveryPromiseWasKeptPasses(t *testing.T) {
	var all Counts
	for seed := range uint64(histories) {
		m := newModel(seed)
		report := Check(m.run(400), Config{History: uint64(m.history)})
		if !report.OK() {
			t.Fatalf("seed %d, history %d: %s", seed, m.history, report)
		}
		c := report.Counts
		all.Acknowledged += c.Acknowledged
		all.Duplicates += c.Duplicates
		all.Received += c.Received
		all.Recovered += c.Recovered
		all.Gaps += c.Gaps
		all.Resets += c.Resets
	}
	// A model in which nothing goes wrong would prove nothing.
	t.Log(all)
	for _, n := range []int{all.Duplicates, all.Recovered, all.Gaps, all.Resets} {
		if n < histories/2 {
			t.Errorf("the model's histories are too tame: %s", all)
		}
	}
}

// Who asks for so many messages from the history wants that put to the test: one
// that came by itself instead does not count.
func TestTooLittleThatWasRecoveredIsFoundOut(t *testing.T) {
	found := 0
	for seed := uint64(0); found < wanted; seed++ {
		model := newModel(seed)
		h := &mutant{model.Rand, model.run(400), uint64(model.history)}
		recovered := h.all(func(e *Event) bool { return e.Kind == Receive && e.Recovered })
		if len(recovered) == 0 {
			continue
		}
		cfg := Config{History: h.history, Recovered: len(recovered)}
		if report := Check(h.events, cfg); !report.OK() || report.Counts.Recovered != cfg.Recovered {
			t.Fatalf("seed %d: %d were recovered: %s", seed, cfg.Recovered, report)
		}
		h.events[h.any(recovered)].Recovered = false
		report := Check(h.events, cfg)
		tooFew := fmt.Sprintf("%d messages came from the history, not %d or more", cfg.Recovered-1, cfg.Recovered)
		if !slices.ContainsFunc(report.Violations, func(v Violation) bool { return v.Rule == "recovered" && strings.HasPrefix(v.Text, tooFew) }) {
			t.Fatalf("seed %d: not found out: %s", seed, report)
		}
		found++
	}
}

func TestALogIsReadAsItWasWritten(t *testing.T) {
	var file bytes.Buffer
	log := NewLog(&file)
	for _, e := range newModel(1).run(400) {
		log.Add(e)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	events, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(events, log.events) {
		t.Error("what was read is not what was written")
	}
}

func TestALogThatBreaksOffSaysWhere(t *testing.T) {
	if _, err := Read(bytes.NewBufferString("{\"n\":1,\"kind\":\"fault\"}\n{\"n\":2,")); err == nil || err.Error() != "event 2 of the log: unexpected EOF" {
		t.Error(err)
	}
}
