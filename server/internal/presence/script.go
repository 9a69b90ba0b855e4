package presence

import (
	"context"
	"crypto/rand"
	_ "embed" // for the script
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed presence.lua
var source string

var script = redis.NewScript(source)

// maxSwept is the most expired members that one call removes: a script holds
// everyone else up.
const maxSwept = 200

// keyAge is how much longer than its members a channel's keys live, so that
// after a long outage somebody can still tell who left.
const keyAge = 10 * time.Minute

// call is one run of the script.
type call struct {
	keep    []*entry
	changes []change
	sweep   bool
	list    int // the most members to list
	cmd     *redis.Cmd

	answer answer // when err is nil
	err    error
}

// answer is what the script returns.
type answer struct {
	generation         string
	next               time.Duration // until somebody expires, 0 for now; -1 for nobody
	connections, users int
	missing            []string
	members            []string
}

func (p *Presence) keys(channel string) []string {
	base := "fanlight/presence/{" + p.cfg.Prefix + channel + "}"
	return []string{base, base + "/arrivals", base + "/members"}
}

func (p *Presence) args(channel string, c *call) []any {
	swept := 0
	if c.sweep {
		swept = maxSwept
	}
	life := p.cfg.TTL + p.cfg.Grace + keyAge
	args := make([]any, 0, 8+len(c.keep)+5*len(c.changes))
	args = append(args, p.cfg.Prefix+channel, rand.Text()[:16],
		p.cfg.TTL.Milliseconds(), p.cfg.Grace.Milliseconds(), life.Milliseconds(),
		swept, c.list, len(c.keep))
	for _, e := range c.keep {
		args = append(args, e.client)
	}
	for _, ch := range c.changes {
		args = append(args, ch.what, ch.entry.client, ch.fact.identity, ch.fact.since, ch.fact.value)
	}
	return args
}

// run sends one pipeline. A Redis that does not know the script yet, or any
// more, gets it in full; it has done nothing till then.
func (p *Presence) run(jobs []job) {
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	p.pipeline(ctx, jobs, script.EvalSha, func(*call) bool { return true })
	unknown := func(c *call) bool { return redis.HasErrorPrefix(c.cmd.Err(), "NOSCRIPT") }
	p.pipeline(ctx, jobs, script.Eval, unknown)
}

type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// pipeline sends those calls that are wanted.
func (p *Presence) pipeline(ctx context.Context, jobs []job, eval evaluate, wanted func(*call) bool) {
	pipe := p.cfg.Redis.Pipeline()
	for _, j := range jobs {
		for _, c := range j.calls {
			if wanted(c) {
				c.cmd = eval(ctx, pipe, p.keys(j.room.channel), p.args(j.room.channel, c)...)
			}
		}
	}
	if pipe.Len() > 0 {
		// The error is the first call's that failed; each call has its own.
		_, _ = pipe.Exec(ctx)
	}
}

var errAnswer = errors.New("presence.lua returned something else")

func read(cmd *redis.Cmd) (answer, error) {
	reply, err := cmd.Slice()
	if err != nil {
		return answer{}, err
	}
	if len(reply) != 6 {
		return answer{}, errAnswer
	}
	var (
		a  answer
		ok [6]bool
		n  [3]int64
	)
	a.generation, ok[0] = reply[0].(string)
	for i := range n {
		n[i], ok[1+i] = reply[1+i].(int64)
	}
	a.missing, ok[4] = texts(reply[4])
	a.members, ok[5] = texts(reply[5])
	if ok != [6]bool{true, true, true, true, true, true} {
		return answer{}, errAnswer
	}
	a.next = time.Duration(n[0]) * time.Millisecond
	a.connections, a.users = int(n[1]), int(n[2])
	return a, nil
}

func texts(reply any) ([]string, bool) {
	items, ok := reply.([]any)
	if !ok {
		return nil, false
	}
	all := make([]string, 0, len(items))
	for _, item := range items {
		text, _ := item.(string) // a field that is gone is nil
		all = append(all, text)
	}
	return all, true
}

// refused reports whether the error is about one channel: its keys are of
// another kind, say. Any other error is about Redis.
func refused(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return errors.Is(err, errAnswer)
	}
	text := reply.Error()
	return strings.HasPrefix(text, "WRONGTYPE") || strings.HasPrefix(text, "ERR ")
}
