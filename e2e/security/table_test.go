package security_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// The operations of the table. To resume is to subscribe again from where one
// was: that is authorised anew. By the ways that have no history of their own,
// history is what a rewind brings.
const (
	subscribe = "subscribe"
	publish   = "publish"
	history   = "history"
	presence  = "presence"
	resume    = "resume"
)

// person is a row of the table: who calls, on channels like room:7, or those of
// another namespace.
type person struct {
	name   string
	space  string
	token  string
	may    []string
	onlyOf string        // the level of what may be read; "" for any
	dead   protocol.Code // why nothing at all goes
}

// hall is a namespace in which one may do something without a grant.
var (
	anybody = channel.Subscribe | channel.History
	members = channel.Publish | channel.Presence // with any token, besides that
	hall    = relay.Namespace{Presence: true, Anonymous: &anybody, Default: &members}
)

func people(s *site, keys issuer) []person {
	s.Helper()
	grant := func(ops ...string) object { return object{"room:*": ops} }
	rows := []person{
		{name: "none"},
		{name: "reader", token: jwt("reader", grant("subscribe", "history", "presence")), may: []string{subscribe, history, presence, resume}},
		{name: "writer", token: jwt("writer", grant("publish")), may: []string{publish}},
		{name: "member", token: jwt("member", grant("subscribe", "publish", "history", "presence")), may: []string{subscribe, publish, history, presence, resume}},
		{name: "historian", token: jwt("historian", grant("history", "presence")), may: []string{history, presence}},
		{name: "other user", token: jwt("bob", object{"user:{sub}:#": everything["#"], "room": everything["#"], "rooms:*": everything["#"]})},
		{
			name: "filtered", onlyOf: "warn", may: []string{subscribe, history, presence, resume},
			token: jwt("filtered", object{"room:*": object{"ops": []string{"subscribe", "history", "presence"}, "filter": `level == "warn"`}, "#": []string{"subscribe"}}),
		},
		{name: "visitor", space: "hall", may: []string{subscribe, history, resume}},
		{name: "resident", space: "hall", token: jwt("resident", object{}), may: []string{subscribe, publish, history, presence, resume}},
		{name: "of the key set", token: keys.jwt("keyed", grant("subscribe", "history")), may: []string{subscribe, history, resume}},
		{name: "of another key", token: newIssuer().jwt("keyed", everything), dead: protocol.CodeUnauthorized},
		{name: "expired", token: jwt("late", everything, "exp", time.Now().Unix()-1), dead: protocol.CodeTokenExpired},
		{name: "revoked", token: jwt("gone", everything, "jti", "gone-1"), dead: protocol.CodeRevoked},
		{name: "forged", token: signed(object{"alg": "HS256"}, object{"sub": "root", "exp": time.Now().Unix() + 600, "grants": everything}, secret+"!"), dead: protocol.CodeUnauthorized},
	}
	if err := s.relay.Revoke(s.Context(), "", "gone-1"); err != nil {
		s.Fatal(err)
	}
	eventually(s.T, "the revocation is known", func() bool {
		return s.ask(http.MethodPost, "/ticket", jwt("gone", everything, "jti", "gone-1"), nil, nil) != nil
	})
	return rows
}

// cell is one try: a person on a channel of its own, which holds three
// publications: seed and info-1 of level info, and warn-1 of level warn.
type cell struct {
	*site
	who     person
	op      string
	channel string
	seed    protocol.Published
}

// outcome is what came of it: what was read, or why not.
type outcome struct {
	read []string
	why  *protocol.Error
}

// way is a column of the table.
type way struct {
	name string
	// ops are what the way has words for; the other cells are empty.
	ops []string
	// stream: there is no operation without a subscription first.
	stream bool
	ticket bool
	try    func(c *cell) outcome
}

var ways = []way{
	{"fanlight.v1", []string{subscribe, publish, history, presence, resume}, false, false, tryV1},
	{"plain WebSocket, header", []string{subscribe, publish, history}, true, false, func(c *cell) outcome { return tryPlain(c, c.who.token, "") }},
	{"plain WebSocket, ticket", []string{subscribe, publish, history}, true, true, func(c *cell) outcome { return withTicket(c, tryPlain) }},
	{"SSE, header", []string{subscribe, history, resume}, true, false, func(c *cell) outcome { return trySSE(c, c.who.token, "") }},
	{"SSE, ticket", []string{subscribe, history, resume}, true, true, func(c *cell) outcome { return withTicket(c, trySSE) }},
	{"HTTP", []string{publish, history, presence}, false, false, tryHTTP},
}

func tryV1(c *cell) outcome {
	l, refused := c.v1(c.who.token)
	if refused != nil {
		if why := l.ends(); why.Code != refused.Code {
			c.Errorf("%s is answered, and it ends with %s", refused.Code, why.Code)
		}
		return outcome{why: refused}
	}
	req := &protocol.Subscribe{Channel: c.channel}
	switch c.op {
	case publish:
		return outcome{why: l.command(protocol.Command{Publish: &protocol.Publish{Channel: c.channel, Data: []byte(`"mine"`)}}).Error}
	case presence:
		return outcome{why: l.command(protocol.Command{Presence: &protocol.PresenceOf{Channel: c.channel}}).Error}
	case history:
		req.Rewind = &protocol.Rewind{Count: 10}
	case resume:
		req.Since = &protocol.Since{Epoch: c.seed.Epoch, Offset: c.seed.Offset, Last: c.seed.ID}
	}
	answer := l.command(protocol.Command{Subscribe: req})
	if answer.Error != nil {
		return outcome{why: answer.Error}
	}
	if filtered := answer.Subscribed.Filtered; filtered != (c.who.onlyOf != "") {
		c.Errorf("filtered is %v", filtered)
	}
	return c.hear(l, nil)
}

