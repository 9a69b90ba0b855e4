package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// errUnknownKey is a token that names a key which is not in the key set.
var errUnknownKey = errors.New("the key is unknown")

// errKey is a key that can't be used as the token would have it.
var errKey = errors.New("the key does not go with the algorithm")

// asymmetric are the algorithms that the keys of a set are used with.
var asymmetric = []string{"RS256", "PS256", "ES256", "EdDSA"}

// keyring has the keys that tokens are verified with.
type keyring struct {
	secret []byte  // empty for none
	set    *keySet // nil for none
}

// algorithms returns those that some key is there for.
func (k *keyring) algorithms() (names []string) {
	if len(k.secret) > 0 {
		names = append(names, "HS256")
	}
	if k.set != nil {
		names = append(names, asymmetric...)
	}
	return names
}

// find returns the key that a token, whose algorithm is one of ours, must have
// been signed with. It may wait for the key set, until ctx ends.
func (k *keyring) find(ctx context.Context, token *jwt.Token) (any, error) {
	if _, there := token.Header["crit"]; there {
		return nil, errors.New("the token demands extensions (crit) that are unknown here")
	}
	if token.Method.Alg() == "HS256" {
		return k.secret, nil
	}
	key, err := k.set.find(ctx, token)
	if err != nil {
		return nil, err
	}
	if !fits(token.Method.Alg(), key) {
		return nil, errKey
	}
	return key, nil
}

// fits reports whether a key is of an algorithm's kind, and of a size that is
// neither weak nor a burden.
func fits(algorithm string, key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return (algorithm == "RS256" || algorithm == "PS256") && bits >= 2048 && bits <= 8192
	case *ecdsa.PublicKey:
		return algorithm == "ES256" && key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && len(key) == ed25519.PublicKeySize
	}
	return false
}
