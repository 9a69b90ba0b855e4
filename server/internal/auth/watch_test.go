package auth_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/shared/protocol"
)

// ends records what a watch is told, and when.
type ends struct {
	mu    sync.Mutex
	codes []protocol.Code
	at    []time.Time
}

func (e *ends) end(why *protocol.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.codes, e.at = append(e.codes, why.Code), append(e.at, time.Now())
}

func (e *ends) all() []protocol.Code {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.codes
}

func TestAWatchedIdentityEndsWithItsToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, nil)
		var e ends
		expires := time.Now().Add(time.Hour)
		stop := a.Watch(must(a.Verify(t.Context(), hs(good()))), e.end)
		time.Sleep(time.Hour - time.Nanosecond)
		synctest.Wait()
		if got := e.all(); len(got) > 0 {
			t.Fatalf("it ended with %v before its time", got)
		}
		time.Sleep(24 * time.Hour)
		if got := e.all(); len(got) != 1 || got[0] != protocol.CodeTokenExpired || !e.at[0].Equal(expires) {
			t.Fatalf("it ended with %v at %v; want %v", got, e.at, expires)
		}
		stop()
		stop()
	})
}

func TestNobodyIsToldOfAnEndAfterStopOrClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, nil)
		var e ends
		who := must(a.Verify(t.Context(), hs(good())))
		stop := a.Watch(who, e.end)
		a.Watch(who, e.end)
		stop()
		stop()
		a.Close()
		a.Watch(who, e.end)()
		a.Watch(who, e.end)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := e.all(); len(got) > 0 {
			t.Fatalf("%v", got)
		}
	})
}

func TestTheAnonymousHaveNoEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, func(cfg *auth.Config) { cfg.Secret = "" })
		var e ends
		stop := a.Watch(a.Anonymous(), e.end)
		time.Sleep(100 * 24 * time.Hour)
		synctest.Wait()
		stop()
		if got := e.all(); len(got) > 0 {
			t.Fatalf("%v", got)
		}
	})
}

func TestATokenThatIsOverEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, nil)
		var e ends
		who := must(a.Verify(t.Context(), hs(good())))
		time.Sleep(2 * time.Hour)
		a.Watch(who, e.end)
		synctest.Wait()
		if got := e.all(); len(got) != 1 || got[0] != protocol.CodeTokenExpired {
			t.Fatalf("%v", got)
		}
	})
}

// Close waits, so that nothing of a connection is touched after it.
func TestCloseWaitsForEndsThatAreUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t, nil)
		var e ends
		a.Watch(must(a.Verify(t.Context(), hs(good()))), func(why *protocol.Error) {
			time.Sleep(time.Minute) // it should not, but may
			e.end(why)
		})
		time.Sleep(time.Hour + time.Second)
		a.Close()
		if got := e.all(); len(got) != 1 {
			t.Fatalf("%v", got)
		}
	})
}
