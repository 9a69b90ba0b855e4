package checker

import (
	"fmt"
	"math/rand/v2"

	"fanlight/shared/protocol"
)

// model is a system that keeps every promise, with everything that may go wrong
// around it: it makes histories that must pass. Each step is one thing that
// happens somewhere, chosen at random.
type model struct {
	*rand.Rand
	events      []Event
	history     int
	publishers  []*publisher
	subscribers []*subscriber

	epochs int // so far
	redis  state
	saved  *state
	ids    int
}

// state is what Redis holds of the channel.
type state struct {
	epoch  string
	top    uint64
	stream []Event // Entry, oldest first
	keys   map[string]Event
}

func (s state) clone() *state {
	s.stream = append([]Event(nil), s.stream...)
	keys := map[string]Event{}
	for k, v := range s.keys {
		keys[k] = v
	}
	s.keys = keys
	return &s
}

type publisher struct {
	name  string
	sent  int
	data  string // of the message that is out, "" when none is
	tried bool   // Redis may have it
	reply *Event // what will be answered
}

type subscriber struct {
	name   string
	online bool
	gone   bool
	queue  []Event // on the wire to it
	// at and id are where it stands; ahead and aheadID, once it has read the wire.
	at, ahead   protocol.Position
	id, aheadID string
	subscribed  bool
	// announced and got count recovered messages, since the last reply.
	announced, got uint64
}

const modelChannel = "news"

func newModel(seed uint64) *model {
	m := &model{Rand: rand.New(rand.NewPCG(seed, 0)), redis: state{keys: map[string]Event{}}}
	m.history = 5 + m.IntN(30)
	for i := range 1 + m.IntN(4) {
		m.publishers = append(m.publishers, &publisher{name: fmt.Sprintf("p%d", i+1)})
	}
	for i := range 1 + m.IntN(4) {
		m.subscribers = append(m.subscribers, &subscriber{name: fmt.Sprintf("s%d", i+1)})
	}
	return m
}

func (m *model) log(e Event) {
	e.N = uint64(len(m.events)) + 1
	if e.Kind != Flushed && e.Kind != Settled {
		e.Channel = modelChannel
	}
	m.events = append(m.events, e)
}

// run makes a history of so many steps, and its end.
func (m *model) run(steps int) []Event {
	lossy := m.IntN(2) == 0
	for range steps {
		p, s := m.publishers[m.IntN(len(m.publishers))], m.subscribers[m.IntN(len(m.subscribers))]
		switch n := m.IntN(1000); {
		case n < 400:
			m.publish(p)
		case n < 900:
			m.deliver(s)
		case n < 930:
			m.disconnect(s)
		case n < 985:
			m.connect(s)
		case n < 990 && lossy:
			m.saved = m.redis.clone()
		case n < 993 && lossy:
			m.flush()
		case n < 996 && lossy:
			m.rollBack()
		case n < 997 && lossy:
			m.expire()
		case n == 997 && len(m.subscribers) > 1 && s != m.subscribers[0] && s.online:
			m.log(Event{Kind: Leave, Who: s.name})
			s.gone, s.online = true, false
		}
	}
	for _, p := range m.publishers {
		for p.data != "" {
			m.publish(p)
		}
	}
	for _, s := range m.subscribers {
		for !s.gone && (!s.online || len(s.queue) > 0) {
			m.connect(s)
			m.deliver(s)
		}
	}
	top := Event{Kind: Top, Epoch: m.redis.epoch, Offset: m.redis.top}
	for _, e := range m.redis.stream {
		m.log(e)
		top.ID = e.ID
	}
	m.log(top)
	return m.events
}

// publish takes a publisher's next step.
func (m *model) publish(p *publisher) {
	switch {
	case p.data == "":
		p.sent++
		p.data, p.tried, p.reply = fmt.Sprintf("%s-%d", p.name, p.sent), false, nil
		m.log(Event{Kind: Invoke, Who: p.name, Data: p.data})
	case p.reply == nil && !p.tried && m.IntN(20) == 0:
		m.log(Event{Kind: Refuse, Who: p.name, Data: p.data})
		p.data = ""
	case p.reply == nil:
		p.tried = true
		reply := m.store(p)
		if m.IntN(5) > 0 { // else it is lost, and the publisher tries again
			p.reply = &reply
		}
	default:
		m.log(*p.reply)
		p.data = ""
	}
}

