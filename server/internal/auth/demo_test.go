package auth_test

import (
	"testing"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func TestDemoIdentitiesMayWhatTheyAreSaidTo(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) { cfg.Secret, cfg.Demo = "", true })
	all := channel.All.String()
	want := map[string]map[string]string{
		"reader":   {"realtime_channel": "subscribe,history,presence", "a:b:c": "subscribe,history,presence"},
		"writer":   {"realtime_channel": all, "a:b:c": all},
		"chatter":  {"chat:go": all, "realtime_channel": "", "chat:go:eu": ""},
		"alice":    {"realtime_channel": "subscribe,history,presence", "chat:go": "subscribe,history,presence", "user:alice": all, "user:alice:x": all, "user:bob": ""},
		"watchman": {"realtime_channel": "subscribe,history,presence"},
	}
	offered := a.Identities()
	if len(offered) != len(want) {
		t.Errorf("there are %v", offered)
	}
	for _, one := range offered {
		minted, err := a.Mint(one.Name)
		if err != nil {
			t.Fatal(err)
		}
		who, err := a.Verify(t.Context(), minted.Token)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(who.Expires); !who.Demo || who.Subject != one.Name || who.Expires.UnixMicro() != minted.Expires || left > 5*time.Minute || left < 4*time.Minute {
			t.Errorf("%+v", who)
		}
		for name, ops := range want[one.Name] {
			if got := verdicts(t, a, who, name); got != ops {
				t.Errorf("%s on %s: %q, want %q", one.Name, name, got, ops)
			}
		}
	}
	refused(t, second(a.Mint("root")), protocol.CodeNotFound)

	// Another server's are another's.
	b := authority(t, func(cfg *auth.Config) { cfg.Secret, cfg.Demo = "", true })
	refused(t, second(b.Verify(t.Context(), must(a.Mint("writer")).Token)), protocol.CodeUnauthorized)
}

func TestAGuardedServerOffersNoDemoIdentities(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*auth.Config){
		func(cfg *auth.Config) { cfg.Demo = true },
		func(cfg *auth.Config) { cfg.Secret = "" },
	} {
		a := authority(t, change)
		if offered := a.Identities(); offered == nil || len(offered) > 0 {
			t.Errorf("%v", offered)
		}
		refused(t, second(a.Mint("writer")), protocol.CodeNotFound)
	}
}

func TestATokenIsOnlySignedIfItWouldBeTaken(t *testing.T) {
	t.Parallel()
	now := time.Now()
	right := auth.Token{Subject: "alice", ID: "x", Issued: now, Expires: now.Add(time.Hour), Grants: identity(t, "", `{"chat:*":["publish"]}`).Grants}
	who, err := authority(t, nil).Verify(t.Context(), must(right.Sign(secret)))
	if err != nil || who.Subject != "alice" || who.TokenID != "x" || !who.Grants.Equal(right.Grants) || who.Expires.Unix() != right.Expires.Unix() || who.Issued.Unix() != now.Unix() {
		t.Errorf("%+v, %v", who, err)
	}
	for name, change := range map[string]func(*auth.Token){
		"no subject": func(t *auth.Token) { t.Subject = "" },
		"over":       func(t *auth.Token) { t.Expires = now },
		"too far":    func(t *auth.Token) { t.Expires = now.Add(auth.MaxAge + time.Hour) },
	} {
		wrong := right
		change(&wrong)
		if _, err := wrong.Sign(secret); err == nil {
			t.Errorf("%s: it was signed", name)
		}
	}
	if _, err := right.Sign(secret[:31]); err == nil {
		t.Error("a short secret was taken")
	}
}
