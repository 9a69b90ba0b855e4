package auth_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/auth"
	"fanlight/shared/protocol"
)

func TestARevocationReachesEveryRelay(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		here, there := r.authority(nil), r.authority(nil)
		now := time.Now().Unix()
		alice := good().with(object{"jti": "a1", "iat": now - 5})
		alices := good().with(object{"jti": "a2", "iat": now - 5})
		undated := good().with(object{"jti": nil, "iat": nil})
		bob := good().with(object{"sub": "bob", "jti": "b1"})

		taken := func(claims object) {
			r.Helper()
			for _, a := range []*auth.Authority{here, there} {
				if _, err := a.Verify(r.ctx(), hs(claims)); err != nil {
					r.Errorf("%v: %v", claims, err)
				}
			}
		}
		for _, claims := range []object{alice, alices, undated, bob} {
			taken(claims)
		}
		ended := make(chan *protocol.Error, 10)
		watch := func(claims object) (stop func()) {
			return there.Watch(must(there.Verify(r.ctx(), hs(claims))), func(why *protocol.Error) { ended <- why })
		}
		defer watch(alice)()
		defer watch(bob)()

		revoke := func(subject, id string, gone ...object) {
			r.Helper()
			if err := here.Revoke(r.ctx(), subject, id); err != nil {
				r.Fatal(err)
			}
			if why := receive(r, ended); why.Code != protocol.CodeRevoked {
				r.Errorf("it ended with %v", why)
			}
			for _, a := range []*auth.Authority{here, there} {
				for _, claims := range gone {
					eventually(r, "it is refused", func() bool { _, err := a.Verify(r.ctx(), hs(claims)); return err != nil })
					refused(r, second(a.Verify(r.ctx(), hs(claims))), protocol.CodeRevoked)
				}
			}
		}
		revoke("", "a1", alice)
		taken(alices) // the token alone
		again := watch(alices)
		defer again()
		revoke("alice", "", alices, undated)
		taken(good().with(object{"jti": "a3", "iat": time.Now().Unix() + 1})) // of the next second
		taken(bob)
		if len(ended) > 0 {
			r.Errorf("others ended with %v", <-ended)
		}

		// Whoever starts later knows them as well, and whoever is watched later.
		third := r.authority(nil) // which has read them
		refused(r, second(third.Verify(r.ctx(), hs(alices))), protocol.CodeRevoked)
		gone := &auth.Identity{Subject: "alice", Issued: time.Unix(now-5, 0), Expires: time.Now().Add(time.Hour)}
		third.Watch(gone, func(why *protocol.Error) { ended <- why })
		if why := receive(r, ended); why.Code != protocol.CodeRevoked {
			r.Errorf("it ended with %v", why)
		}

		// Another installation on the same Redis has its own.
		other := r.authority(func(cfg *auth.Config) { cfg.Prefix += "other:" })
		if _, err := other.Verify(r.ctx(), hs(alices)); err != nil {
			r.Error(err)
		}
	})
}

func TestARevocationIsKeptAsLongAsTokensAre(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		a := r.authority(nil)
		if err := a.Revoke(r.ctx(), "alice", ""); err != nil {
			r.Fatal(err)
		}
		keys := r.keys()
		if len(keys) != 2 {
			r.Errorf("the keys are %q", keys)
		}
		for _, key := range keys {
			if ttl := r.redis.PTTL(r.ctx(), key).Val(); ttl < auth.MaxAge || ttl > auth.MaxAge+2*time.Hour {
				r.Errorf("%s stays for %v", key, ttl)
			}
		}
		// Another revocation prunes what no token can outlive.
		old := float64(time.Now().Add(-auth.MaxAge - time.Minute).UnixMicro())
		if err := r.redis.ZAdd(r.ctx(), "fanlight/revoked/{"+r.prefix+"revoked}", redisZ(old, "jti:old")).Err(); err != nil {
			r.Fatal(err)
		}
		if err := a.Revoke(r.ctx(), "", "new"); err != nil {
			r.Fatal(err)
		}
		members := r.redis.ZRange(r.ctx(), "fanlight/revoked/{"+r.prefix+"revoked}", 0, -1).Val()
		if strings.Join(members, " ") != "sub:alice jti:new" {
			r.Errorf("there are %q", members)
		}
	})
}

