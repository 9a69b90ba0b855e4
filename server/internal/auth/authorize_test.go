package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func identity(t testing.TB, sub, grants string) *auth.Identity {
	t.Helper()
	who := &auth.Identity{Subject: sub, Expires: time.Now().Add(time.Hour)}
	if err := who.Grants.UnmarshalJSON([]byte(grants)); err != nil {
		t.Fatal(err)
	}
	return who
}

// verdicts asks for each operation and returns those that are allowed.
func verdicts(t testing.TB, a *auth.Authority, who *auth.Identity, name string) string {
	t.Helper()
	var allowed channel.Op
	for op := channel.Subscribe; op < channel.All; op <<= 1 {
		filters, err := a.Authorize(who, op, name)
		if err == nil {
			allowed |= op
			continue
		}
		e := refusal(t, err, protocol.CodePermission)
		if e.Field != "channel" || !strings.HasPrefix(e.Message, "may not ") || !strings.HasSuffix(e.Message, " "+name) || filters != nil {
			t.Errorf("%+v, %q", e, filters)
		}
	}
	return allowed.String()
}

func TestWithoutConfigurationEverybodyMayEverything(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) { cfg.Secret = "" })
	if !a.Open() || verdicts(t, a, a.Anonymous(), "chat:go") != channel.All.String() {
		t.Error("it is not open")
	}
	// But a token says what its holder may do, and nothing adds to that.
	if got := verdicts(t, a, identity(t, "alice", `{"chat:*":["subscribe"]}`), "chat:go"); got != "subscribe" {
		t.Error(got)
	}
	if got := verdicts(t, a, identity(t, "alice", `{}`), "chat:go"); got != "" {
		t.Error(got)
	}
}

func TestWithASecretNothingIsAllowedThatWasNotGranted(t *testing.T) {
	t.Parallel()
	a := authority(t, nil)
	if a.Open() || verdicts(t, a, a.Anonymous(), "chat:go") != "" {
		t.Error("it is open")
	}
	alice := identity(t, "alice", `{"chat:*":["subscribe","history"],"user:{sub}:#":["publish","presence"]}`)
	for name, want := range map[string]string{
		"chat:go": "subscribe,history", "chat": "", "chat:go:eu": "", "user:alice": "publish,presence", "user:alice:in": "publish,presence", "user:bob": "", "news": "",
	} {
		if got := verdicts(t, a, alice, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestTheNamespaceTableSaysWhatNeedsNoGrant(t *testing.T) {
	t.Parallel()
	table := map[string]auth.Access{
		"":        {Anonymous: ops(t, "history"), AnonymousSet: true, Default: ops(t, "subscribe")},
		"news":    {Anonymous: ops(t, "subscribe"), AnonymousSet: true, Default: ops(t, "presence")},
		"private": {AnonymousSet: true, DefaultSet: true},
		"half":    {Default: ops(t, "publish")},
	}
	for _, guarded := range []bool{true, false} {
		a := authority(t, func(cfg *auth.Config) {
			cfg.Namespaces = table
			if !guarded {
				cfg.Secret = ""
			}
		})
		bare, granted := identity(t, "a", `{}`), identity(t, "a", `{"#":["publish"]}`)
		for _, test := range []struct{ name, anonymous, bare, granted string }{
			{"x", "history", "subscribe,history", "subscribe,publish,history"},
			{"other:x", "history", "subscribe,history", "subscribe,publish,history"}, // as those without
			{"news:x", "subscribe", "subscribe,presence", "subscribe,publish,presence"},
			{"private:x", "", "", "publish"},
			{"half:x", "history", "publish,history", "publish,history"},
		} {
			for who, want := range map[*auth.Identity]string{a.Anonymous(): test.anonymous, bare: test.bare, granted: test.granted} {
				if got := verdicts(t, a, who, test.name); got != want {
					t.Errorf("guarded %v, %q on %s: %q, want %q", guarded, who.Subject, test.name, got, want)
				}
			}
		}
	}
}

func TestAMandatoryFilterHoldsEvenWhereNoGrantWasNeeded(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) {
		cfg.Namespaces = map[string]auth.Access{"": {Default: channel.All}}
	})
	who := identity(t, "a", `{"a:*": {"ops": ["publish"], "filter": "x == 1"}, "#": ["subscribe"]}`)
	for _, op := range []channel.Op{channel.Subscribe, channel.History} {
		if filters, err := a.Authorize(who, op, "a:b"); err != nil || !slices.Equal(filters, []string{"x == 1"}) {
			t.Errorf("%v: %q, %v", op, filters, err)
		}
	}
	if filters, err := a.Authorize(who, channel.Subscribe, "b"); err != nil || filters != nil {
		t.Errorf("%q, %v", filters, err)
	}
}

func TestNoOperationIsRefused(t *testing.T) {
	t.Parallel()
	a := authority(t, func(cfg *auth.Config) { cfg.Secret = "" })
	refused(t, second(a.Authorize(a.Anonymous(), 0, "a")), protocol.CodePermission)
}
