//go:build !js

package client_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"

	"fanlight/server/relay"
	"fanlight/shared/protocol"
)

// control is the server that runs worlds for tests.
type control struct {
	*http.ServeMux
	server   *httptest.Server
	mini     *miniredis.Miniredis // nil when Redis is somewhere else
	redisURL string
	redis    *redis.Client

	mu     sync.Mutex
	worlds map[string]*site
}

// site is the server's side of a world: a relay that comes and goes behind a
// proxy that stays.
type site struct {
	order  order
	prefix string
	proxy  *proxy

	mu    sync.Mutex // one change at a time
	addr  string
	relay *relay.Relay
	http  *http.Server
	ended chan struct{}
}

func newControl() (*control, error) {
	c := &control{ServeMux: http.NewServeMux(), redisURL: os.Getenv("FANLIGHT_TEST_REDIS_URL"), worlds: map[string]*site{}}
	if c.redisURL == "" {
		c.mini = miniredis.NewMiniRedis()
		if err := c.mini.Start(); err != nil {
			return nil, err
		}
		c.redisURL = "redis://" + c.mini.Addr()
	}
	options, err := redis.ParseURL(c.redisURL)
	if err != nil {
		return nil, err
	}
	options.Protocol = 2 // miniredis has no RESP3
	c.redis = redis.NewClient(options)
	c.HandleFunc("POST /worlds", c.create)
	c.HandleFunc("POST /worlds/{id}/{action}", c.act)
	c.HandleFunc("GET /scripted/{script}", scripted)
	c.HandleFunc("GET /flooded", awaitFlooded)
	c.server = httptest.NewServer(c)
	return c, nil
}

func (c *control) close() {
	c.server.Close()
	for _, s := range c.worlds {
		s.stop()
		s.proxy.close()
	}
	_ = c.redis.Close()
	if c.mini != nil {
		c.mini.Close()
	}
}

func (c *control) create(w http.ResponseWriter, r *http.Request) {
	s := &site{prefix: strings.ToLower(rand.Text()[:8]) + "."}
	err := json.NewDecoder(r.Body).Decode(&s.order)
	if err == nil {
		s.proxy, err = newProxy()
	}
	if err == nil {
		err = s.start(c.redisURL)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := rand.Text()
	c.mu.Lock()
	c.worlds[id] = s
	c.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]string{
		"id": id, "url": "ws://" + s.proxy.addr() + "/ws", "direct": "ws://" + s.addr + "/ws",
	})
}

func (c *control) act(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	s := c.worlds[r.PathValue("id")]
	c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if s == nil || err != nil {
		http.Error(w, "no such world", http.StatusNotFound)
		return
	}
	p := s.proxy
	switch r.PathValue("action") {
	case "stop":
		s.stop()
	case "start": // with a new build, if one is named
		if len(body) > 0 {
			s.order.Build = string(body)
		}
		err = s.start(c.redisURL)
	case "cut":
		p.cut()
	case "deaden":
		p.set(func() { p.dead = true })
	case "deafen":
		p.set(func() { p.deaf = true })
	case "heal": // what was swallowed is lost, so the links can't go on
		p.set(func() { p.dead, p.deaf = false, false })
		p.cut()
	case "foreign":
		var m protocol.PublishRequest
		if err = json.Unmarshal(body, &m); err == nil {
			err = c.redis.Publish(r.Context(), s.prefix+m.Channel, string(m.Data)).Err()
		}
	case "forget": // a channel's history, as if Redis had lost it
		key := "{" + s.prefix + string(body) + "}"
		err = c.redis.Del(r.Context(), "fanlight/meta/"+key, "fanlight/stream/"+key).Err()
	case "token":
		var seconds int
		if seconds, err = strconv.Atoi(string(body)); err == nil {
			var token string
			token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"sub": "alice", "exp": time.Now().Unix() + int64(seconds),
				"grants": map[string]any{"#": []string{"subscribe"}, "talk": []string{"publish"}},
			}).SignedString([]byte(secret))
			_, _ = io.WriteString(w, token)
		}
	case "stats":
		var st stats
		p.set(func() { st = stats{Links: len(p.links), Accepted: p.accepted, Frames: p.frames} })
		_ = json.NewEncoder(w).Encode(st)
	case "remove":
		s.stop()
		p.close()
		c.mu.Lock()
		delete(c.worlds, r.PathValue("id"))
		c.mu.Unlock()
	default:
		err = errors.New("no such action")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// secret signs the tokens of guarded worlds.
const secret = "known to the relay and to the control server, and to nobody else"

// start runs a new relay and waits until messages flow through it.
func (s *site) start(redisURL string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relay != nil {
		return errors.New("it runs already")
	}
	guard := ""
	if s.order.Guarded {
		guard = secret
	}
	var err error
	s.relay, err = relay.New(relay.Config{
		RedisURL: redisURL, Prefix: s.prefix, Loopback: true, Build: s.order.Build,
		Limits:       relay.Limits{Message: s.order.Message, Frame: s.order.Frame, Subscriptions: s.order.Subscriptions, PublishRate: s.order.PublishRate},
		JWTSecret:    guard,
		PingInterval: time.Duration(s.order.Ping) * time.Millisecond,
		Namespaces: map[string]relay.Namespace{"": {
			HistorySize: s.order.History, Presence: s.order.Presence, JoinLeave: s.order.Presence,
		}},
		PresenceGrace: -1,
		Log:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.http = &http.Server{Handler: s.relay, ReadHeaderTimeout: patience}
	s.http.RegisterOnShutdown(s.relay.Drain)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l)
	}()
	s.addr = l.Addr().String()
	if err := awaitReady(s.addr); err != nil {
		return err
	}
	s.proxy.set(func() { s.proxy.target = s.addr })
	return nil
}

func awaitReady(addr string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	deadline := time.Now().Add(patience)
	for {
		r, err := client.Get("http://" + addr + "/readyz")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return errors.New("the relay does not become ready")
		}
		time.Sleep(5 * time.Millisecond) // it tells nobody when it does
	}
}

// stop stops the relay as its program would.
func (s *site) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relay == nil {
		return
	}
	s.proxy.set(func() { s.proxy.target = "" })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = s.http.Shutdown(ctx)
	_ = s.relay.Close(ctx)
	<-s.ended
	s.relay = nil
}
