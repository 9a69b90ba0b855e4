package checker

import (
	"fmt"
	"strings"
)

// Violation is a promise that was not kept.
type Violation struct {
	// Rule is one of those in the package comment.
	Rule string
	// Text says what is wrong.
	Text string
	// Proof are the events that show it, in their order.
	Proof []Event
}

// String gives the text and the events, a line each.
func (v Violation) String() string {
	var b strings.Builder
	b.WriteString(v.Rule + ": " + v.Text)
	for i := range v.Proof {
		b.WriteString("\n    " + v.Proof[i].String())
	}
	return b.String()
}

// String is the event in words.
func (e *Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d", e.N)
	for _, part := range []string{e.Who, string(e.Kind), e.Channel} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if e.Data != "" {
		fmt.Fprintf(&b, " %q", e.Data)
	}
	if e.Epoch != "" || e.Offset > 0 {
		fmt.Fprintf(&b, " at %s:%d", e.Epoch, e.Offset)
	}
	if e.ID != "" {
		b.WriteString(" id " + e.ID)
	}
	if e.Kind == Gap {
		fmt.Fprintf(&b, " from %d to %d (%d)", e.From, e.To, e.Count)
	}
	if e.Was != nil {
		fmt.Fprintf(&b, " was %s:%d", e.Was.Epoch, e.Was.Offset)
	}
	if e.Recovered {
		b.WriteString(", recovered")
	}
	if e.Duplicate {
		b.WriteString(", duplicate")
	}
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	return b.String()
}

// Counts say how much happened, for a report that passes to mean something.
type Counts struct {
	Sent, Acknowledged, Duplicates, Refused, Unknown int
	Subscribers, Received, Recovered                 int
	Gaps                                             int
	// Missing is how many messages the gaps named.
	Missing              uint64
	Resets               int
	Disconnects, Faults  int
	Flushes, Rollbacks   int
	Subscriptions, Moves int
}

// String is the counts on one line.
func (c Counts) String() string {
	return fmt.Sprintf("%d sent, %d acknowledged (%d duplicates), %d refused, %d unknown; "+
		"%d subscribers, %d received, %d recovered, %d gaps (%d missing), %d resets, %d disconnects; %d faults",
		c.Sent, c.Acknowledged, c.Duplicates, c.Refused, c.Unknown,
		c.Subscribers, c.Received, c.Recovered, c.Gaps, c.Missing, c.Resets, c.Disconnects, c.Faults)
}

// Report is what a check found.
type Report struct {
	Violations []Violation
	Counts     Counts
}

// OK reports whether every promise was kept.
func (r *Report) OK() bool { return len(r.Violations) == 0 }

// shown is how many violations are worth reading: one fault shows in many.
const shown = 10

// String gives the first violations with their proofs, and the counts.
func (r *Report) String() string {
	var b strings.Builder
	for i, v := range r.Violations {
		if i == shown {
			fmt.Fprintf(&b, "and %d more\n", len(r.Violations)-shown)
			break
		}
		b.WriteString(v.String() + "\n")
	}
	b.WriteString(r.Counts.String())
	return b.String()
}
