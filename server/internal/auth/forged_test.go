package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/protocol"
)

// issuer has keys of every kind, which take a while to make.
type issuer struct {
	rsa, otherRSA, weakRSA *rsa.PrivateKey
	ec                     *ecdsa.PrivateKey
	p384                   *ecdsa.PrivateKey
	ed                     ed25519.PrivateKey
}

var theIssuer = sync.OnceValue(func() *issuer {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return &issuer{
		rsa: must(rsa.GenerateKey(rand.Reader, 2048)), otherRSA: must(rsa.GenerateKey(rand.Reader, 2048)),
		weakRSA: must(rsa.GenerateKey(rand.Reader, 1024)),
		ec:      must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), p384: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), ed: ed,
	}
})

func rs256(key *rsa.PrivateKey) signer {
	return func(text string) []byte {
		return must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest(text)))
	}
}

func ps256(key *rsa.PrivateKey) signer {
	return func(text string) []byte {
		return must(rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest(text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
	}
}

func es256(key *ecdsa.PrivateKey) signer {
	return func(text string) []byte {
		size := (key.Params().BitSize + 7) / 8
		r, s, err := ecdsa.Sign(rand.Reader, key, digest(text))
		if err != nil {
			panic(err)
		}
		b := make([]byte, 2*size)
		r.FillBytes(b[:size])
		s.FillBytes(b[size:])
		return b
	}
}

func eddsa(key ed25519.PrivateKey) signer {
	return func(text string) []byte { return ed25519.Sign(key, []byte(text)) }
}

func unsigned(string) []byte { return nil }

// both is guarded by the secret and by the issuer's keys.
func both(t testing.TB) (*auth.Authority, *issuer) {
	i := theIssuer()
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(jwks(
		publicKey("rsa", &i.rsa.PublicKey), publicKey("ec", &i.ec.PublicKey), publicKey("ed", i.ed.Public()),
		publicKey("p384", &i.p384.PublicKey), publicKey("weak", &i.weakRSA.PublicKey),
		publicKey("encryption", &i.otherRSA.PublicKey).with(object{"use": "enc"}),
		publicKey("pinned", &i.otherRSA.PublicKey).with(object{"alg": "PS256"}),
		object{"kty": "oct", "kid": "oct", "k": encode("a symmetric key that stands in the open")},
	)), 0o600); err != nil {
		t.Fatal(err)
	}
	return authority(t, func(cfg *auth.Config) { cfg.JWKS = file }), i
}

func TestTokensOfEveryAlgorithmThatCountsAreTaken(t *testing.T) {
	t.Parallel()
	a, i := both(t)
	for name, text := range map[string]string{
		"HS256":           hs(good()),
		"HS256, any kid":  token(object{"alg": "HS256", "kid": "rsa"}, good(), hs256(secret)),
		"RS256":           token(object{"alg": "RS256", "kid": "rsa"}, good(), rs256(i.rsa)),
		"PS256":           token(object{"alg": "PS256", "kid": "rsa"}, good(), ps256(i.rsa)),
		"PS256, pinned":   token(object{"alg": "PS256", "kid": "pinned"}, good(), ps256(i.otherRSA)),
		"ES256":           token(object{"alg": "ES256", "kid": "ec"}, good(), es256(i.ec)),
		"EdDSA":           token(object{"alg": "EdDSA", "kid": "ed"}, good(), eddsa(i.ed)),
		"without an id":   hs(good().with(object{"jti": nil})),
		"without iat":     hs(good().with(object{"iat": nil})),
		"without grants":  hs(good().with(object{"grants": nil})),
		"other claims":    hs(good().with(object{"name": "Alice", "SUB": "root", "Exp": 1, "admin": true})),
		"half a second":   hs(good().with(object{"iat": float64(time.Now().UnixMilli()-1500) / 1000})),
		"several in aud":  hs(good().with(object{"aud": []string{"a", "b"}})),
		"the longest sub": hs(good().with(object{"sub": strings.Repeat("a", protocol.MaxUser)})),
	} {
		who, err := a.Verify(t.Context(), text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if who.Subject != "alice" && name != "the longest sub" || who.Anonymous() || who.Demo {
			t.Errorf("%s: %+v", name, who)
		}
	}
	who, err := a.Verify(t.Context(), hs(object{"sub": "bob", "jti": "x", "iat": 1700000000.5, "exp": time.Now().Unix() + 9, "grants": object{"a": []string{"publish"}}}))
	if err != nil || who.Subject != "bob" || who.TokenID != "x" || who.Issued.UnixMilli() != 1700000000500 || time.Until(who.Expires) > 9*time.Second ||
		len(who.Grants) != 1 || who.Grants[0].Pattern.String() != "a" {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	a, i := both(t)
	public := must(x509.MarshalPKIXPublicKey(&i.rsa.PublicKey))
	asPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	now := time.Now().Unix()
	taken := hs(good())
	head, claims, signature := cut(taken)
	for name, text := range map[string]string{
		"nothing":                     "",
		"no JWT":                      "alice",
		"two segments":                head + "." + claims,
		"four segments":               taken + ".x",
		"empty segments":              "..",
		"no signature":                head + "." + claims + ".",
		"half a signature":            head + "." + claims + "." + signature[:20],
		"a signature with padding":    taken + "=",
		"a signature spelled oddly":   taken[:len(taken)-1] + string(taken[len(taken)-1]+1),
		"other claims, signed before": head + "." + encode(good().with(object{"sub": "root"})) + "." + signature,

		"alg none":              token(object{"alg": "none"}, good(), unsigned),
		"alg None":              token(object{"alg": "None"}, good(), unsigned),
		"alg none, signed":      token(object{"alg": "none"}, good(), hs256(secret)),
		"no alg":                token(object{"typ": "JWT"}, good(), hs256(secret)),
		"alg of no string":      token(object{"alg": []string{"HS256"}}, good(), hs256(secret)),
		"alg in another case":   token(object{"alg": "hs256"}, good(), hs256(secret)),
		"ALG":                   token(object{"ALG": "HS256"}, good(), hs256(secret)),
		"HS512":                 token(object{"alg": "HS512"}, good(), hs256(secret)),
		"HS256, wrong secret":   token(object{"alg": "HS256"}, good(), hs256(secret+"!")),
		"HS256, empty secret":   token(object{"alg": "HS256"}, good(), hs256("")),
		"HS256 by the PEM":      token(object{"alg": "HS256", "kid": "rsa"}, good(), hs256(asPEM)),
		"HS256 by the DER":      token(object{"alg": "HS256", "kid": "rsa"}, good(), hs256(string(public))),
		"HS256 by the modulus":  token(object{"alg": "HS256", "kid": "rsa"}, good(), hs256(string(i.rsa.N.Bytes()))),
		"HS256 by a set's key":  token(object{"alg": "HS256", "kid": "oct"}, good(), hs256("a symmetric key that stands in the open")),
		"RS256 by the secret":   token(object{"alg": "RS256", "kid": "rsa"}, good(), hs256(secret)),
		"RS256, wrong key":      token(object{"alg": "RS256", "kid": "rsa"}, good(), rs256(i.otherRSA)),
		"RS256 with a PS256":    token(object{"alg": "RS256", "kid": "rsa"}, good(), ps256(i.rsa)),
		"RS256, key for PS256":  token(object{"alg": "RS256", "kid": "pinned"}, good(), rs256(i.otherRSA)),
		"RS256, EC key":         token(object{"alg": "RS256", "kid": "ec"}, good(), es256(i.ec)),
		"RS256, weak key":       token(object{"alg": "RS256", "kid": "weak"}, good(), rs256(i.weakRSA)),
		"RS256, encryption key": token(object{"alg": "RS256", "kid": "encryption"}, good(), rs256(i.otherRSA)),
		"RS384":                 token(object{"alg": "RS384", "kid": "rsa"}, good(), rs256(i.rsa)),
		"ES256, RSA key":        token(object{"alg": "ES256", "kid": "rsa"}, good(), rs256(i.rsa)),
		"ES256 on P-384":        token(object{"alg": "ES256", "kid": "p384"}, good(), es256(i.p384)),
		"ES256, all zero":       token(object{"alg": "ES256", "kid": "ec"}, good(), func(string) []byte { return make([]byte, 64) }),
		"EdDSA, EC key":         token(object{"alg": "EdDSA", "kid": "ec"}, good(), eddsa(i.ed)),

		"no kid, several keys": token(object{"alg": "RS256"}, good(), rs256(i.rsa)),
		"garbage kid":          token(object{"alg": "RS256", "kid": "../../etc/passwd\x00' OR 1=1"}, good(), rs256(i.rsa)),
		"long kid":             token(object{"alg": "RS256", "kid": strings.Repeat("rsa", 1000)}, good(), rs256(i.rsa)),
		"kid of a number":      token(object{"alg": "RS256", "kid": 1}, good(), rs256(i.rsa)),
		"kid of null":          token(`{"alg":"RS256","kid":null}`, good(), rs256(i.rsa)),
		"kid of a list":        token(object{"alg": "RS256", "kid": []string{"rsa"}}, good(), rs256(i.rsa)),
		"own key in jwk":       token(object{"alg": "RS256", "jwk": publicKey("x", &i.otherRSA.PublicKey)}, good(), rs256(i.otherRSA)),
		"own key in jku":       token(object{"alg": "RS256", "kid": "x", "jku": "http://127.0.0.1:1/jwks"}, good(), rs256(i.otherRSA)),
		"unknown extensions":   token(object{"alg": "HS256", "crit": []string{"exp"}}, good(), hs256(secret)),
		"header of a list":     token(`["HS256"]`, good(), hs256(secret)),
		"header of null":       token(`null`, good(), hs256(secret)),

		"no exp":               hs(good().with(object{"exp": nil})),
		"exp null":             hs(strings.Replace(string(jsonOf(good())), `"exp":`, `"exp":null,"x":`, 1)),
		"exp 0":                hs(good().with(object{"exp": 0})),
		"exp of text":          hs(good().with(object{"exp": "9999999999"})),
		"exp of a list":        hs(good().with(object{"exp": []int64{now + 60}})),
		"exp of an object":     hs(good().with(object{"exp": object{}})),
		"exp of true":          hs(good().with(object{"exp": true})),
		"exp huge":             hs(good().with(object{"exp": 1e300})),
		"exp below zero":       hs(good().with(object{"exp": -1})),
		"exp in milliseconds":  hs(good().with(object{"exp": (now + 60) * 1000})),
		"exp in 31 days":       hs(good().with(object{"exp": now + 31*24*3600})),
		"EXP":                  hs(good().with(object{"exp": nil, "EXP": now + 60})),
		"not yet (nbf)":        hs(good().with(object{"nbf": now + 60})),
		"not yet (iat)":        hs(good().with(object{"iat": now + 60})),
		"nbf of text":          hs(good().with(object{"nbf": "yesterday"})),
		"iat of a list":        hs(good().with(object{"iat": []int64{now}})),
		"no sub":               hs(good().with(object{"sub": nil})),
		"empty sub":            hs(good().with(object{"sub": ""})),
		"sub of a number":      hs(good().with(object{"sub": 7})),
		"sub of a list":        hs(good().with(object{"sub": []string{"alice"}})),
		"SUB":                  hs(good().with(object{"sub": nil, "SUB": "alice"})),
		"sub too long":         hs(good().with(object{"sub": strings.Repeat("a", protocol.MaxUser+1)})),
		"jti of a number":      hs(good().with(object{"jti": 7})),
		"jti too long":         hs(good().with(object{"jti": strings.Repeat("a", 129)})),
		"aud of a number":      hs(good().with(object{"aud": 7})),
		"aud of numbers":       hs(good().with(object{"aud": []int{7}})),
		"grants of a list":     hs(good().with(object{"grants": []string{"chat:*"}})),
		"grants of text":       hs(good().with(object{"grants": "chat:*=rw"})),
		"an unknown operation": hs(good().with(object{"grants": object{"chat:*": []string{"everything"}}})),
		"claims of a list":     hs(`[]`),
		"claims of null":       hs(`null`),
		"claims of text":       hs(`"alice"`),
		"two objects":          hs(string(jsonOf(good())) + `{}`),
		"no JSON":              hs(`{"sub":`),
	} {
		who, err := a.Verify(t.Context(), text)
		e := refusal(t, err, protocol.CodeUnauthorized)
		if who != nil || t.Failed() {
			t.Fatalf("%s: %+v, %v", name, who, err)
		}
		if e.Field != "token" || strings.Contains(e.Message, secret) || strings.Contains(e.Message, "json:") || len(e.Message) > 300 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestATokenThatIsTooLargeIsRefusedUnread(t *testing.T) {
	t.Parallel()
	a := authority(t, nil)
	pad := func(n int) string {
		return hs(good().with(object{"x": strings.Repeat("x", n)}))
	}
	fits := 3 * (protocol.MaxToken - len(pad(0))) / 4
	if _, err := a.Verify(t.Context(), pad(fits-3)); err != nil {
		t.Error(err)
	}
	if e := refusal(t, second(a.Verify(t.Context(), pad(fits+3))), protocol.CodeUnauthorized); e.Limit != protocol.MaxToken {
		t.Errorf("%+v", e)
	}
	if e := refusal(t, second(a.Verify(t.Context(), strings.Repeat(".", 1<<20))), protocol.CodeUnauthorized); e.Limit != protocol.MaxToken {
		t.Errorf("%+v", e)
	}
}

func TestIssuerAndAudienceAreCheckedWhenSet(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) { cfg.Issuer, cfg.Audience = "https://issuer", "fanlight" })
	right := good().with(object{"iss": "https://issuer", "aud": "fanlight"})
	for name, claims := range map[string]object{
		"both":           right,
		"aud of several": right.with(object{"aud": []string{"x", "fanlight"}}),
	} {
		if _, err := a.Verify(t.Context(), hs(claims)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, claims := range map[string]object{
		"no iss":           right.with(object{"iss": nil}),
		"another iss":      right.with(object{"iss": "https://issuer/"}),
		"iss of a list":    right.with(object{"iss": []string{"https://issuer"}}),
		"no aud":           right.with(object{"aud": nil}),
		"another aud":      right.with(object{"aud": "fanlights"}),
		"no aud of many":   right.with(object{"aud": []string{"x", "y"}}),
		"aud of none":      right.with(object{"aud": []string{}}),
		"neither":          good(),
		"ISS":              right.with(object{"iss": nil, "ISS": "https://issuer"}),
		"expired as well":  right.with(object{"iss": "https://other", "exp": time.Now().Unix() - 5}),
		"expired, and aud": right.with(object{"aud": "x", "exp": time.Now().Unix() - 5}),
	} {
		if _, err := a.Verify(t.Context(), hs(claims)); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			refused(t, err, protocol.CodeUnauthorized)
		}
	}
}

// Expiry is told apart from all else, since its remedy is another: come back
// with a new token. Only a token that was good is told so.
func TestAnExpiredTokenIsRefusedAsSuch(t *testing.T) {
	t.Parallel()
	a := authority(t, nil)
	past := good().with(object{"iat": time.Now().Unix() - 3600, "exp": time.Now().Unix() - 1})
	refused(t, second(a.Verify(t.Context(), hs(past))), protocol.CodeTokenExpired)
	refused(t, second(a.Verify(t.Context(), token(object{"alg": "HS256"}, past, hs256("another secret")))), protocol.CodeUnauthorized)
	refused(t, second(a.Verify(t.Context(), hs(past.with(object{"sub": nil})))), protocol.CodeUnauthorized)
}

func TestTimesAreTakenExactlyAtTheirEdges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, nil)
		start := time.Now().Unix()
		text := hs(good().with(object{"iat": start + 10, "nbf": start + 10, "exp": start + 20}))
		is := func(at time.Duration, code protocol.Code) {
			t.Helper()
			time.Sleep(time.Until(time.Unix(start, 0).Add(at)))
			_, err := a.Verify(t.Context(), text)
			if code != "" {
				refused(t, err, code)
			} else if err != nil {
				t.Error(at, err)
			}
		}
		is(5*time.Second-time.Millisecond, protocol.CodeUnauthorized)
		is(5*time.Second, "")
		is(20*time.Second-time.Millisecond, "")
		is(20*time.Second, protocol.CodeTokenExpired)

		far := hs(good().with(object{"exp": time.Now().Add(auth.MaxAge).Unix()}))
		if _, err := a.Verify(t.Context(), far); err != nil {
			t.Error(err)
		}
	})
}

