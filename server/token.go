package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/filter"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// authority is the configuration that tokens are checked with.
type authority struct{ secret, jwks, issuer, audience, redis, prefix func() string }

// token signs a token and prints it, or explains one.
func token(i *invocation) error {
	var grants channel.Grants
	a := authority{
		secret:   i.setting("jwt-secret", "FANLIGHT_JWT_SECRET", "sign and verify with this `secret`; better given by its variable, since other users of this machine see arguments"),
		jwks:     i.setting("jwks", "FANLIGHT_JWKS", "for -check: verify with the key set at this `URL or file`"),
		issuer:   i.setting("jwt-issuer", "FANLIGHT_JWT_ISSUER", "the `issuer` that the server demands"),
		audience: i.setting("jwt-audience", "FANLIGHT_JWT_AUDIENCE", "the `audience` that the server demands"),
		redis:    i.setting("redis", "FANLIGHT_REDIS_URL", "for -check: see whether it was revoked, in the Redis at this `URL`"),
		prefix:   i.setting("prefix", "FANLIGHT_PREFIX", "the server's prefix in Redis"),
	}
	sub := i.flags.String("sub", "", "the user's `name` (sub)")
	id := i.flags.String("id", "", "the token's `id` (jti), by which it can be revoked")
	issuer := i.flags.String("iss", "", "its `issuer` (iss); that of -jwt-issuer if not given")
	audience := i.flags.String("aud", "", "its `audience` (aud); that of -jwt-audience if not given")
	ttl := i.flags.Duration("ttl", time.Hour, "how long it is good, a `duration` of at most 720h")
	check := i.flags.String("check", "", "explain this `token`, and say whether it is good here; - reads it from standard input")
	i.flags.Func("grant", "a `grant`: let it do something, as in 'chat:*=rw'; again for more.\n"+
		"In a pattern * is one segment, # the rest, and {sub} the user. r is to subscribe and to see history\n"+
		"and presence, w to publish; or name them: subscribe,history,presence,publish.\n"+
		`'alerts:#=r if level == "warn"' lets through only what the filter does`,
		func(text string) error {
			g, err := parseGrant(text)
			if err == nil && slices.ContainsFunc(grants, func(other channel.Grant) bool { return other.Pattern == g.Pattern }) {
				err = fmt.Errorf("%s has a grant already", g.Pattern)
			}
			grants = append(grants, g)
			return err
		})
	if err := i.parse(); err != nil {
		return err
	}
	if *check != "" {
		return i.check(*check, a)
	}
	now := time.Now()
	t := auth.Token{Subject: *sub, ID: *id, Issuer: *issuer, Audience: *audience, Issued: now, Expires: now.Add(*ttl), Grants: grants}
	if t.Issuer == "" {
		t.Issuer = a.issuer()
	}
	if t.Audience == "" {
		t.Audience = a.audience()
	}
	switch {
	case t.Subject == "":
		return errors.New("-sub is needed: whose token is it?")
	case a.secret() == "":
		return errors.New("-jwt-secret or FANLIGHT_JWT_SECRET is needed: the server's; openssl rand -hex 32 makes one")
	case len(grants) > channel.MaxGrants:
		return fmt.Errorf("a token has at most %d grants", channel.MaxGrants)
	}
	signed, err := t.Sign(a.secret())
	if err != nil {
		return err
	}
	if len(signed) > protocol.MaxToken {
		return fmt.Errorf("the token has %d bytes, and servers take %d: give it fewer grants", len(signed), protocol.MaxToken)
	}
	if len(grants) == 0 {
		_, _ = fmt.Fprintln(i.notes, "It has no -grant: it may do what the server's configuration lets every user do.")
	}
	_, err = fmt.Fprintln(i.out, signed)
	return err
}

// parseGrant reads PATTERN=OPS, or PATTERN=OPS if FILTER.
func parseGrant(text string) (channel.Grant, error) {
	pattern, rest, found := strings.Cut(text, "=")
	if !found {
		return channel.Grant{}, errors.New("a grant is PATTERN=OPS, as in chat:*=rw")
	}
	names, expression, filtered := strings.Cut(rest, " if ")
	g := channel.Grant{Filter: strings.TrimSpace(expression)}
	var err error
	if g.Pattern, err = channel.ParsePattern(strings.TrimSpace(pattern)); err != nil {
		return g, err
	}
	if g.Ops, err = parseOps(strings.TrimSpace(names)); err != nil {
		return g, err
	}
	if filtered {
		if _, err := filter.Compile(g.Filter); err != nil {
			return g, fmt.Errorf("filter: %w", err)
		}
	}
	return g, nil
}

func parseOps(text string) (channel.Op, error) {
	if text != "" && strings.Trim(text, "rw") == "" {
		var ops channel.Op
		if strings.Contains(text, "r") {
			ops |= channel.Subscribe | channel.History | channel.Presence
		}
		if strings.Contains(text, "w") {
			ops |= channel.Publish
		}
		return ops, nil
	}
	names := strings.Split(text, ",")
	for n := range names {
		names[n] = strings.TrimSpace(names[n])
	}
	return channel.ParseOps(names)
}
