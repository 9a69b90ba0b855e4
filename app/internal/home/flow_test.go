package home

import (
	"errors"
	"testing"
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func came(foreign bool) live.Batch {
	return live.Batch{Events: []client.Event{
		client.Connected{},
		client.Received{Publication: protocol.Publication{Foreign: foreign}, Latency: time.Millisecond},
	}}
}

func TestNothingMovesBeforeAMessagePasses(t *testing.T) {
	f := Flow{}.Send().Take(live.Batch{Events: []client.Event{client.Connected{}}}, noon).Sent(errors.New("refused"), noon)
	if f.Class() != "is-still" || f.Out != 0 || f.In != 0 {
		t.Errorf("%s, %d out, %d in", f.Class(), f.Out, f.In)
	}
}

func TestWhatThisTabPublishesGoesAround(t *testing.T) {
	f := Flow{}.Send().Take(came(false), noon).Sent(nil, noon)
	if f.Way != Round || f.Turn != 1 || f.Out != 1 || f.In != 1 {
		t.Errorf("%+v", f)
	}
	if f = (Flow{}).Send().Sent(nil, noon).Take(came(false), noon); f.Way != Round || f.Turn != 1 {
		t.Errorf("answered first: %+v", f)
	}
}

func TestWhatOthersPublishComesDown(t *testing.T) {
	f := Flow{}.Take(came(false), noon)
	if f.Way != Down || f.Latency != time.Millisecond {
		t.Errorf("%+v", f)
	}
	f = f.Send().Take(came(true), noon.Add(trip))
	if f.Way != Down || f.Foreign != 1 || f.Turn != 2 {
		t.Errorf("past the relay, while this tab publishes: %+v", f)
	}
}

func TestEveryMessageCountsAndOnePulseGoesAtATime(t *testing.T) {
	f := Flow{}
	for range 100 {
		f = f.Take(came(false), noon)
	}
	first := f.Class()
	if f = f.Take(live.Batch{Dropped: 7}, noon); f.In != 107 || f.Turn != 1 {
		t.Errorf("%d came, %d pulses", f.In, f.Turn)
	}
	if f = f.Take(came(false), noon.Add(trip)); f.Turn != 2 || f.Class() == first {
		t.Errorf("the next pulse is %s after %s", f.Class(), first)
	}
}
