package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/protocol"
)

// publicKey returns a key as it stands in a JWK set.
func publicKey(id string, key crypto.PublicKey) object {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return object{"kty": "RSA", "kid": id, "n": encode(string(key.N.Bytes())), "e": encode(string(big.NewInt(int64(key.E)).Bytes()))}
	case *ecdsa.PublicKey:
		b := must(key.Bytes())[1:]
		return object{"kty": "EC", "kid": id, "crv": key.Params().Name, "x": encode(string(b[:len(b)/2])), "y": encode(string(b[len(b)/2:]))}
	case ed25519.PublicKey:
		return object{"kty": "OKP", "kid": id, "crv": "Ed25519", "x": encode(string(key))}
	}
	panic("unknown kind of key")
}

func jsonOf(v any) []byte { return must(json.Marshal(v)) }

func jwks(keys ...object) string { return string(jsonOf(object{"keys": keys})) }

// endpoint is an issuer's key set on the web.
type endpoint struct {
	*httptest.Server
	mu    sync.Mutex
	body  string
	reads atomic.Int64
}

func newEndpoint(t *testing.T, body string) *endpoint {
	e := &endpoint{body: body}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		e.reads.Add(1)
		e.mu.Lock()
		body := e.body
		e.mu.Unlock()
		if body == "" {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) serve(body string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.body = body
}

func (e *endpoint) authority(t *testing.T) *auth.Authority {
	return authority(t, func(cfg *auth.Config) { cfg.Secret, cfg.JWKS = "", e.URL })
}

func TestAKeySetIsFetchedAndANewKeyIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	old := token(object{"alg": "RS256", "kid": "1"}, good(), rs256(i.rsa))
	fresh := token(object{"alg": "ES256", "kid": "2"}, good(), es256(i.ec))
	e := newEndpoint(t, jwks(publicKey("1", &i.rsa.PublicKey)))
	a := e.authority(t)
	if a.Open() {
		t.Error("it is open")
	}
	if _, err := a.Verify(t.Context(), old); err != nil {
		t.Error(err)
	}
	// The only key needs no name.
	if _, err := a.Verify(t.Context(), token(object{"alg": "RS256"}, good(), rs256(i.rsa))); err != nil {
		t.Error(err)
	}

	// Both are there for a while, then the old one goes. Many meet the new key
	// at the same time, and all wait for one and the same read.
	e.serve(jwks(publicKey("1", &i.rsa.PublicKey), publicKey("2", &i.ec.PublicKey)))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := a.Verify(t.Context(), fresh); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := a.Verify(t.Context(), old); err != nil {
		t.Error(err)
	}
	e.serve(jwks(publicKey("2", &i.ec.PublicKey)))
	refused(t, second(a.Verify(t.Context(), token(object{"alg": "RS256", "kid": "3"}, good(), rs256(i.rsa)))), protocol.CodeUnauthorized)
	refused(t, second(a.Verify(t.Context(), old)), protocol.CodeUnauthorized)
	if n := e.reads.Load(); n > 5 {
		t.Errorf("%d reads", n)
	}
}

func TestUnknownKeysDoNotFloodTheIssuer(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	e := newEndpoint(t, jwks(publicKey("1", &i.rsa.PublicKey)))
	began := time.Now()
	a := e.authority(t)
	for n := range 200 {
		text := token(object{"alg": "RS256", "kid": string(rune('a' + n))}, good(), rs256(i.rsa))
		refused(t, second(a.Verify(t.Context(), text)), protocol.CodeUnauthorized)
	}
	// One in ten seconds may be added, on a machine that is so slow.
	if n, most := e.reads.Load(), 4+int64(time.Since(began)/(10*time.Second)); n > most {
		t.Errorf("%d reads, and not %d", n, most)
	}
}

