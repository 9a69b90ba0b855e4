package monitor

import (
	"encoding/json"

	"fanlight/shared/protocol"
)

// Flow says whether samples come, and if not, why.
type Flow string

// What there is to say.
const (
	// Waiting is before the first sample.
	Waiting Flow = "waiting"
	Flowing Flow = "flowing"
	// Asking is a silence of which nobody knows the reason yet.
	Asking    Flow = "asking"
	RedisAway Flow = "redis-away"
	// Offline is a device without a network, and RelayGone a relay that does not
	// answer.
	Offline   Flow = "offline"
	RelayGone Flow = "relay-gone"
	// Mute is a relay that says that messages flow, while no relay reports.
	Mute Flow = "mute"
)

const (
	// quiet is the silence after which one asks: samples come each second.
	quiet = 2200
	// askEvery is the time between two questions while there is no answer that
	// explains it, and askAgain else: it may change.
	askEvery = second
	askAgain = 5 * second
	// mute is how long a relay may say that all is well before its silence is
	// believed to be meant.
	mute = 6 * second
)

// Outage finds out why nothing comes.
type Outage struct {
	Flow Flow
	// Since is when the last sample was published, if none comes any more.
	Since int64
	// Reason is the relay's own.
	Reason string
	// Past are the outages of Redis that this page saw, which is known also when
	// the relays have forgotten them. It is bounded by the window.
	Past []Stretch
	// Steady is since when samples come without a pause.
	Steady int64

	heard  int64
	away   bool // there is no connection
	off    bool // there is no network
	asking bool
	asked  int64 // when
	status int   // of the answer; -1 before there is one
}

// NewOutage begins to listen.
func NewOutage(now int64) Outage { return Outage{Flow: Waiting, Since: now, status: -1} }

// Hear notes that samples came, the last of which was published at a time.
func (o Outage) Hear(published, now int64) Outage {
	o.heard = max(o.heard, published)
	return o.decide(now)
}

// Connect notes whether there is a connection, and a network.
func (o Outage) Connect(connected, network bool, now int64) Outage {
	o.away, o.off = !connected, !network
	return o.decide(now)
}

// Tick notes that time has passed, and reports whether the relay is to be asked.
func (o Outage) Tick(now int64) (next Outage, ask bool) {
	o = o.decide(now)
	wait := int64(askEvery)
	if o.Flow == RedisAway || o.Flow == Mute {
		wait = askAgain
	}
	if o.Flow == Flowing || o.asking || now-o.Since < quiet || o.asked != 0 && now-o.asked < wait {
		return o, false
	}
	o.asking, o.asked = true, now
	return o, true
}

// Answer takes in what /readyz said; the status is 0 if nothing did.
func (o Outage) Answer(status int, text string, now int64) Outage {
	o.asking, o.status, o.Reason = false, status, ""
	var problem protocol.Problem
	if json.Unmarshal([]byte(text), &problem) == nil {
		o.Reason = problem.Detail
	}
	return o.decide(now)
}

func (o Outage) decide(now int64) Outage {
	before := o.Flow
	if o.heard != 0 {
		o.Since = o.heard
	}
	switch {
	case o.heard != 0 && now-o.heard < quiet:
		o.Flow, o.status, o.Reason, o.asked = Flowing, -1, "", 0
	case o.off:
		o.Flow = Offline
	case o.status == 0:
		o.Flow = RelayGone
	case o.status == 503:
		o.Flow = RedisAway
	case o.status > 0 && !o.away && now-o.Since > mute:
		o.Flow = Mute
	case o.heard == 0 && o.status < 0:
		o.Flow = Waiting
	case o.heard != 0:
		o.Flow = Asking
	}
	if o.Flow != before && o.Flow == Flowing {
		o.Steady = now
	}
	return o.note(now)
}

// note keeps outages of Redis in mind.
func (o Outage) note(now int64) Outage {
	if o.Flow != RedisAway && (len(o.Past) == 0 || o.Past[0].To > now-window) {
		return o
	}
	var past []Stretch
	for _, s := range o.Past {
		if s.To > now-window {
			past = append(past, s)
		}
	}
	if o.Flow == RedisAway {
		past = append(past, Stretch{From: o.Since, To: now})
	}
	o.Past = Join(past)
	return o
}

// Words says it.
func (o Outage) Words() string {
	since := clock(o.Since)
	switch o.Flow {
	case RedisAway:
		words := "Redis is away since " + since
		if o.Reason != "" {
			words += ": " + o.Reason
		}
		return words + ". What the relays note meanwhile comes when it is back."
	case Offline:
		return "This device is offline since " + since + ": nothing reaches this tab, whatever the relays do."
	case RelayGone:
		return "The relay of this tab is gone: nothing answers since " + since + ". The tab tries to reach it, or another."
	case Mute:
		return "The relay says that messages flow, and yet none reports since " + since + ". Were they started without reporting, or has your token a filter?"
	case Asking:
		return "Nothing has come since " + since + ". Asking the relay why."
	default:
		return ""
	}
}