func tryPlain(c *cell, token, ticket string) outcome {
	query := ""
	if c.op == history {
		query = "&rewind=10"
	}
	l := c.plain(c.channel, token, ticket, query)
	if c.op == publish {
		l.send("mine")
		deadline := time.After(patience)
		for {
			select {
			case why := <-l.said:
				return outcome{why: why}
			case <-time.After(2 * time.Millisecond):
				if slices.Contains(c.stored(c.channel), "mine") {
					return outcome{}
				}
			case <-deadline:
				c.Fatal("it was neither published nor refused")
			}
		}
	}
	return c.hear(l, func() { c.publish(c.channel, knock, "warn") })
}

func trySSE(c *cell, token, ticket string) outcome {
	query, last := "", ""
	switch c.op {
	case history:
		query = "&rewind=10"
	case resume:
		last = fmt.Sprintf("%s@%s:%d:%s", c.channel, c.seed.Epoch, c.seed.Offset, c.seed.ID)
	}
	l, refused := c.sse(c.channel, token, ticket, query, last)
	if refused != nil {
		return outcome{why: refused}
	}
	return c.hear(l, nil)
}

func withTicket(c *cell, try func(c *cell, token, ticket string) outcome) outcome {
	var ticket protocol.TicketResponse
	if why := c.ask(http.MethodPost, "/ticket", c.who.token, nil, &ticket); why != nil {
		return outcome{why: why}
	}
	return try(c, "", ticket.Ticket)
}

func tryHTTP(c *cell) outcome {
	switch c.op {
	case publish:
		return outcome{why: c.ask(http.MethodPost, "/publish", c.who.token, object{"channel": c.channel, "data": "mine"}, nil)}
	case presence:
		return outcome{why: c.ask(http.MethodGet, "/presence?channel="+c.channel, c.who.token, nil, nil)}
	}
	var page protocol.HistoryResponse
	why := c.ask(http.MethodGet, "/history?channel="+c.channel, c.who.token, nil, &page)
	return outcome{dataOf(page.Publications), why}
}

// knock is what tells that a plain WebSocket listens, which says nothing of it.
const knock = "is anybody there?"

// hear returns what a subscription brings: of the history, or of two that are
// published once it listens; until is nil if it does already.
func (c *cell) hear(l *line, until func()) outcome {
	c.Helper()
	if c.op != subscribe {
		read, why := l.hears("warn-1")
		return outcome{read, why}
	}
	for listens := until == nil; !listens; {
		until()
		select {
		case <-l.heard:
			listens = true
		case why := <-l.said:
			return outcome{why: why}
		case <-time.After(20 * time.Millisecond):
		}
	}
	c.publish(c.channel, "info-2", "info")
	c.publish(c.channel, "warn-2", "warn")
	read, why := l.hears("warn-2")
	return outcome{read, why}
}

// expected is what the table says.
func expected(c *cell, w way) (read []string, code protocol.Code, message string) {
	op, verb := c.op, map[string]string{
		subscribe: "subscribe to", resume: "subscribe to", publish: "publish to", history: "read the history of", presence: "see who is on",
	}
	if w.stream && !slices.Contains(c.who.may, subscribe) {
		op = subscribe
	}
	if w.name == "fanlight.v1" && op == history {
		op = subscribe // by a rewind
	}
	switch {
	case c.who.token == "" && w.ticket:
		return nil, protocol.CodeUnauthorized, ""
	case c.who.dead != "":
		return nil, c.who.dead, ""
	case !slices.Contains(c.who.may, op):
		return nil, protocol.CodePermission, "may not " + verb[op] + " " + c.channel
	}
	all := map[string][]string{
		subscribe: {"info-2", "warn-2"}, resume: {"info-1", "warn-1"}, history: {"seed", "info-1", "warn-1"},
	}[c.op]
	return slices.DeleteFunc(all, func(data string) bool { return !strings.HasPrefix(data, c.who.onlyOf) }), "", ""
}

func TestEveryoneMayWhatWasGrantedByEveryWayAndNothingElse(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		keys := newIssuer()
		s := g.site(func(cfg *relay.Config) {
			cfg.JWKS = keys.keySet(g)
			cfg.Namespaces["hall"] = hall
		})
		channels := 0
		g.Run("cells", func(t *testing.T) {
			for _, who := range people(s, keys) {
				for _, w := range ways {
					for _, op := range w.ops {
						channels++
						channel := fmt.Sprintf("%s:%d", cmp.Or(who.space, "room"), channels)
						t.Run(who.name+"/"+op+"/"+w.name, func(t *testing.T) {
							t.Parallel()
							own := *s
							own.rig = &rig{T: t, url: g.url, prefix: g.prefix}
							(&cell{site: &own, who: who, op: op, channel: channel}).run(w)
						})
					}
				}
			}
		})
		g.Logf("%d cells", channels)
	})
}

func (c *cell) run(w way) {
	c.Helper()
	c.seed = c.publish(c.channel, "seed", "info")
	c.publish(c.channel, "info-1", "info")
	c.publish(c.channel, "warn-1", "warn")
	got := w.try(c)
	read, code, message := expected(c, w)
	if got.why == nil {
		got.why = &protocol.Error{}
	}
	if got.why.Code != code || message != "" && got.why.Message != message || !slices.Equal(got.read, read) {
		c.Errorf("%q, %q: %q; want %q, %q: %q", got.read, got.why.Code, got.why.Message, read, code, message)
	}
	mine := slices.Contains(c.stored(c.channel), "mine")
	if may := c.op == publish && slices.Contains(c.who.may, publish); mine && !may || !mine && may && code == "" {
		c.Errorf("it was published: %v", mine)
	}
}
