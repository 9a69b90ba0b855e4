package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/protocol"
)

func TestATicketStandsForItsTokenOnceOnAnyRelay(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		one, other := r.authority(nil), r.authority(nil)
		who := must(one.Verify(r.ctx(), hs(good().with(object{"grants": object{
			"chat:*": []string{"subscribe"}, "a:#": object{"ops": []string{"history"}, "filter": `x == "é"`},
		}}))))
		before := time.Now().Truncate(time.Microsecond)
		ticket, err := one.NewTicket(r.ctx(), who)
		if err != nil {
			r.Fatal(err)
		}
		if issued := time.UnixMicro(ticket.Expires).Add(-auth.TicketAge); issued.Before(before) || issued.After(time.Now()) {
			r.Errorf("between %v and now it became good until %v", before, time.UnixMicro(ticket.Expires))
		}
		back, err := other.Redeem(r.ctx(), ticket.Ticket)
		if err != nil {
			r.Fatal(err)
		}
		if back.Subject != who.Subject || back.TokenID != who.TokenID || !back.Issued.Equal(who.Issued) || !back.Expires.Equal(who.Expires) ||
			!back.Grants.Equal(who.Grants) || back.Demo {
			r.Errorf("%+v became %+v", who, back)
		}
		for _, a := range []*auth.Authority{one, other} {
			refused(r, second(a.Redeem(r.ctx(), ticket.Ticket)), protocol.CodeTicket)
		}
	})
}

func TestOfManyWhoBringOneTicketOneGetsIn(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		all := []*auth.Authority{r.authority(nil), r.authority(nil)}
		who := must(all[0].Verify(r.ctx(), hs(good())))
		for range 10 {
			ticket := must(all[0].NewTicket(r.ctx(), who)).Ticket
			var mu sync.Mutex
			var in int
			var done sync.WaitGroup
			for i := range 16 {
				done.Go(func() {
					if _, err := all[i%2].Redeem(r.ctx(), ticket); err == nil {
						mu.Lock()
						in++
						mu.Unlock()
					} else {
						refused(r, err, protocol.CodeTicket)
					}
				})
			}
			done.Wait()
			if in != 1 {
				r.Fatalf("%d got in", in)
			}
		}
	})
}

func TestATicketIsOnlyGoodForThirtySeconds(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		a := r.authority(nil)
		ticket := must(a.NewTicket(r.ctx(), must(a.Verify(r.ctx(), hs(good()))))).Ticket
		for _, key := range r.keys() {
			if strings.Contains(key, ticket) {
				r.Errorf("who lists keys reads the ticket in %s", key)
			}
			if ttl := r.redis.PTTL(r.ctx(), key).Val(); ttl <= 0 || ttl > 30*time.Second {
				r.Errorf("%s stays for %v", key, ttl)
			}
		}
		if r.mini != nil {
			r.mini.FastForward(30 * time.Second)
			refused(r, second(a.Redeem(r.ctx(), ticket)), protocol.CodeTicket)
		}
	})
}

func TestATicketDoesNotOutliveItsToken(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		a := r.authority(nil)
		// As of a token that was verified in time.
		until := time.Now().Add(100 * time.Millisecond)
		who := &auth.Identity{Subject: "alice", TokenID: "short", Issued: time.Now(), Expires: until}
		revoked := must(a.Verify(r.ctx(), hs(good().with(object{"jti": "gone"}))))
		ticket, other := must(a.NewTicket(r.ctx(), who)).Ticket, must(a.NewTicket(r.ctx(), revoked)).Ticket

		if err := a.Revoke(r.ctx(), "", "gone"); err != nil {
			r.Fatal(err)
		}
		eventually(r, "the revocation is known", func() bool {
			_, err := a.Verify(r.ctx(), hs(good().with(object{"jti": "gone"})))
			return err != nil
		})
		refused(r, second(a.Redeem(r.ctx(), other)), protocol.CodeRevoked)

		eventually(r, "the token is over", func() bool { return time.Now().After(until) })
		refused(r, second(a.Redeem(r.ctx(), ticket)), protocol.CodeTokenExpired)
	})
}

func TestWrongTicketsAreRefused(t *testing.T) {
	onEveryRedis(t, func(r *rig) {
		a := r.authority(nil)
		for _, ticket := range []string{"", "x", strings.Repeat("A", 26), strings.Repeat("A", 1<<20), hs(good())} {
			refused(r, second(a.Redeem(r.ctx(), ticket)), protocol.CodeTicket)
		}
		refused(r, second(a.NewTicket(r.ctx(), a.Anonymous())), protocol.CodeUnauthorized)
		// Two installations on one Redis do not take each other's.
		ticket := must(a.NewTicket(r.ctx(), must(a.Verify(r.ctx(), hs(good()))))).Ticket
		other := r.authority(func(cfg *auth.Config) { cfg.Prefix += "other:" })
		refused(r, second(other.Redeem(r.ctx(), ticket)), protocol.CodeTicket)
		if _, err := a.Redeem(r.ctx(), ticket); err != nil {
			r.Error(err)
		}
	})
}

func TestWithoutRedisThereAreNoTickets(t *testing.T) {
	t.Parallel()
	a := authority(t, nil)
	who := must(a.Verify(t.Context(), hs(good())))
	refused(t, second(a.NewTicket(t.Context(), who)), protocol.CodeUnavailable)
	refused(t, second(a.Redeem(t.Context(), strings.Repeat("A", 26))), protocol.CodeUnavailable)
}
