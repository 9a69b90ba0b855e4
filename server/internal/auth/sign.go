package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"fanlight/shared/channel"
)

// Token is what a token says that we sign ourselves.
type Token struct {
	Subject  string         // sub; required
	ID       string         // jti
	Issuer   string         // iss
	Audience string         // aud
	Issued   time.Time      // iat; required
	Expires  time.Time      // exp; required
	Grants   channel.Grants // grants
}

// Sign returns the token as a JWT, signed by HS256 with a secret. Fields that
// are empty are left out; times are cut to the second.
func (t Token) Sign(secret string) (string, error) {
	if len(secret) < MinSecret {
		return "", fmt.Errorf("the secret has %d bytes, and needs %d", len(secret), MinSecret)
	}
	all := jwt.MapClaims{"iat": t.Issued.Unix(), "exp": t.Expires.Unix()}
	for name, text := range map[string]string{"sub": t.Subject, "jti": t.ID, "iss": t.Issuer, "aud": t.Audience} {
		if text != "" {
			all[name] = text
		}
	}
	if len(t.Grants) > 0 {
		all["grants"] = t.Grants
	}
	// What Verify would refuse later is better refused now.
	c := claims{sub: t.Subject, jti: t.ID, exp: t.Expires}
	if err := c.Validate(); err != nil {
		return "", err
	}
	if !t.Expires.After(t.Issued) {
		return "", errors.New("exp: it is not after iat")
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(secret))
}
