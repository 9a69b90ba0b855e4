package transport

import (
	"fmt"
	"net/http"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/hub"
	"fanlight/server/internal/limit"
	"fanlight/server/internal/session"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// v1 is one fanlight.v1 connection: the protocol package tells the flow.
type v1 struct {
	*session.Session
	h         *Handlers
	sock      *socket
	connected bool
	publishes bool
	expiry    *time.Timer // ends the connection if it does not connect
}

func (h *Handlers) serveV1(w http.ResponseWriter, r *http.Request, limits *limit.Conn) {
	sock, err := h.upgrade(w, r, limits, true)
	if err != nil {
		return
	}
	s, err := h.cfg.Sessions.Start(session.Config{
		Node: h.cfg.Node, Link: sock, Encoding: hub.EncodingV1, Outbox: h.cfg.Outbox, Limits: limits,
		From: h.cfg.Limiter.Addr(r), Way: ops.WayV1,
	})
	if err != nil {
		sock.Close(asError(err))
		return
	}
	v := &v1{Session: s, h: h, sock: sock}
	v.expiry = time.AfterFunc(h.cfg.ConnectTimeout, func() {
		limits.Refused(limit.ConnectTimeout)
		s.End(&protocol.Error{
			Code: protocol.CodeConnectTimeout, Limit: int(h.cfg.ConnectTimeout.Milliseconds()),
			Message: fmt.Sprintf("no connect within %v", h.cfg.ConnectTimeout),
		})
	})
	// See servePlain for why this is a goroutine.
	go func() {
		defer h.cfg.Sessions.Finish(s)
		v.run()
	}()
}

// run reads until the connection ends.
func (v *v1) run() {
	defer v.expiry.Stop()
	for {
		frame, ok, why := v.sock.read(v.h.cfg.Limits.Frame)
		if !ok {
			v.End(why)
			return
		}
		if !v.take(frame) {
			return
		}
	}
}

// take carries out the commands of a frame. It reports false when the
// connection ends.
//
// Most connections only listen, and a goroutine keeps the stack that it once
// needed: the one that waits for the next frame has half of what it takes to
// decode one.
func (v *v1) take(frame []byte) bool {
	if v.publishes {
		return v.handleAll(frame)
	}
	goesOn := make(chan bool)
	go func() { goesOn <- v.handleAll(frame) }()
	return <-goesOn
}

func (v *v1) handleAll(frame []byte) bool {
	for line := range protocol.Lines(frame) {
		if !v.handle(line) {
			return false
		}
	}
	return true
}

// handle carries out one command. It reports false when the connection ends.
func (v *v1) handle(line []byte) bool {
	c, err := protocol.DecodeCommand(line)
	if wait := v.bound(&c); wait != nil {
		v.fail(c.ID, wait)
		return true
	}
	switch {
	case err != nil:
		v.fail(c.ID, err)
		if !v.connected {
			v.End(connectRequired())
		}
		return v.connected
	case c.Connect != nil:
		return v.connect(c.ID, c.Connect)
	case !v.connected:
		v.fail(c.ID, connectRequired())
		v.End(connectRequired())
		return false
	case c.Subscribe != nil:
		v.subscribe(c.ID, c.Subscribe)
	case c.Unsubscribe != nil:
		v.unsubscribe(c.ID, c.Unsubscribe.Channel)
	case c.Publish != nil:
		v.publish(c.ID, c.Publish)
	case c.Presence != nil:
		v.presence(c.ID, c.Presence.Channel)
	case c.Refresh != nil:
		v.refresh(c.ID, c.Refresh.Token)
	case c.Ping != nil:
		v.ping(c.ID)
	}
	return true
}

// bound counts a command, one that makes no sense too.
func (v *v1) bound(c *protocol.Command) error {
	if c.Ping != nil {
		return v.sock.conn.limits.Ping()
	}
	return v.sock.conn.limits.Command()
}

func (v *v1) connect(id uint64, c *protocol.Connect) bool {
	switch {
	case v.connected:
		v.fail(id, &protocol.Error{Code: protocol.CodeAlreadyConnected, Message: "connect is the first command, and only that"})
		return true
	case c.Version != protocol.Version:
		err := &protocol.Error{
			Code: protocol.CodeVersion, Field: "version", Limit: protocol.Version,
			Message: fmt.Sprintf("this server speaks version %d, not %d", protocol.Version, c.Version),
		}
		v.fail(id, err)
		v.End(err)
		return false
	case c.Flush < 0 || c.Flush > protocol.MaxFlush:
		err := &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "flush", Limit: protocol.MaxFlush,
			Message: fmt.Sprintf("flush is 0 to %d milliseconds, not %d", protocol.MaxFlush, c.Flush),
		}
		v.fail(id, err)
		v.End(err)
		return false
	}
	if len(c.User) > protocol.MaxUser {
		err := &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "user", Limit: protocol.MaxUser,
			Message: fmt.Sprintf("a user's name has at most %d bytes", protocol.MaxUser),
		}
		v.fail(id, err)
		v.End(err)
		return false
	}
	who, err := v.h.cfg.Node.Identify(v.Context(), c.Token)
	if err != nil {
		v.fail(id, err)
		v.End(asError(err))
		return false
	}
	if err := v.Identify(who, c.User); err != nil {
		v.fail(id, err)
		v.End(asError(err))
		return false
	}
	v.connected = true
	v.expiry.Stop()
	v.reply(&protocol.Message{ID: id, Hello: &protocol.Hello{
		Version: protocol.Version,
		Build:   v.h.cfg.Build,
		Client:  v.ID(),
		Ping:    int(v.h.cfg.PingInterval.Milliseconds()),
		Time:    time.Now().UnixMicro(),
		Limits:  v.h.cfg.Limits,
		User:    v.User(),
		Expires: expires(who),
		Open:    v.h.cfg.Node.Authority().Open(),
	}})
	v.SetFlush(time.Duration(c.Flush) * time.Millisecond)
	return true
}

