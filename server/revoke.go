package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/auth"
)

// revoke refuses a user's tokens, or one token, on all relays of a Redis.
func revoke(i *invocation) error {
	sub := i.flags.String("sub", "", "refuse all tokens of this `user` that were issued until now")
	id := i.flags.String("id", "", "refuse the token with this `id` (jti)")
	where := i.setting("redis", "FANLIGHT_REDIS_URL", "the Redis of the relays, a `URL`; that inside a relay takes nobody else")
	prefix := i.setting("prefix", "FANLIGHT_PREFIX", "the relays' `prefix` there")
	if err := i.parse(); err != nil {
		return err
	}
	switch {
	case (*sub == "") == (*id == ""):
		return errors.New("one of -sub and -id is needed: who, or which token?")
	case where() == "":
		return errors.New("-redis or FANLIGHT_REDIS_URL is needed; the Redis inside a relay takes nobody else, so tokens that are to be revoked need one of its own")
	}
	client, err := dial(where())
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	// Revoking needs no key; one that is open will do.
	a, err := auth.New(auth.Config{Redis: client, Prefix: prefix(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	if err := a.Revoke(ctx, *sub, *id); err != nil {
		return err
	}
	what := fmt.Sprintf("The token %q is refused from now on,", *id)
	if *sub != "" {
		what = fmt.Sprintf("Tokens of %q that were issued until %s are refused from now on,", *sub, time.Now().UTC().Format(time.RFC3339))
	}
	_, err = fmt.Fprintln(i.out, what, "and its connections end, within a second on every relay.")
	return err
}

// dial prepares a client for a command's few calls.
func dial(where string) (*redis.Client, error) {
	opt, err := redis.ParseURL(where)
	if err != nil {
		// Without the URL, which may hold a password.
		if parse := (*url.Error)(nil); errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, errors.New("redis URL: " + strings.TrimPrefix(err.Error(), "redis: "))
	}
	opt.MaxRetries, opt.DialerRetries = -1, 1
	opt.ContextTimeoutEnabled, opt.DisableIdentity, opt.Protocol = true, true, 2
	redis.SetLogger(redisLog{slog.New(slog.DiscardHandler)})
	return redis.NewClient(opt), nil
}
