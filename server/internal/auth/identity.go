package auth

import (
	"time"

	"fanlight/shared/channel"
)

// Identity is who calls, and what that one may do. It never changes.
type Identity struct {
	// Subject is the token's sub, "" for whoever brought none.
	Subject string
	// TokenID is the token's jti, "" when it has none.
	TokenID string
	// Issued and Expires are the token's iat and exp; zero without a token.
	// Issued is zero also for a token without one.
	Issued, Expires time.Time
	// Grants are the token's.
	Grants channel.Grants
	// Demo says that the token is one of this server's demo identities, which
	// many people share.
	Demo bool
}

// Anonymous reports whether no token stands behind the identity.
func (i *Identity) Anonymous() bool { return i.Expires.IsZero() }
