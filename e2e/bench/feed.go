package main

import (
	"context"
	"sync"
	"time"
)

// feedTick is how often a feed sends what is due.
const feedTick = 5 * time.Millisecond

// feed publishes a page's messages at their rate until it is ended.
type feed struct {
	publisher *publisher // nil for a rate of 0
	cancel    context.CancelFunc
	running   sync.WaitGroup
	sent      int
	err       error
}

func startFeed(ctx context.Context, addr string, l look, fault *firstError) (*feed, error) {
	f := &feed{cancel: func() {}}
	if l.rate == 0 {
		return f, nil
	}
	p, err := newPublisher(ctx, addr, l.channel, 1024, fault)
	if err != nil {
		return nil, err
	}
	f.publisher = p
	ctx, f.cancel = context.WithCancel(ctx)
	f.running.Go(func() { f.err = f.run(ctx, l) })
	return f, nil
}

func (f *feed) run(ctx context.Context, l look) error {
	tick := time.NewTicker(feedTick)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for due := int(time.Since(began).Seconds() * float64(l.rate)); f.sent < due; f.sent++ {
			switch err := f.publisher.take(ctx); {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				return err
			}
			if err := f.publisher.send(l.data(f.sent)); err != nil {
				return err
			}
		}
	}
}

// end returns how many messages were sent.
func (f *feed) end() (sent int, err error) {
	f.cancel()
	f.running.Wait()
	if f.publisher != nil {
		f.publisher.close()
	}
	return f.sent, f.err
}
