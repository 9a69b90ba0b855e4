package security_test

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// issuer signs tokens with a key of its own, of which everybody may know the
// public half.
type issuer ed25519.PrivateKey

func newIssuer() issuer {
	_, key, err := ed25519.GenerateKey(nil)
	return issuer(must(key, err))
}

// keySet writes the issuer's key set into a file, and returns its name.
func (i issuer) keySet(g *rig) string {
	g.Helper()
	public := ed25519.PrivateKey(i).Public().(ed25519.PublicKey)
	set := object{"keys": []object{{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": segment(public)}}}
	file := filepath.Join(g.TempDir(), "jwks.json")
	if err := os.WriteFile(file, must(json.Marshal(set)), 0o600); err != nil {
		g.Fatal(err)
	}
	return file
}

// jwt signs a token for a user, valid for an hour.
func (i issuer) jwt(sub string, grants object) string {
	claims := object{"sub": sub, "exp": time.Now().Add(time.Hour).Unix(), "grants": grants}
	text := segment(must(json.Marshal(object{"alg": "EdDSA", "kid": "1"}))) + "." + segment(must(json.Marshal(claims)))
	return text + "." + segment(ed25519.Sign(ed25519.PrivateKey(i), []byte(text)))
}
