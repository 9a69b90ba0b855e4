package broker_test

import (
	"context"
	"testing"
)

// A Redis that went back in time may remember a key whose message is about to
// go, since a new epoch begins. A retry then must be stored, not answered with
// where the message stood.
func TestAKeyDoesNotOutliveTheEpochOfItsMessage(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, r *rig) {
		ctx := context.Background()
		p := r.broker(nil)
		p.listen("c")
		first := p.publish("c", "1", "k")
		p.publish("c", "2", "")
		// Redis goes back to before the second one.
		if err := r.direct.HSet(ctx, "fanlight/meta/{"+r.prefix+"c}", "offset", 1, "last", first.ID).Err(); err != nil {
			t.Fatal(err)
		}
		if err := r.direct.XDel(ctx, "fanlight/stream/{"+r.prefix+"c}", "2-0").Err(); err != nil {
			t.Fatal(err)
		}
		again := p.publish("c", "1", "k")
		if again.Duplicate || again.Epoch == first.Epoch || again.Offset != 1 {
			t.Errorf("at first %+v, then %+v", first, again)
		}
		if kept := r.stream("c"); len(kept) != 1 || kept[0].Values["id"] != again.ID {
			t.Errorf("the stream holds %v", kept)
		}
		if third := p.publish("c", "1", "k"); !third.Duplicate || third.Position != again.Position {
			t.Errorf("%+v, and then %+v", again, third)
		}
	})
}
