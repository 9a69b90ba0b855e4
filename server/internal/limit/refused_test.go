package limit_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanlight/server/internal/limit"
)

func TestWhatIsRefusedTakesNothingHoweverManyAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(limit.Config{PublishRateAddress: 100, PublishRate: -1})
		publish := func() bool { return l.Request(here, "").Publish("c", 1) == nil }
		taken := func() (n int) {
			for publish() {
				n++
			}
			return n
		}
		taken()
		var askers sync.WaitGroup
		for range 4 {
			askers.Go(func() {
				for range 20_000 {
					if publish() {
						t.Error("an empty bucket gave something")
					}
				}
			})
		}
		askers.Wait()
		time.Sleep(time.Second)
		if n := taken(); n != 100 {
			t.Errorf("%d are taken of the 100 of a second", n)
		}
	})
}
