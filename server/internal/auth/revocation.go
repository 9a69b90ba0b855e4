package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

const (
	// pollInterval is the time between two looks at the version.
	pollInterval = 500 * time.Millisecond
	// pollTimeout bounds one.
	pollTimeout = 3 * time.Second
	// firstRead is how long a token waits for the set to be read at start.
	firstRead = time.Second
	// maxRevoked is the most revocations that are kept. Who needs more should
	// change the key.
	maxRevoked = 100_000
)

// revocations are those that are known. One goroutine, in loop, follows Redis.
type revocations struct {
	redis   redis.UniversalClient // nil for no revocations
	key     string
	log     *slog.Logger
	changed func(has func(*Identity) bool) // told of a change, without the lock
	read    chan struct{}                  // closed when the set was read once

	mu      sync.RWMutex
	version string
	since   map[string]time.Time // when revoked, by entry
}

func newRevocations(cfg Config, changed func(has func(*Identity) bool)) *revocations {
	r := &revocations{
		redis: cfg.Redis, key: "fanlight/revoked/{" + cfg.Prefix + "revoked}", log: cfg.Log, changed: changed,
		read: make(chan struct{}), since: make(map[string]time.Time),
	}
	if r.redis == nil {
		close(r.read)
	}
	return r
}

func (r *revocations) versionKey() string { return r.key + "/version" }

func userEntry(subject string) string { return "sub:" + subject }

func tokenEntry(id string) string { return "jti:" + id }

// Revoke refuses, from now on and on every relay within a second, a user's
// tokens that were issued until now, or the token with an id; one of the two is
// "". A token that is issued in the same second as the revocation is refused as
// well, since iat has no fractions. The error is a *[protocol.Error].
func (a *Authority) Revoke(ctx context.Context, subject, tokenID string) error {
	bad := func(message string, limit int) error {
		return &protocol.Error{Code: protocol.CodeBadRequest, Message: message, Limit: limit}
	}
	entry := userEntry(subject)
	switch {
	case (subject == "") == (tokenID == ""):
		return bad("either a user or a token id is revoked", 0)
	case len(subject) > protocol.MaxUser:
		return bad(fmt.Sprintf("a user's name has at most %d bytes", protocol.MaxUser), protocol.MaxUser)
	case len(tokenID) > maxTokenID:
		return bad(fmt.Sprintf("a token's id has at most %d bytes", maxTokenID), maxTokenID)
	case a.cfg.Redis == nil:
		return unavailable("revocations are kept in Redis")
	case tokenID != "":
		entry = tokenEntry(tokenID)
	}
	return a.revoked.add(ctx, entry)
}

func (r *revocations) add(ctx context.Context, entry string) error {
	now := time.Now()
	if n, err := r.redis.ZCard(ctx, r.key).Result(); err != nil {
		return unavailable("Redis: " + err.Error())
	} else if n >= maxRevoked {
		return &protocol.Error{
			Code: protocol.CodeBadRequest, Limit: maxRevoked,
			Message: fmt.Sprintf("there are %d revocations already: change the key that tokens are signed with", n),
		}
	}
	_, err := r.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZAddGT(ctx, r.key, redis.Z{Score: float64(now.UnixMicro()), Member: entry})
		p.ZRemRangeByScore(ctx, r.key, "-inf", "("+strconv.FormatInt(oldest(now).UnixMicro(), 10))
		p.Expire(ctx, r.key, MaxAge+time.Hour)
		// Not a counter, which could come to the same number twice when Redis
		// loses it or goes back in time.
		p.Set(ctx, r.versionKey(), rand.Text(), MaxAge+time.Hour)
		return nil
	})
	if err != nil {
		return unavailable("Redis: " + err.Error())
	}
	return nil
}

// oldest is when the oldest revocation was made that still concerns a token.
// A token's iat may be ahead of its use by the leeway.
func oldest(now time.Time) time.Time { return now.Add(-MaxAge - leeway) }

// check returns nil for an identity that is not revoked. Right after the start
// it waits a moment for the revocations.
func (r *revocations) check(ctx context.Context, who *Identity) error {
	select {
	case <-r.read:
	default:
		patience := time.NewTimer(firstRead)
		defer patience.Stop()
		select {
		case <-r.read:
		case <-ctx.Done():
			return unavailable("it is not known yet which tokens are revoked")
		case <-patience.C:
			return unavailable("it is not known yet which tokens are revoked")
		}
	}
	if r.has(who) {
		return revokedError()
	}
	return nil
}

func (r *revocations) has(who *Identity) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if who.TokenID != "" {
		if _, revoked := r.since[tokenEntry(who.TokenID)]; revoked {
			return true
		}
	}
	since, revoked := r.since[userEntry(who.Subject)]
	return revoked && !who.Issued.After(since) // without iat, at any time
}

func revokedError() *protocol.Error {
	return &protocol.Error{Code: protocol.CodeRevoked, Message: "the token was revoked", Field: "token"}
}

// loop follows Redis until ctx ends.
func (r *revocations) loop(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	failing := false
	for {
		err := r.poll(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			failing = failed
			if failed {
				r.log.Warn("revocations can't be read; those that are known still count", "error", err)
			} else {
				r.log.Info("revocations can be read again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// poll reads the set if it has another version than what is known. The version
// is read first: whatever comes later is seen the next time.
func (r *revocations) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	version, err := r.redis.Get(ctx, r.versionKey()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if version == r.version && r.isRead() {
		return nil
	}
	now := time.Now()
	entries, err := r.redis.ZRevRangeByScoreWithScores(ctx, r.key, &redis.ZRangeBy{
		Min: strconv.FormatInt(oldest(now).UnixMicro(), 10), Max: "+inf", Count: 2 * maxRevoked,
	}).Result()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.version = version
	for entry, since := range r.since {
		if since.Before(oldest(now)) {
			delete(r.since, entry)
		}
	}
	for _, z := range entries {
		entry, since := fmt.Sprint(z.Member), time.UnixMicro(int64(z.Score))
		if since.After(r.since[entry]) {
			r.since[entry] = since
		}
	}
	r.mu.Unlock()
	if !r.isRead() {
		close(r.read)
	}
	r.changed(r.has)
	return nil
}

func (r *revocations) isRead() bool {
	select {
	case <-r.read:
		return true
	default:
		return false
	}
}