func TestAKeySetThatIsAwayIsNoVerdict(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	text := token(object{"alg": "RS256", "kid": "1"}, good(), rs256(i.rsa))
	e := newEndpoint(t, "")
	a := e.authority(t)
	refused(t, second(a.Verify(t.Context(), text)), protocol.CodeUnavailable)
	e.serve(jwks(publicKey("1", &i.rsa.PublicKey)))
	eventually(t, "the token is taken", func() bool { _, err := a.Verify(t.Context(), text); return err == nil })

	// What was known still counts when it goes away again.
	e.serve("")
	refused(t, second(a.Verify(t.Context(), token(object{"alg": "RS256", "kid": "2"}, good(), rs256(i.rsa)))), protocol.CodeUnavailable)
	if _, err := a.Verify(t.Context(), text); err != nil {
		t.Error(err)
	}
	refused(t, second(a.Verify(t.Context(), "x"+text)), protocol.CodeUnauthorized)
}

func TestAKeySetThatHangsOrFloodsHoldsNobodyUpAtTheEnd(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	text := token(object{"alg": "RS256", "kid": "1"}, good(), rs256(i.rsa))
	started := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	a := authority(t, func(cfg *auth.Config) { cfg.JWKS = server.URL })
	<-started
	refused(t, second(a.Verify(t.Context(), text)), protocol.CodeUnavailable)
	a.Close()
	refused(t, second(a.Verify(t.Context(), text)), protocol.CodeUnavailable)
	if _, err := a.Verify(t.Context(), hs(good())); err != nil {
		t.Error(err) // the secret's tokens need no set
	}
}

func TestAKeySetFromAFileIsReadAgainForANewKey(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	file := filepath.Join(t.TempDir(), "keys.json")
	write := func(keys ...object) {
		t.Helper()
		if err := os.WriteFile(file, []byte(jwks(keys...)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(publicKey("1", &i.rsa.PublicKey))
	a := authority(t, func(cfg *auth.Config) { cfg.Secret, cfg.JWKS = "", file })
	fresh := token(object{"alg": "EdDSA", "kid": "2"}, good(), eddsa(i.ed))
	refused(t, second(a.Verify(t.Context(), fresh)), protocol.CodeUnauthorized)
	write(publicKey("1", &i.rsa.PublicKey), publicKey("2", i.ed.Public()))
	if _, err := a.Verify(t.Context(), fresh); err != nil {
		t.Error(err)
	}
}

func TestAWrongConfigurationIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	i := theIssuer()
	file := func(content string) string {
		name := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for why, cfg := range map[string]auth.Config{
		"jwt-secret: it has 31 bytes, and needs 32": {Secret: strings.Repeat("x", 31)},
		"restrict nothing":                          {Issuer: "x"},
		"without jwt-secret or jwks":                {Audience: "x", Demo: true},
		"no such file":                              {JWKS: filepath.Join(t.TempDir(), "none")},
		"not a JWK set":                             {JWKS: file("keys")},
		"of its 0 keys none":                        {JWKS: file("{}")},
		"of its 1 keys none":                        {JWKS: file(jwks(publicKey("1", &i.weakRSA.PublicKey)))},
		"of its 2 keys none":                        {JWKS: file(jwks(object{"kty": "oct", "k": encode(secret)}, publicKey("1", &i.rsa.PublicKey).with(object{"use": "enc"})))},
		"the most are 100":                          {JWKS: file(`{"keys":[{}` + strings.Repeat(",{}", 100) + `]}`)},
		"at most 1048576 bytes":                     {JWKS: file(strings.Repeat(" ", 1<<20) + jwks())},
		"keys come by https":                        {JWKS: "http://issuer.example/jwks"},
		"or from this machine":                      {JWKS: "ftp://localhost/jwks"},
		"not a URL, nor a file":                     {JWKS: "https://"},
	} {
		if a, err := auth.New(cfg); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%+v: %v; want %q", cfg, err, why)
			if a != nil {
				a.Close()
			}
		}
	}
}