func (m *model) store(p *publisher) Event {
	r := &m.redis
	if first, ok := r.keys[p.data]; ok {
		first.Duplicate = true
		return first
	}
	if r.epoch == "" {
		m.epochs++
		r.epoch, r.top = fmt.Sprintf("e%d", m.epochs), 0
	}
	r.top++
	m.ids++
	e := Event{Kind: Entry, Epoch: r.epoch, Offset: r.top, ID: fmt.Sprintf("i%d", m.ids), Data: p.data}
	r.stream = append(r.stream, e)
	if len(r.stream) > m.history {
		r.stream = r.stream[1:]
	}
	for _, s := range m.subscribers {
		if !s.online {
			continue
		}
		if s.ahead.Epoch != r.epoch && s.ahead != (protocol.Position{}) || s.ahead.Offset != r.top-1 {
			panic("the model lost something")
		}
		s.send(e, false)
	}
	e.Kind, e.Who = Ack, p.name
	r.keys[p.data] = e
	return e
}

func (s *subscriber) send(e Event, recovered bool) {
	e.Kind, e.Who, e.Recovered = Receive, s.name, recovered
	s.queue = append(s.queue, e)
	s.ahead, s.aheadID = e.position(), e.ID
}

func (m *model) deliver(s *subscriber) {
	if len(s.queue) == 0 {
		return
	}
	e := s.queue[0]
	s.queue = s.queue[1:]
	m.log(e)
	s.at, s.id = e.position(), e.ID
	if e.Kind == Gap {
		s.at.Offset = e.To
	}
	if e.Recovered {
		if s.got++; s.got == s.announced {
			m.log(Event{Kind: Recovered, Who: s.name, Count: s.got})
		}
	}
}

func (m *model) disconnect(s *subscriber) {
	if s.online {
		m.log(Event{Kind: Disconnect, Who: s.name})
		s.online, s.queue, s.ahead, s.aheadID = false, nil, s.at, s.id
	}
}

func (m *model) connect(s *subscriber) {
	if s.online || s.gone {
		return
	}
	s.online = true
	r := &m.redis
	if !s.subscribed {
		s.subscribed = true
		n := m.IntN(len(r.stream) + 1) // rewind
		m.log(Event{Kind: Subscribe, Who: s.name, Epoch: r.epoch, Offset: r.top, Count: uint64(n)})
		s.announced, s.got = uint64(n), 0
		s.at = protocol.Position{Epoch: r.epoch, Offset: r.top - uint64(n)}
		s.ahead = s.at
		for _, e := range r.stream[len(r.stream)-n:] {
			s.send(e, true)
		}
		return
	}
	m.resume(s, true)
}

// resume brings a subscriber to the top: as the answer to a subscribe, or when
// Redis lost its data under those who were there.
func (m *model) resume(s *subscriber, reply bool) {
	r := &m.redis
	kept := r.top - uint64(len(r.stream))
	reset := s.ahead != (protocol.Position{}) && (s.ahead.Epoch != r.epoch || s.ahead.Offset > r.top)
	if s.ahead.Epoch == r.epoch && s.ahead.Offset > kept && s.ahead.Offset <= r.top {
		reset = s.aheadID != "" && r.stream[s.ahead.Offset-kept-1].ID != s.aheadID
	}
	was, from := s.ahead, s.ahead.Offset
	var markers []Event
	if reset {
		from = 0
		markers = append(markers, Event{Kind: Reset, Who: s.name, Epoch: r.epoch, Was: &was})
	}
	if from < kept {
		markers = append(markers, Event{Kind: Gap, Who: s.name, Epoch: r.epoch, From: from + 1, To: kept, Count: kept - from})
		from = kept
	}
	if reply {
		m.log(Event{Kind: Subscribe, Who: s.name, Epoch: r.epoch, Offset: r.top, Count: r.top - from})
		s.announced, s.got = r.top-from, 0
		for _, e := range markers {
			m.log(e)
		}
	} else {
		s.queue = append(s.queue, markers...)
	}
	s.ahead = protocol.Position{Epoch: r.epoch, Offset: from}
	if len(markers) > 0 {
		s.aheadID = ""
	}
	if reply {
		s.at, s.id = s.ahead, s.aheadID
	}
	for _, e := range r.stream[from-kept:] {
		s.send(e, reply)
	}
}

func (m *model) flush() {
	m.log(Event{Kind: Flushed})
	m.publish(m.publishers[0])
	m.lose(state{keys: map[string]Event{}})
}

func (m *model) rollBack() {
	if m.saved == nil || m.saved.epoch == "" || m.saved.epoch != m.redis.epoch {
		return
	}
	m.log(Event{Kind: RolledBack, Epoch: m.saved.epoch, Offset: m.saved.top})
	m.publish(m.publishers[0])
	m.lose(*m.saved.clone())
}

func (m *model) expire() {
	if m.redis.top == 0 {
		return
	}
	m.log(Event{Kind: Expired, Epoch: m.redis.epoch, Offset: m.redis.top})
	m.redis.stream = nil
	m.log(Event{Kind: Settled})
}

// lose replaces what Redis holds; whoever is there is told.
func (m *model) lose(by state) {
	m.redis = by
	m.log(Event{Kind: Settled})
	for _, s := range m.subscribers {
		if s.online {
			m.resume(s, false)
		}
	}
}