func TestARelayRemembersARevocationThatRedisLost(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		a := r.authority(nil)
		gone, also := hs(good().with(object{"jti": "x"})), hs(good().with(object{"jti": "y"}))
		refusedSoon := func(text string) {
			r.Helper()
			eventually(r, "it is refused", func() bool { _, err := a.Verify(r.ctx(), text); return err != nil })
			refused(r, second(a.Verify(r.ctx(), text)), protocol.CodeRevoked)
		}
		for id, text := range map[string]string{"x": gone, "y": also} {
			if err := a.Revoke(r.ctx(), "", id); err != nil {
				r.Fatal(err)
			}
			refusedSoon(text)
			r.forget()
		}
		refusedSoon(gone)
	})
}

// A relay that has not read the revocations does not know whom it may let in.
func TestNoTokenIsTakenBeforeTheRevocationsAreRead(t *testing.T) {
	t.Parallel()
	mini := newMini(t)
	r := newRig(t, "redis://"+mini.Addr(), mini)
	mini.SetError("away")
	a := r.unread(nil)
	refused(t, second(a.Verify(t.Context(), hs(good()))), protocol.CodeUnavailable)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused(t, second(a.Verify(ended, hs(good()))), protocol.CodeUnavailable)
	refused(t, second(a.Verify(t.Context(), "garbage")), protocol.CodeUnauthorized)
	for _, err := range []error{a.Revoke(t.Context(), "alice", ""), second(a.Redeem(t.Context(), strings.Repeat("A", 26)))} {
		refused(t, err, protocol.CodeUnavailable)
	}
	mini.SetError("")
	eventually(t, "tokens are taken", func() bool { _, err := a.Verify(t.Context(), hs(good())); return err == nil })

	// Later it goes on with what it knows.
	mini.SetError("away")
	if _, err := a.Verify(t.Context(), hs(good())); err != nil {
		t.Error(err)
	}
	refused(t, second(a.NewTicket(t.Context(), must(a.Verify(t.Context(), hs(good()))))), protocol.CodeUnavailable)
}

func TestRevokeTakesAUserOrATokenId(t *testing.T) {
	t.Parallel()
	a := authority(t, nil)
	for _, test := range [][2]string{{"", ""}, {"alice", "id"}, {strings.Repeat("a", protocol.MaxUser+1), ""}, {"", strings.Repeat("a", 129)}} {
		refused(t, a.Revoke(t.Context(), test[0], test[1]), protocol.CodeBadRequest)
	}
	refused(t, a.Revoke(t.Context(), "alice", ""), protocol.CodeUnavailable) // there is no Redis
}

// However long a machine takes, the promise is about the time that it has: here
// it is the test's own.
func TestARevocationTakesASecondAtTheMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mini := miniredis.NewMiniRedis()
		defer mini.Close()
		mini.SetTime(time.Now())
		client := redis.NewClient(&redis.Options{
			Dialer:     func(context.Context, string, string) (net.Conn, error) { return mini.Dial() },
			MaxRetries: -1,
		})
		defer func() { _ = client.Close() }()
		inRedis := func(cfg *auth.Config) { cfg.Redis = client }
		here := authority(t, inRedis)
		for at := range 10 { // of all that there may be between two looks
			there := authority(t, inRedis)
			time.Sleep(time.Second + time.Duration(at)*71*time.Millisecond)
			id := strconv.Itoa(at)
			text := hs(good().with(object{"jti": id}))
			ended := make(chan time.Time, 1)
			stop := there.Watch(must(there.Verify(t.Context(), text)), func(*protocol.Error) { ended <- time.Now() })
			if err := here.Revoke(t.Context(), "", id); err != nil {
				t.Fatal(err)
			}
			revoked := time.Now()
			time.Sleep(time.Second)
			for _, a := range []*auth.Authority{here, there} {
				refused(t, second(a.Verify(t.Context(), text)), protocol.CodeRevoked)
			}
			if took := receive(t, ended).Sub(revoked); took > time.Second {
				t.Errorf("its connections ended after %v", took)
			}
			stop()
			there.Close()
		}
		here.Close()
	})
}
