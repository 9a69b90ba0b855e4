package broker_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"fanlight/server/internal/broker"
	"fanlight/shared/protocol"
)

type deaf struct{}

func (deaf) HandlePublication(protocol.Publication, string)            {}
func (deaf) HandleResubscribed(string)                                 {}
func (deaf) HandlePresence(string, *protocol.Member, *protocol.Member) {}

// BenchmarkPublish is the way to Redis and back, with one publish in flight and
// with many; on the Redis that the environment names, or miniredis.
func BenchmarkPublish(b *testing.B) {
	url := os.Getenv("FANLIGHT_TEST_REDIS_URL")
	if url == "" {
		url = "redis://" + miniredis.RunT(b).Addr()
	}
	for name, inFlight := range map[string]int{"one": 1, "many": 64} {
		b.Run(name, func(b *testing.B) {
			br, err := broker.New(broker.Config{URL: url, Prefix: "bench:", Handler: deaf{}, Log: slog.New(slog.DiscardHandler), MessageLimit: 1 << 16})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = br.Close() }()
			data := json.RawMessage(`{"text":"a message of the size that people send each other"}`)
			slots := make(chan struct{}, inFlight)
			done := func(_ protocol.Published, err error) {
				if err != nil {
					b.Error(err)
				}
				<-slots
			}
			for b.Loop() {
				slots <- struct{}{}
				br.Publish(context.Background(), broker.Message{Channel: "c", Data: data}, done)
			}
			for range inFlight {
				slots <- struct{}{}
			}
		})
	}
}
