package client

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

// Config says how a [Client] behaves. Only URL is required; the zero value of
// everything else is its default.
type Config struct {
	// URL is the server's WebSocket address: ws://host/ws or wss://host/ws;
	// http and https mean the same.
	URL string
	// OnEvent is told what happens, one event at a time and in order, from a
	// goroutine of the client's. It may call the client's methods except
	// Publish, Presence and Close, which wait for that goroutine. While it does not
	// return, the client reads nothing, and a server that can't deliver ends
	// the connection.
	OnEvent func(Event)
	// Build names the page that the client is part of; empty for a program
	// that no server serves.
	Build string
	// User is the name under which the client is present on channels, at most
	// [protocol.MaxUser] bytes; empty for nobody in particular. The server takes
	// it at its word, and not at all from who has a token.
	User string
	// Token returns the token to connect with, "" for none. It is asked before
	// each attempt to connect, and again well before a token expires: the
	// connection goes on with the new one. It must be of the same user.
	//
	// It is called from a goroutine of the client's, one call at a time, and
	// must return when the context ends: after DialTimeout, or when the
	// connection or the client does. An error fails the attempt ([Disconnected]),
	// or leaves the connection the token that it has ([TokenFailed]); either way
	// it is asked again later.
	Token func(context.Context) (string, error)
	// Flush asks the server to gather what comes within so long into one
	// frame. 0, the default, is at once; a page asks for 16 ms. At most 1 s,
	// in whole milliseconds.
	Flush time.Duration
	// Queue is how many calls of Publish and Presence may wait for a connection
	// or for their answer. Default 256.
	Queue int
	// BackoffBase and BackoffCap shape the wait before the n-th attempt to
	// reconnect: a random time up to min(BackoffCap, BackoffBase * 2^(n-1)),
	// the "full jitter" of Marc Brooker's "Exponential Backoff And Jitter" (AWS
	// Architecture Blog, 2015). n starts again after a connection that lasted
	// longer than the wait could have been. Defaults 200 ms and 20 s.
	BackoffBase, BackoffCap time.Duration
	// DialTimeout bounds an attempt to connect, from the dial to the hello.
	// Default 10 s.
	DialTimeout time.Duration
	// PingInterval overrides the interval that the server names in its hello.
	PingInterval time.Duration
	// PongTimeout is how long a ping may stay unanswered before the link is
	// taken for dead. Default 5 s.
	PongTimeout time.Duration
}

// resolve returns the config with its defaults filled in and its URL as a
// WebSocket's, or an error that names the field at fault.
func (cfg Config) resolve() (Config, error) {
	address, err := webSocketURL(cfg.URL)
	if err != nil {
		return cfg, errors.New("client: Config.URL: " + err.Error())
	}
	cfg.URL = address

	const maxFlush = protocol.MaxFlush * time.Millisecond
	if cfg.Flush < 0 || cfg.Flush > maxFlush || cfg.Flush%time.Millisecond != 0 {
		return cfg, errors.New("client: Config.Flush: " + cfg.Flush.String() + " is not a whole number of milliseconds from 0 to " + maxFlush.String())
	}
	if len(cfg.User) > protocol.MaxUser || !utf8.ValidString(cfg.User) {
		return cfg, errors.New("client: Config.User: is no UTF-8 of at most " + strconv.Itoa(protocol.MaxUser) + " bytes")
	}
	if cfg.Queue < 0 {
		return cfg, errors.New("client: Config.Queue: can't be negative")
	}
	if cfg.Queue == 0 {
		cfg.Queue = 256
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"BackoffBase", &cfg.BackoffBase, 200 * time.Millisecond},
		{"BackoffCap", &cfg.BackoffCap, max(20*time.Second, cfg.BackoffBase)},
		{"DialTimeout", &cfg.DialTimeout, 10 * time.Second},
		{"PingInterval", &cfg.PingInterval, 0},
		{"PongTimeout", &cfg.PongTimeout, 5 * time.Second},
	} {
		if *d.value < 0 {
			return cfg, errors.New("client: Config." + d.name + ": can't be negative")
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if cfg.BackoffCap < cfg.BackoffBase {
		return cfg, errors.New("client: Config.BackoffCap: " + cfg.BackoffCap.String() + " is less than BackoffBase, " + cfg.BackoffBase.String())
	}
	return cfg, nil
}

func webSocketURL(address string) (string, error) {
	if address == "" {
		return "", errors.New("is required, like ws://127.0.0.1:8000/ws")
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return "", errors.New("needs the scheme ws, wss, http or https, unlike " + address)
	}
	switch {
	case u.Host == "":
		return "", errors.New("names no host: " + address)
	case u.Fragment != "":
		return "", errors.New("can't have a fragment: " + address)
	}
	return u.String(), nil
}