func TestWithoutKeysNoTokenIsTaken(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) { cfg.Secret = "" })
	for _, text := range []string{hs(good()), token(object{"alg": "none"}, good(), unsigned), token(object{"alg": "HS256"}, good(), hs256(""))} {
		refused(t, second(a.Verify(t.Context(), text)), protocol.CodeUnauthorized)
	}
}

// FuzzVerify looks for a token that is taken although the secret did not sign
// it, and for one that makes the parser fall.
func FuzzVerify(f *testing.F) {
	a := authority(f, nil)
	claims := `{"sub":"alice","exp":` + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + `}`
	// From claims that nobody takes, the fuzzer would learn only how to be refused.
	if who, err := a.Verify(f.Context(), hs(claims)); err != nil || who.Subject != "alice" {
		f.Fatalf("%s is %+v: %v", claims, who, err)
	}
	for _, text := range []string{
		"", "..", "a.b.c", token(object{"alg": "none"}, good(), unsigned), token(object{"alg": "HS256"}, good(), hs256("x")),
		token(object{"alg": "RS256", "kid": "a"}, good(), hs256(secret)), hs(good()), hs(`null`), hs(`{"exp":1e999}`),
		hs(good().with(object{"exp": "1"})), hs(good().with(object{"grants": object{"#": 1}})), hs(good().with(object{"aud": []int{1}})),
	} {
		f.Add(text, claims)
	}
	f.Fuzz(func(t *testing.T, text, claims string) {
		if who, err := a.Verify(t.Context(), text); err == nil {
			head, body, signature := cut(text)
			if encode(string(hs256(secret)(head+"."+body))) != signature {
				t.Fatalf("%q is %+v", text, who)
			}
		} else if len(err.Error()) > 1000 {
			t.Fatalf("%d bytes of error", len(err.Error()))
		}
		// Claims that were signed: whatever is taken keeps what is promised.
		who, err := a.Verify(t.Context(), hs(claims))
		if err != nil {
			return
		}
		if who.Anonymous() || who.Subject == "" || len(who.Subject) > protocol.MaxUser || len(who.TokenID) > 128 ||
			time.Until(who.Expires) > auth.MaxAge || time.Until(who.Expires) < -time.Minute {
			t.Fatalf("%q is %+v", claims, who)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func cut(text string) (head, claims, signature string) {
	parts := strings.SplitN(text, ".", 3)
	return parts[0], parts[1], parts[2]
}
