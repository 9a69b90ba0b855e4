package sensor

import (
	"math"

	"fanlight/server/internal/demo/feed"
	"fanlight/shared/demo"
)

const (
	day = 24 * 60 * 60 // in seconds
	// window is the time, in seconds, in which at most one thing of a kind happens.
	window = 600
)

// event is something that happens to a sensor, in seconds from its window's begin.
type event struct {
	begin, length float64
	dice          feed.Dice
}

// happens returns what happens in the window of a second; its length is 0 if
// nothing does. It begins and ends within the window.
func happens(seed uint64, name string, seq int64, chance, shortest, longest float64) event {
	d := feed.Throw(seed, name, seq/window)
	if d[0] >= chance {
		return event{}
	}
	length := math.Round(shortest + d[1]*(longest-shortest))
	return event{begin: math.Round(d[2] * (window - length)), length: length, dice: d}
}

// at returns how far an event is, from 0 to 1, without 1; it reports false when it is
// not now.
func (e event) at(seq int64) (float64, bool) {
	since := float64(seq%window) - e.begin
	return since / max(e.length, 1), since >= 0 && since < e.length
}

// Silent reports whether a sensor sends nothing in a second.
func Silent(seed uint64, s demo.Sensor, seq int64) bool {
	_, silent := happens(seed, s.Channel()+" silent", seq, 1/2., 3, 12).at(seq)
	return silent
}

// Value returns what a sensor measures in a second.
func Value(seed uint64, s demo.Sensor, seq int64) float64 {
	name := s.Channel()
	middle, half := (s.Low+s.High)/2, (s.High-s.Low)/2
	own := feed.Throw(seed, name, 0) // the sensor's nature
	wave := func(length, phase float64) float64 {
		return math.Sin(2 * math.Pi * (math.Mod(float64(seq), length)/length + phase))
	}
	// The parts are at most 0.85 of the way to the range's end.
	value := 0.45*wave(day, own[0]/8) + 0.2*wave(math.Round(120+400*own[1]), own[2]) + 0.2*feed.Throw(seed, name, seq).Normal()/feed.MaxNormal
	e := happens(seed, name+" strays", seq, 1/3., 20, 45)
	if progress, now := e.at(seq); now {
		beyond := 1.15 + 0.25*e.dice[3]
		if e.dice[4] < 0.5 && (s.Low < 0 || s.Low > half*0.4) { // what is not below zero can't go there
			beyond = -beyond
		}
		there := min(1, 2*math.Sin(math.Pi*progress))
		value += there * (beyond - value)
	}
	return math.Round((middle+half*value)*100) / 100
}
