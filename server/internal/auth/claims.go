package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// leeway is how far nbf and iat may be ahead.
const leeway = 5 * time.Second

// maxTokenID is the most bytes of a jti.
const maxTokenID = 128

// claims are what is read of a token. It implements jwt.Claims for the checks
// of times, issuer and audience.
type claims struct {
	iss, sub, jti string
	aud           []string
	exp, nbf, iat time.Time // zero when absent
	grants        channel.Grants
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *claims) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for _, field := range []struct {
		name string
		read func(json.RawMessage) error
	}{
		{"iss", into(&c.iss)},
		{"sub", into(&c.sub)},
		{"jti", into(&c.jti)},
		{"aud", c.readAudience},
		{"exp", readTime(&c.exp)},
		{"nbf", readTime(&c.nbf)},
		{"iat", readTime(&c.iat)},
		{"grants", into(&c.grants)},
	} {
		raw, present := all[field.name]
		if !present || string(raw) == "null" {
			continue
		}
		if err := field.read(raw); err != nil {
			if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && field.name != "grants" {
				err = errType
			}
			return &claimError{field.name, err}
		}
	}
	return nil
}

var errMissing, errType = errors.New("it is missing"), errors.New("it is of the wrong type")

// claimError is a claim that is not what it should be.
type claimError struct {
	name string
	err  error
}

func (e *claimError) Error() string { return e.name + ": " + e.err.Error() }

func (e *claimError) Unwrap() error { return e.err }

func into[T any](target *T) func(json.RawMessage) error {
	return func(raw json.RawMessage) error { return json.Unmarshal(raw, target) }
}

func (c *claims) readAudience(raw json.RawMessage) error {
	if raw[0] == '"' {
		c.aud = make([]string, 1)
		return json.Unmarshal(raw, &c.aud[0])
	}
	return json.Unmarshal(raw, &c.aud)
}

// readTime reads seconds since the Unix epoch, with or without a fraction.
func readTime(t *time.Time) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var seconds float64
		if err := json.Unmarshal(raw, &seconds); err != nil {
			return err
		}
		if seconds < 1 || seconds > 1e11 {
			return fmt.Errorf("%v is no time in seconds", seconds)
		}
		*t = time.UnixMicro(int64(seconds * 1e6))
		return nil
	}
}

// GetExpirationTime implements jwt.Claims.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.exp, 0), nil }

// GetNotBefore implements jwt.Claims.
func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return date(c.nbf, leeway), nil }

// GetIssuedAt implements jwt.Claims.
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error) { return date(c.iat, leeway), nil }

// GetIssuer implements jwt.Claims.
func (c *claims) GetIssuer() (string, error) { return c.iss, nil }

// GetSubject implements jwt.Claims.
func (c *claims) GetSubject() (string, error) { return c.sub, nil }

// GetAudience implements jwt.Claims.
func (c *claims) GetAudience() (jwt.ClaimStrings, error) { return c.aud, nil }

// date moves a time towards the past: the library has one leeway for all
// claims, and exp has none here.
func date(t time.Time, leeway time.Duration) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}
	return &jwt.NumericDate{Time: t.Add(-leeway)}
}

// Validate implements jwt.ClaimsValidator: what the library does not check.
func (c *claims) Validate() error {
	switch {
	case c.sub == "":
		return &claimError{"sub", errMissing}
	case len(c.sub) > protocol.MaxUser:
		return &claimError{"sub", fmt.Errorf("it has %d bytes; the most are %d", len(c.sub), protocol.MaxUser)}
	case len(c.jti) > maxTokenID:
		return &claimError{"jti", fmt.Errorf("it has %d bytes; the most are %d", len(c.jti), maxTokenID)}
	case time.Until(c.exp) > MaxAge:
		return &claimError{"exp", fmt.Errorf("it is more than %d days ahead", MaxAge/(24*time.Hour))}
	}
	return nil
}
