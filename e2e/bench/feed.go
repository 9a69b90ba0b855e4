package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fanlight/shared/protocol"
)

// feedTick is how often a feed sends what is due: about as often as a page
// paints.
const feedTick = 10 * time.Millisecond

// feedAhead is how many batches may be under way: a browser that paints leaves
// each of them long waits.
const feedAhead = 4

// feed publishes a page's messages at their rate until it is ended, in batches:
// the page is measured, and a message a request would leave it little of the
// machine.
type feed struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	sent    atomic.Int64
	fault   firstError
}

func startFeed(ctx context.Context, addr string, l look) *feed {
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{cancel: cancel}
	if l.rate > 0 {
		f.running.Go(func() { f.run(ctx, "http://"+addr+"/publish", l) })
	}
	return f
}

func (f *feed) run(ctx context.Context, url string, l look) {
	slots := make(chan struct{}, feedAhead)
	tick := time.NewTicker(feedTick)
	defer tick.Stop()
	n := 0
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := int(time.Since(began).Seconds() * float64(l.rate))
		for n < due {
			var batch []publication
			for ; n < due && len(batch) < protocol.MaxBatch; n++ {
				batch = append(batch, publication{l.channel, l.data(n)})
			}
			slots <- struct{}{}
			f.running.Go(func() {
				defer func() { <-slots }()
				switch err := publishBatch(ctx, url, batch); {
				case err == nil:
					f.sent.Add(int64(len(batch)))
				case ctx.Err() == nil:
					f.fault.set(err)
				}
			})
		}
	}
}

type publication struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

// publishBatch fails unless each publication was taken.
func publishBatch(ctx context.Context, url string, batch []publication) error {
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var answer protocol.BatchResponse
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Status != protocol.StatusSuccess {
		return fmt.Errorf("a batch was answered with %s: %+v", res.Status, answer.Results)
	}
	return nil
}

// end returns what went wrong.
func (f *feed) end() error {
	f.cancel()
	f.running.Wait()
	return f.fault.get()
}
