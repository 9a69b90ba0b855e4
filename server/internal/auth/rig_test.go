package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"fanlight/server/internal/auth"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func TestMain(m *testing.M) {
	// go-redis looks for a Redis that is away once a second, and notices only
	// then that its pool was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patience bounds what a test waits for; nothing that works comes near it.
const patience = 15 * time.Second

const secret = "a secret that is long enough for HS256"

// authority starts one that is guarded by the secret and has no Redis; change,
// which may be nil, changes its configuration.
func authority(t testing.TB, change func(*auth.Config)) *auth.Authority {
	t.Helper()
	cfg := auth.Config{Secret: secret, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// rig is a Redis with a part of it that is the test's own.
type rig struct {
	*testing.T
	prefix string
	mini   *miniredis.Miniredis // nil on a real Redis
	redis  *redis.Client
}

// onEveryRedis runs a test on miniredis, and on the Redis that the environment
// names. There it touches nothing but keys with a prefix of its own.
func onEveryRedis(t *testing.T, test func(r *rig)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		mini := newMini(t)
		test(newRig(t, "redis://"+mini.Addr(), mini))
	})
	if url := os.Getenv("FANLIGHT_TEST_REDIS_URL"); url != "" {
		t.Run("real", func(t *testing.T) {
			t.Parallel()
			test(newRig(t, url, nil))
		})
	}
}

func newRig(t *testing.T, url string, mini *miniredis.Miniredis) *rig {
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	opt.ContextTimeoutEnabled, opt.MaxRetries, opt.DialerRetries = true, -1, 1
	r := &rig{T: t, prefix: fmt.Sprintf("test%x:", rand.Uint64()), mini: mini, redis: redis.NewClient(opt)}
	t.Cleanup(func() {
		if mini == nil {
			r.forget()
		}
		_ = r.redis.Close()
	})
	return r
}

// forget deletes what the test left in Redis, as a Redis that lost it would.
func (r *rig) forget() {
	r.Helper()
	for _, key := range r.keys() {
		if err := r.redis.Del(r.ctx(), key).Err(); err != nil {
			r.Error(err)
		}
	}
}

// keys returns the names of the test's keys, each once: a scan may come upon one
// twice while others write.
func (r *rig) keys() (names []string) {
	r.Helper()
	all := r.redis.Scan(r.ctx(), 0, "fanlight/*{"+r.prefix+"*", 1000).Iterator()
	for all.Next(r.ctx()) {
		names = append(names, all.Val())
	}
	if err := all.Err(); err != nil {
		r.Error(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ctx is of use after the test as well, while it cleans up.
func (r *rig) ctx() context.Context { return context.WithoutCancel(r.Context()) }

// authority starts one that keeps what it keeps in the test's Redis, and waits
// until it has read that: a token has a second's patience with it, and a machine
// may stand still for longer.
func (r *rig) authority(change func(*auth.Config)) *auth.Authority {
	r.Helper()
	a := r.unread(change)
	eventually(r, "the revocations are read", func() bool {
		return !errors.Is(second(a.Verify(r.ctx(), hs(good()))), &protocol.Error{Code: protocol.CodeUnavailable})
	})
	return a
}

// unread is authority without the wait.
func (r *rig) unread(change func(*auth.Config)) *auth.Authority {
	r.Helper()
	return authority(r.T, func(cfg *auth.Config) {
		cfg.Redis, cfg.Prefix = r.redis, r.prefix
		if change != nil {
			change(cfg)
		}
	})
}

// object is a JSON object.
type object map[string]any

// with returns a copy with other fields; nil leaves one out.
func (o object) with(other object) object {
	o = maps.Clone(o)
	maps.Copy(o, other)
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
	return o
}

// good are claims that are taken.
func good() object {
	now := time.Now()
	return object{
		"sub": "alice", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "id-1",
		"grants": object{"chat:*": []string{"subscribe"}},
	}
}

// signer makes the signature of a token's text.
type signer func(text string) []byte

func hs256(key string) signer {
	return func(text string) []byte {
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(text))
		return h.Sum(nil)
	}
}

// token makes one by hand, since the library would not make the bad ones.
func token(header, claims any, sign signer) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

// encode encodes a segment: a string as it is, anything else as JSON.
func encode(v any) string {
	b, ok := v.(string)
	if !ok {
		j, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		b = string(j)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(b))
}

// hs returns a token that is signed as it should be.
func hs(claims any) string { return token(object{"alg": "HS256", "typ": "JWT"}, claims, hs256(secret)) }

// digest is what asymmetric signatures are made of.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// must returns a value without an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// refused checks that an error has a code.
func refused(t testing.TB, err error, code protocol.Code) {
	t.Helper()
	_ = refusal(t, err, code)
}

// refusal checks that an error has a code, and returns it.
func refusal(t testing.TB, err error, code protocol.Code) *protocol.Error {
	t.Helper()
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%v; want %s", err, code)
		return &protocol.Error{}
	}
	return e
}

// eventually waits until a condition holds, without an event to wait for.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be: " + what)
		}
	}
}

func ops(t testing.TB, names ...string) channel.Op {
	t.Helper()
	return must(channel.ParseOps(names))
}

func newMini(t *testing.T) *miniredis.Miniredis {
	mini := miniredis.RunT(t)
	mini.ClockTTL(true)
	return mini
}

func redisZ(score float64, member string) redis.Z { return redis.Z{Score: score, Member: member} }

// receive waits for a channel.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
