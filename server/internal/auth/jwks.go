package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	maxSetBytes = 1 << 20
	maxSetKeys  = 100
	maxKeyID    = 256

	// setAge is when a set that was read is read again, and setRetry when one
	// that could not be read is.
	setAge   = 5 * time.Minute
	setRetry = 5 * time.Second
	// setTimeout bounds one read.
	setTimeout = 5 * time.Second
)

// keySet is an issuer's public keys. One goroutine, in loop, reads it; whoever
// meets a key that it does not know has it read sooner.
type keySet struct {
	read func(context.Context) ([]byte, error)
	end  func()
	log  *slog.Logger
	wake chan struct{} // holds a token when a read is asked for

	mu     sync.Mutex
	keys   *keys         // what was read last; nil before
	err    error         // of the last read
	flight chan struct{} // closed at the end of the next read; nil if none is asked for
	closed bool          // there is no next read
	asked  *rate.Limiter // reads that unknown keys cause
}

// keys are the keys of one read.
type keys struct {
	keyfunc keyfunc.Keyfunc
	ids     []string
}

// newKeySet takes a URL or the name of a file, which is read at once.
func newKeySet(source string, log *slog.Logger) (*keySet, error) {
	s := &keySet{log: log, wake: make(chan struct{}, 1), end: func() {}, asked: rate.NewLimiter(rate.Every(10*time.Second), 3)}
	if !strings.Contains(source, "://") {
		s.read = func(context.Context) ([]byte, error) { return readFile(source) }
		raw, err := s.read(context.Background())
		if err == nil {
			s.keys, err = parseKeys(raw)
		}
		return s, err
	}
	u, err := url.Parse(source)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("it is not a URL, nor a file")
	case !private(u):
		return nil, errors.New("keys come by https, or from this machine: whoever can change them on the way can sign")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !private(r.URL) {
			return errors.New("it redirects to where keys are not taken from")
		}
		return nil
	}}
	s.read = func(ctx context.Context) ([]byte, error) { return readURL(ctx, client, u) }
	s.end = transport.CloseIdleConnections
	s.flight = make(chan struct{}) // callers wait for the first read
	s.wake <- struct{}{}
	return s, nil
}

// private reports whether nobody on the way can change what a URL answers.
func private(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

func readURL(ctx context.Context, client *http.Client, u *url.URL) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req) // #nosec G704 -- the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", u.Redacted(), resp.Status)
	}
	return readAll(resp.Body)
}

func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSetBytes+1))
	if err == nil && len(b) > maxSetBytes {
		err = fmt.Errorf("a key set has at most %d bytes", maxSetBytes)
	}
	return b, err
}

// parseKeys reads a JWK set. Keys that it can't use, since they are of another
// kind or for another purpose, are left out; there must be others.
func parseKeys(raw []byte) (*keys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("it is not a JWK set: %w", err)
	}
	if len(set.Keys) > maxSetKeys {
		return nil, fmt.Errorf("it has %d keys; the most are %d", len(set.Keys), maxSetKeys)
	}
	storage, k := jwkset.NewMemoryStorage(), &keys{}
	for _, one := range set.Keys {
		// Private, since a set that holds private keys is read as well; only
		// their public halves are used.
		key, err := jwkset.NewJWKFromRawJSON(one, jwkset.JWKMarshalOptions{Private: true}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue
		}
		public := key.Key()
		if p, ok := public.(interface{ Public() crypto.PublicKey }); ok {
			public = p.Public()
		}
		use, id := key.Marshal().USE, key.Marshal().KID
		if use != "" && use != jwkset.UseSig || slices.Contains(k.ids, id) ||
			!slices.ContainsFunc(asymmetric, func(algorithm string) bool { return fits(algorithm, public) }) {
			continue
		}
		if err := storage.KeyWrite(context.Background(), key); err != nil {
			return nil, err
		}
		k.ids = append(k.ids, id)
	}
	if len(k.ids) == 0 {
		return nil, fmt.Errorf("of its %d keys none is RSA of 2048 to 8192 bits, P-256 or Ed25519, and for signatures", len(set.Keys))
	}
	var err error
	k.keyfunc, err = keyfunc.New(keyfunc.Options{Storage: storage})
	return k, err
}

// loop reads the set when it is time to, until ctx ends.
func (s *keySet) loop(ctx context.Context) {
	defer s.stop()
	timer := time.NewTimer(setAge)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
		next := setAge
		if err := s.update(ctx); err != nil && ctx.Err() == nil {
			next = setRetry
			s.log.Warn("the key set can't be read; known keys still count", "error", err)
		}
		timer.Reset(next)
	}
}

func (s *keySet) update(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	raw, err := s.read(ctx)
	var k *keys
	if err == nil {
		k, err = parseKeys(raw)
	}
	s.finish(k, err)
	return err
}

// stop lets go who waits for a read that does not come any more.
func (s *keySet) stop() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.finish(nil, context.Canceled)
	s.end()
}

// finish keeps what was read, if something was, and lets go who waits for it.
func (s *keySet) finish(k *keys, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = err; err == nil {
		s.keys = k
	}
	if s.flight != nil {
		close(s.flight)
		s.flight = nil
	}
}

// find returns the key that a token names, having the set read again if it
// isn't there.
func (s *keySet) find(ctx context.Context, token *jwt.Token) (any, error) {
	s.mu.Lock()
	k := s.keys
	s.mu.Unlock()
	for {
		if key, err := k.find(token); !errors.Is(err, errUnknownKey) {
			return key, err
		}
		newer, last, err := s.again(ctx, k)
		if !last {
			k = newer
			continue
		}
		key, unknown := newer.find(token)
		if unknown != nil && err != nil {
			return nil, unavailable("the key set can't be read now")
		}
		return key, unknown
	}
}

// again waits until the set was read once more, unless that was done often
// enough of late, and returns what is known then. If something else than k is
// known already, that is worth a look first, and is not the last word.
func (s *keySet) again(ctx context.Context, k *keys) (newer *keys, last bool, err error) {
	s.mu.Lock()
	if s.keys != k {
		defer s.mu.Unlock()
		return s.keys, false, nil
	}
	if s.flight == nil && !s.closed && s.asked.Allow() {
		s.flight = make(chan struct{})
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	flight := s.flight
	s.mu.Unlock()
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, true, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys, true, s.err
}

// find returns the key that a token names. A token that names none is taken
// to mean the only one there is.
func (k *keys) find(token *jwt.Token) (any, error) {
	if k == nil {
		return nil, errUnknownKey
	}
	switch id, there := token.Header["kid"]; id := id.(type) {
	case string:
		if len(id) > maxKeyID {
			return nil, errKey
		}
	default:
		if there || len(k.ids) != 1 {
			return nil, errKey
		}
		token.Header["kid"] = k.ids[0]
	}
	key, err := k.keyfunc.Keyfunc(token)
	switch {
	case errors.Is(err, jwkset.ErrKeyNotFound):
		return nil, errUnknownKey
	case err != nil:
		return nil, errKey
	}
	return key, nil
}
