package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"

	"fanlight/shared/channel"
)

// MinSecret is the fewest bytes that a secret may have: as many as the hash has
// that it is used with.
const MinSecret = 32

// Config says whose tokens count, and what may be done without one.
type Config struct {
	// Secret is what HS256 tokens are signed with; at least [MinSecret] bytes,
	// or "" for none.
	Secret string
	// JWKS is where the public keys of the issuer are: an https URL, an http URL
	// on loopback, or a file; "" for none.
	JWKS string
	// Issuer and Audience are what iss must be, and aud hold; "" for anything.
	Issuer, Audience string
	// Demo offers demo identities, if neither a secret nor a key set is there.
	Demo bool
	// Namespaces are the rules of namespaces by their names. That of "" is for
	// channels without a namespace, and the default of all others.
	Namespaces map[string]Access
	// Redis keeps revocations and tickets. Without one there are none.
	Redis redis.UniversalClient
	// Prefix stands in the names of the keys there, as before channel names.
	Prefix string
	// Log receives what an operator should know. Required.
	Log *slog.Logger
}

// Access is what may be done on a namespace's channels without a grant.
type Access struct {
	// Anonymous is what everyone may do, with a token or without, if
	// AnonymousSet says so. Otherwise the default namespace's rule counts, and
	// without that, everything in open mode and nothing else.
	Anonymous    channel.Op
	AnonymousSet bool
	// Default is what everyone with a valid token may do. If it is 0 and
	// DefaultSet is not set, the default namespace's counts.
	Default    channel.Op
	DefaultSet bool
}

// Authority judges tokens and calls. All its methods may be called concurrently.
type Authority struct {
	cfg     Config
	keys    *keyring
	parser  *jwt.Parser
	demo    string // the secret of the demo identities' tokens, or ""
	nobody  *Identity
	revoked *revocations
	watches *watches

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New starts an authority. It waits neither for Redis nor for a key set's URL;
// the error is about the Config, and about a key set's file.
func New(cfg Config) (*Authority, error) {
	open := cfg.Secret == "" && cfg.JWKS == ""
	switch {
	case cfg.Secret != "" && len(cfg.Secret) < MinSecret:
		return nil, fmt.Errorf("jwt-secret: it has %d bytes, and needs %d", len(cfg.Secret), MinSecret)
	case open && (cfg.Issuer != "" || cfg.Audience != ""):
		return nil, errors.New("jwt-issuer, jwt-audience: they restrict nothing without jwt-secret or jwks")
	}
	a := &Authority{cfg: cfg, nobody: &Identity{}, watches: newWatches()}
	secret := cfg.Secret
	if open && cfg.Demo {
		a.demo = rand.Text() + rand.Text()
		secret = a.demo
	}
	a.keys = &keyring{secret: []byte(secret)}
	if cfg.JWKS != "" {
		set, err := newKeySet(cfg.JWKS, cfg.Log)
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		a.keys.set = set
	}
	a.parser = a.newParser()
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	if a.keys.set != nil {
		a.done.Go(func() { a.keys.set.loop(ctx) })
	}
	a.revoked = newRevocations(cfg, a.watches.revoked)
	if cfg.Redis != nil {
		a.done.Go(func() { a.revoked.loop(ctx) })
	}
	return a, nil
}

// Close ends the authority: nobody is watched any more, and no goroutine is
// left. Redis must be closed after it.
func (a *Authority) Close() {
	a.cancel()
	a.done.Wait()
	a.watches.close()
}

// Open reports whether neither a secret nor a key set is configured.
func (a *Authority) Open() bool { return a.cfg.Secret == "" && a.cfg.JWKS == "" }

// Anonymous returns the identity of whoever brings no token.
func (a *Authority) Anonymous() *Identity { return a.nobody }