// refresh replaces the token before it expires. One that is wrong changes
// nothing: the old one still has its time.
func (v *v1) refresh(id uint64, token string) {
	who, err := v.h.cfg.Node.Identify(v.Context(), token)
	if err == nil && (token == "" || who.Subject != v.Caller().Who.Subject) {
		err = &protocol.Error{Code: protocol.CodeUnauthorized, Field: "token", Message: "a connection stays with the subject that it began with"}
	}
	if err != nil {
		v.fail(id, err)
		return
	}
	v.reply(&protocol.Message{ID: id, Refreshed: &protocol.Refreshed{Expires: expires(who)}})
	_ = v.Identify(who, "") // the same user has its place already
}

// expires returns when an identity ends, as the protocol says it.
func expires(who *auth.Identity) int64 {
	if who.Anonymous() {
		return 0
	}
	return who.Expires.UnixMicro()
}

func (v *v1) subscribe(id uint64, req *protocol.Subscribe) {
	err := v.Subscribe(*req, func(answer protocol.Subscribed, err error) {
		if err != nil {
			v.fail(id, err)
			return
		}
		v.reply(&protocol.Message{ID: id, Subscribed: &answer})
	})
	if err != nil {
		v.fail(id, err)
	}
}

func (v *v1) presence(id uint64, channel string) {
	err := v.Presence(channel, func(present protocol.Presence, err error) {
		if err != nil {
			v.fail(id, err)
			return
		}
		v.reply(&protocol.Message{ID: id, Presence: &present})
	})
	if err != nil {
		v.fail(id, err)
	}
}

// ping answers, and tells a client that has heard nothing for a while where its
// channels stand: a silent channel and a broken one look the same.
func (v *v1) ping(id uint64) {
	v.reply(&protocol.Message{ID: id, Pong: &protocol.Pong{Time: time.Now().UnixMicro()}})
	v.Moved(func(m protocol.Moved) { v.reply(&protocol.Message{Moved: &m}) })
}

func (v *v1) unsubscribe(id uint64, channel string) {
	if err := v.Unsubscribe(channel); err != nil {
		v.fail(id, err)
		return
	}
	v.reply(&protocol.Message{ID: id, Unsubscribed: &protocol.Unsubscribed{Channel: channel}})
}

func (v *v1) publish(id uint64, p *protocol.Publish) {
	v.publishes = true
	err := v.Publish(*p, func(published protocol.Published, err error) {
		if err != nil {
			v.fail(id, err)
			return
		}
		v.reply(&protocol.Message{ID: id, Published: &published})
	})
	if err != nil {
		v.fail(id, err)
	}
}

func (v *v1) reply(m *protocol.Message) { v.Send(protocol.AppendMessage(nil, m)) }

func (v *v1) fail(id uint64, err error) { v.reply(&protocol.Message{ID: id, Error: asError(err)}) }

func connectRequired() *protocol.Error {
	return &protocol.Error{Code: protocol.CodeConnectRequired, Message: "the first command is connect"}
}
