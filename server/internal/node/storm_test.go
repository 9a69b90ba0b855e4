package node_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

// asked is a filter that matches everything, and counts how often it is asked.
type asked struct{ times atomic.Int64 }

func (a *asked) Match(protocol.Tags) bool {
	a.times.Add(1)
	return true
}

// histories counts those that are read, and holds the first one up.
type histories struct {
	release <-chan struct{}
	read    atomic.Int64
}

func (*histories) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*histories) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *histories) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && slices.Contains(cmd.Args(), any("after")) && h.read.Add(1) == 1 {
			<-h.release
		}
		return next(ctx, cmd)
	}
}

// After a restart everybody comes back to where they were, with the same filter.
func TestAFilterIsAskedOnceForAllWhoRecoverTheSame(t *testing.T) {
	t.Parallel()
	const returning, publications = 60, 20
	n := newNode(t)
	for i := range publications {
		if _, err := n.PublishWait(context.Background(), node.Caller{}, protocol.Publish{Channel: "c", Data: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.History(context.Background(), node.Caller{}, "c", node.Page{Limit: 1}); err != nil { // Redis knows the script now
		t.Fatal(err)
	}
	release := make(chan struct{})
	reads, filter := &histories{release: release}, &asked{}
	n.Redis().AddHook(reads)
	var beginning, all sync.WaitGroup
	for range returning {
		e := make(ear, publications)
		s, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: "c", Since: &protocol.Since{}}, protocol.Member{}, e)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Unsubscribe(s, false)
		s.Ask(filter)
		beginning.Add(1)
		all.Go(func() {
			beginning.Done()
			err := n.Start(context.Background(), s, func(a protocol.Subscribed) {
				if a.Recovered != publications {
					t.Errorf("%+v", a)
				}
			})
			if err != nil || len(e) != publications {
				t.Errorf("it heard %d: %v", len(e), err)
			}
		})
	}
	beginning.Wait()
	close(release)
	all.Wait()
	read := reads.read.Load()
	if got, want := filter.times.Load(), read*publications; got != want || read == 0 || read == returning {
		t.Errorf("the filter was asked %d times about %d publications that were read %d times for %d subscribers", got, publications, read, returning)
	}
	t.Logf("%d subscribers, %d reads", returning, read)
}
