package ui

import (
	"strconv"
	"strings"
	"time"

	"fanlight/shared/client"
)

// Status is the connection's state, as it is put into words.
type Status struct {
	phase  phase
	retry  time.Time // of the next attempt, when away
	reason string    // of the end, when closed
}

type phase int

const (
	starting phase = iota // the program is not there yet
	connecting
	connected
	away
	closed
)

// Apply takes in what the client reports.
func (s Status) Apply(ev client.Event, now time.Time) Status {
	switch ev := ev.(type) {
	case client.Connecting:
		if s.phase == away || ev.Attempt > 1 {
			return Status{phase: away} // still: it may not last
		}
		return Status{phase: connecting}
	case client.Connected:
		return Status{phase: connected}
	case client.Disconnected:
		if !ev.Final {
			return Status{phase: away, retry: now.Add(ev.Retry)}
		}
		s = Status{phase: closed}
		if _, byServer := client.CloseCode(ev.Err); byServer {
			text := strings.TrimPrefix(ev.Err.Error(), "client: ")
			s.reason = strings.ToUpper(text[:1]) + text[1:] + "."
		}
	}
	return s
}

// Name is the state in one word, for style sheets.
func (s Status) Name() string {
	return [...]string{"starting", "connecting", "connected", "away", "closed"}[s.phase]
}

// Words says what the state is.
func (s Status) Words() string {
	switch s.phase {
	case starting:
		return "Starting…"
	case connecting:
		return "Connecting…"
	case connected:
		return "Connected"
	case away:
		return "Away, trying again"
	default:
		if s.reason != "" {
			return "Closed by the server"
		}
		return "Closed"
	}
}

// Reason is why the server closed the connection for good; empty if it didn't.
func (s Status) Reason() string { return s.reason }

// Countdown says when the next attempt is, when it is more than a second away.
func (s Status) Countdown(now time.Time) string {
	if wait := s.retry.Sub(now); s.phase == away && wait > time.Second {
		return "in " + strconv.Itoa(int((wait+time.Second-1)/time.Second)) + " s"
	}
	return ""
}

// Retry reports whether somebody may want to try at once.
func (s Status) Retry(now time.Time) bool {
	return s.phase == closed || s.Countdown(now) != ""
}
