package chat

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

const (
	// maxSends bounds what waits for an answer or for a decision.
	maxSends = 20
	// maxDraft is the longest text that one may send, in characters.
	maxDraft = 4000
	// answerTimeout is how long one attempt waits, the time away included.
	answerTimeout = 10 * time.Second
	// keyLasts is how long an ID keeps a message from being stored twice: the
	// server's five minutes, less what an attempt takes and clocks differ.
	keyLasts = 4 * time.Minute
)

// Outbox is what one says, until it comes back as a message of the room.
type Outbox struct {
	// Sends are oldest first.
	Sends []Send
	// Problem is why the draft was not taken.
	Problem string
	// Away says that there is no connection, and Limited that the server takes
	// no more at the time: either way, what is sent waits.
	Away, Limited bool

	limit int // of a message's data, in bytes
}

// Send is something that one said.
type Send struct {
	Message demo.ChatMessage `json:"message"`
	State   SendState        `json:"state"`
	Problem string           `json:"problem,omitempty"`
	// First is when it was first sent.
	First time.Time `json:"first"`
	// At is where the server stored it, once it has.
	At protocol.Position `json:"at"`
}

// SendState is how far something is that one said.
type SendState int

// The states. Waiting is for one that has not been sent, since there is no
// connection. Unsure is for one that was not answered in time: it may have been
// stored, and is sent again by itself as long as that is safe.
const (
	Sending SendState = iota
	Waiting
	Unsure
	Failed
	Stored
)

// Submit says something, or says in Problem why not. It returns what was taken,
// nil for nothing. It is to be published, unless one is away: then it waits, so
// that what one says keeps its order.
func (o Outbox) Submit(text string, id, from string, now time.Time) (Outbox, *demo.ChatMessage) {
	text = strings.Trim(text, "\r\n")
	limit := o.limit
	if limit == 0 {
		limit = protocol.DefaultLimits.Message
	}
	o.Problem = ""
	switch {
	case strings.TrimSpace(text) == "":
		return o, nil
	case len(text)+1024 > limit:
		o.Problem = "This is too long: the server takes " + strconv.Itoa(limit) + " bytes, and this has " + strconv.Itoa(len(text)) + "."
		return o, nil
	case len(o.Sends) >= maxSends:
		o.Problem = plural(len(o.Sends), "message") + " still wait. Send or discard them first."
		return o, nil
	}
	m := demo.ChatMessage{ID: id, From: from, Text: text}
	s := Send{Message: m, First: now}
	if o.Away {
		s.State = Waiting
	}
	o.Sends = append(slices.Clone(o.Sends), s)
	return o, &m
}

// Answer takes in what became of an attempt.
func (o Outbox) Answer(id string, done protocol.Published, err error) Outbox {
	o.Limited = o.Limited && err != nil
	return o.change(id, func(s *Send) {
		var refused *protocol.Error
		switch {
		case err == nil:
			s.State, s.Problem, s.At = Stored, "", done.Position
		case s.State == Stored:
		case errors.As(err, &refused):
			s.State, s.Problem = Failed, "Not sent. "+explain(refused)
		case errors.Is(err, client.ErrQueueFull):
			s.State, s.Problem = Failed, "Not sent: too much waits already."
		default:
			s.State, s.Problem = Unsure, "Not acknowledged yet."
		}
	})
}

func explain(refused *protocol.Error) string {
	switch refused.Code {
	case protocol.CodePermission:
		return "You " + refused.Message + ". Who you are is chosen at the top of the page."
	default:
		return "The server says: " + refused.Message + "."
	}
}

// Again sends one again that failed, or that was not answered.
func (o Outbox) Again(id string) (Outbox, *demo.ChatMessage) {
	var m *demo.ChatMessage
	o = o.change(id, func(s *Send) {
		if s.State == Failed || s.State == Unsure {
			s.State, s.Problem = Sending, ""
			m = &demo.ChatMessage{ID: s.Message.ID, From: s.Message.From, Text: s.Message.Text}
		}
	})
	return o, m
}

// Discard forgets one that failed, or that was not answered.
func (o Outbox) Discard(id string) Outbox {
	o.Sends = slices.DeleteFunc(slices.Clone(o.Sends), func(s Send) bool {
		return s.Message.ID == id && (s.State == Failed || s.State == Unsure)
	})
	return o
}

// Connected takes in what the server allows, and returns what is to be sent, in
// order: what waits, and what was not answered, as long as its key keeps it from
// being doubled.
func (o Outbox) Connected(limits protocol.Limits, now time.Time) (Outbox, []demo.ChatMessage) {
	o.Away, o.Limited, o.limit = false, false, limits.Message
	var again []demo.ChatMessage
	o.Sends = slices.Clone(o.Sends)
	for i, s := range o.Sends {
		switch {
		case s.State == Waiting:
			o.Sends[i].State, o.Sends[i].First = Sending, now
			again = append(again, s.Message)
		case s.State != Unsure:
		case now.Sub(s.First) < keyLasts && !now.Before(s.First):
			o.Sends[i].State, o.Sends[i].Problem = Sending, ""
			again = append(again, s.Message)
		default:
			o.Sends[i].Problem = "Not acknowledged, and too long ago to try again by itself: it may be above."
		}
	}
	return o, again
}

// Came lets go of those that came back as messages of the room.
func (o Outbox) Came(id string) Outbox {
	if o.find(id) >= 0 {
		o.Sends = slices.DeleteFunc(slices.Clone(o.Sends), func(s Send) bool { return s.Message.ID == id })
	}
	return o
}

// Passed lets go of those that are stored where the room has been already: they
// are among what is shown, or among what is lost. It is for positions that were
// not known when the room got there.
func (o Outbox) Passed(top protocol.Position) Outbox {
	o.Sends = slices.DeleteFunc(slices.Clone(o.Sends), func(s Send) bool {
		return s.State == Stored && s.At.Epoch == top.Epoch && s.At.Offset <= top.Offset
	})
	return o
}

// Reset takes in that the room's history is gone, and with it what was stored
// there and had not come back.
func (o Outbox) Reset(was protocol.Position) Outbox {
	o.Sends = slices.Clone(o.Sends)
	for i, s := range o.Sends {
		if s.State == Stored && s.At.Epoch == was.Epoch {
			o.Sends[i].State, o.Sends[i].Problem = Failed, "The server had stored it, and lost it with its history."
		}
	}
	return o
}

// Keep returns what a reload must not lose, as one that comes back.
func (o Outbox) Keep() []Send {
	var kept []Send
	for _, s := range o.Sends {
		if s.State == Sending {
			s.State = Unsure
		}
		if s.State != Stored {
			kept = append(kept, s)
		}
	}
	return kept
}

func (o Outbox) find(id string) int {
	return slices.IndexFunc(o.Sends, func(s Send) bool { return s.Message.ID == id })
}

func (o Outbox) change(id string, f func(*Send)) Outbox {
	if i := o.find(id); i >= 0 {
		o.Sends = slices.Clone(o.Sends)
		f(&o.Sends[i])
	}
	return o
}
