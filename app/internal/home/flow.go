package home

import (
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
)

// trip is how long a pulse takes; the style sheet knows too. What comes
// meanwhile is counted and sends none.
const trip = 1400 * time.Millisecond

// Way is the way that a message took.
type Way string

// The ways.
const (
	// Still is no way: nothing has passed yet.
	Still Way = ""
	// Round is from this tab to Redis and back to everybody.
	Round Way = "round"
	// Down is from elsewhere through a relay, or from Redis itself, to here.
	Down Way = "down"
)

// Flow is what the picture shows.
type Flow struct {
	// Out counts the messages of this tab that were acknowledged, In those that
	// came, of which Foreign were published past the relay.
	Out, In, Foreign int
	// Way is the last pulse's, and Turn counts the pulses.
	Way  Way
	Turn int
	// Latency is the last live message's, from Redis to here.
	Latency time.Duration

	sending int
	until   time.Time // when the pulse is over
}

// Send notes that this tab publishes.
func (f Flow) Send() Flow {
	f.sending++
	return f
}

// Sent notes the answer.
func (f Flow) Sent(err error, now time.Time) Flow {
	f.sending--
	if err != nil {
		return f
	}
	f.Out++
	return f.pulse(Round, now)
}

// Take takes in what came.
func (f Flow) Take(b live.Batch, now time.Time) Flow {
	f.In += b.Dropped
	for _, ev := range b.Events {
		m, ok := ev.(client.Received)
		if !ok {
			continue
		}
		f.In++
		way := Down
		if m.Foreign {
			f.Foreign++
		} else if f.sending > 0 {
			way = Round // it may be ours, whose answer is on its way too
		}
		if !m.Recovered {
			f.Latency = m.Latency
		}
		f = f.pulse(way, now)
	}
	return f
}

func (f Flow) pulse(way Way, now time.Time) Flow {
	if now.Before(f.until) {
		return f
	}
	f.Way, f.until = way, now.Add(trip)
	f.Turn++
	return f
}

// Class is the pulse's in the style sheet. It is another one at each turn, which
// begins the motion anew.
func (f Flow) Class() string {
	if f.Turn == 0 {
		return "is-still"
	}
	return "is-" + string(f.Way) + " turn-" + string(rune('a'+f.Turn%2))
}
