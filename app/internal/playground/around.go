package playground

import (
	"context"
	"encoding/json"
	"net"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/internal/live"
	"fanlight/shared/protocol"
)

const (
	// crowdInterval is how often a tab that is seen asks who is present.
	crowdInterval = 5 * time.Second
	// crowdTimeout is how long that may take.
	crowdTimeout = 4 * time.Second
)

// lookAround turns to the channel that one publishes to.
func (p *Page) lookAround(ctx app.Context) {
	if p.crowd.Channel != p.desk.Target {
		p.crowd = p.crowd.Look(p.desk.Target)
		p.askCrowd(ctx)
	}
}

// pollCrowd asks again and again who is present, while the page is mounted.
func (p *Page) pollCrowd(ctx app.Context) {
	if !p.ready {
		return
	}
	if p.crowd.Problem != NotSpoken && !browser.Hidden() {
		p.askCrowd(ctx)
	}
	ctx.After(crowdInterval, p.pollCrowd)
}

// askCrowd asks who is present, one question at a time.
func (p *Page) askCrowd(ctx app.Context) {
	if p.asking || p.desk.Away {
		return
	}
	p.asking = true
	name := p.crowd.Channel
	ctx.Async(func() {
		wait, cancel := context.WithTimeout(ctx, crowdTimeout)
		defer cancel()
		who, err := p.link.Presence(wait, name)
		ctx.Dispatch(func(ctx app.Context) {
			p.asking = false
			p.crowd = p.crowd.Answer(name, who, err)
			if p.crowd.Channel != name {
				p.askCrowd(ctx) // one has turned away meanwhile
			}
		})
	})
}

func (p *Page) onUser(ctx app.Context, _ app.Event) {
	input := ctx.JSSrc()
	p.user = live.CleanUser(input.Get("value").String())
	input.Set("value", p.user)
	if err := p.link.SetUser(p.user); err != nil {
		app.Log(err) // the name is clean, and everything else was taken before
	}
}

// hold takes in whether the tab has a token, whose name then is the user's.
func (p *Page) hold(h protocol.Hello) {
	p.holder, p.guarded = "", !h.Open
	name := p.user
	if h.Expires != 0 {
		p.holder, name = h.User, h.User
	}
	// An attribute does not clear what is in a field.
	app.Window().GetElementByID("user-input").Set("value", name)
}

// onName leaves one in the field: that Enter changed it has been told already.
func (p *Page) onName(_ app.Context, e app.Event) { e.PreventDefault() }

// learn asks the server what it is, which a restart may have changed.
func (p *Page) learn(ctx app.Context) {
	browser.Fetch("GET", "/version", func(status int, text string) {
		var v protocol.VersionResponse
		if status != 200 || json.Unmarshal([]byte(text), &v) != nil {
			return // no server of ours
		}
		ctx.Dispatch(func(app.Context) {
			p.version = v
			p.feed.ctx.Update()
		})
	})
}

func (p *Page) redisLine(channel string) string { return RedisLine(p.version, channel) }

// RedisLine returns the command that publishes on a channel through the Redis
// of a server, as far as the server says where that is, or why there is none.
// One that has said nothing yet is taken for a fresh one.
func RedisLine(v protocol.VersionResponse, channel string) string {
	at := ""
	host, port, err := net.SplitHostPort(v.RedisAddr)
	switch {
	case v.Redis == "external":
	case v.Redis != "" && v.RedisAddr == "":
		return "# there is no way to the Redis inside this server"
	case err != nil:
		at = "-p 6380 "
	case host == "127.0.0.1":
		at = "-p " + port + " "
	default:
		at = "-h " + host + " -p " + port + " "
	}
	return "redis-cli " + at + "publish " + channel + " hi"
}
