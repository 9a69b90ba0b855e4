package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"fanlight/shared/protocol"
)

// MaxAge is how far a token's exp may be ahead.
const MaxAge = 30 * 24 * time.Hour

func (a *Authority) newParser() *jwt.Parser {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(a.keys.algorithms()),
		jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
	}
	if a.cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(a.cfg.Issuer))
	}
	if a.cfg.Audience != "" {
		options = append(options, jwt.WithAudience(a.cfg.Audience))
	}
	return jwt.NewParser(options...)
}

// Verify returns whose token this is. Its errors are *[protocol.Error], with
// the codes unauthorized; token_expired, for a token that was good; revoked; and
// unavailable, when keys or revocations can't be read now.
func (a *Authority) Verify(ctx context.Context, token string) (*Identity, error) {
	switch {
	case token == "":
		return nil, unauthorized("a token is needed")
	case len(token) > protocol.MaxToken:
		e := unauthorized(fmt.Sprintf("the token has %d bytes; the most are %d", len(token), protocol.MaxToken))
		e.Limit = protocol.MaxToken
		return nil, e
	case len(a.keys.algorithms()) == 0:
		return nil, unauthorized("this server takes no tokens: it is open, and whoever has none may do what there is to do")
	}
	var c claims
	_, err := a.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return a.keys.find(ctx, t) })
	if err != nil {
		return nil, refusal(err)
	}
	who := &Identity{Subject: c.sub, TokenID: c.jti, Issued: c.iat, Expires: c.exp, Grants: c.grants, Demo: a.demo != ""}
	if err := a.revoked.check(ctx, who); err != nil {
		return nil, err
	}
	return who, nil
}

// refusal says why a token is not taken: enough for its owner, and nothing that
// helps a forger, who gets no further than the signature.
func refusal(err error) error {
	var known *protocol.Error
	var claim *claimError
	var why string
	switch is := func(target error) bool { return errors.Is(err, target) }; {
	case errors.As(err, &known):
		return known
	case is(jwt.ErrTokenMalformed) && !errors.As(err, &claim):
		why = "it is not a JWT"
	case is(errUnknownKey):
		why = "its key is not known here"
	case is(jwt.ErrTokenUnverifiable), is(jwt.ErrTokenSignatureInvalid):
		why = "its algorithm or signature is not one that counts here"
	case is(jwt.ErrTokenInvalidIssuer):
		why = "its issuer (iss) is another"
	case is(jwt.ErrTokenInvalidAudience):
		why = "its audience (aud) is another"
	case is(jwt.ErrTokenNotValidYet), is(jwt.ErrTokenUsedBeforeIssued):
		why = "its time (nbf, iat) has not come yet"
	case errors.As(err, &claim):
		why = claim.Error()
	case is(jwt.ErrTokenRequiredClaimMissing):
		why = "it lacks a claim that is needed: exp, or the iss or aud of this server"
	case is(jwt.ErrTokenExpired):
		return expired()
	default:
		why = "its claims are not valid"
	}
	return unauthorized("the token is not valid here: " + why)
}

func unauthorized(message string) *protocol.Error {
	return &protocol.Error{Code: protocol.CodeUnauthorized, Message: message, Field: "token"}
}

func expired() *protocol.Error {
	return &protocol.Error{Code: protocol.CodeTokenExpired, Message: "the token's time is over: come back with a new one", Field: "token"}
}

func unavailable(message string) *protocol.Error {
	return &protocol.Error{Code: protocol.CodeUnavailable, Message: message}
}
