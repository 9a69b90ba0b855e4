package broker_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/broker"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// slot is where a cluster keeps a key: the CRC-16 (XMODEM) of what stands in
// the first braces, or of all of it when that is nothing, of 16384.
func slot(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	crc := uint16(0)
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % 16384)
}

// scripts notes the keys of each script that is called.
type scripts struct {
	mu    sync.Mutex
	calls [][]string
}

func (s *scripts) note(cmds ...redis.Cmder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cmd := range cmds {
		if name := cmd.Name(); name != "eval" && name != "evalsha" {
			continue
		}
		args := cmd.Args()
		var keys []string
		for _, key := range args[3 : 3+args[2].(int)] {
			keys = append(keys, key.(string))
		}
		s.calls = append(s.calls, keys)
	}
}

func (s *scripts) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *scripts) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.note(cmd)
		return next(ctx, cmd)
	}
}

func (s *scripts) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		s.note(cmds...)
		return next(ctx, cmds)
	}
}

func TestTheKeysOfEveryScriptCallAreInOneSlotOfACluster(t *testing.T) {
	t.Parallel()
	if slot("123456789") != 0x31c3 || slot("a{123456789}b") != 0x31c3 || slot("{}x") == slot("{}y") {
		t.Fatal("the test can't tell slots") // 0x31c3 is what the specification has
	}
	names := []string{"c", "chat:room.1", "a-b_c", strings.Repeat("x", channel.MaxLen)}
	for _, prefix := range []string{"", "app:", "fanlight/meta/"} {
		r := onMiniredis(t)
		p := r.broker(func(cfg *broker.Config) { cfg.Prefix = prefix })
		calls := &scripts{}
		p.Redis().AddHook(calls)
		slots := make(map[int]bool)
		for _, name := range names {
			for _, key := range []string{"", "k", "{other}", "}{"} {
				p.send(broker.Message{Channel: name, Data: json.RawMessage("1"), Key: key})
			}
			h, err := p.History(context.Background(), name, broker.Query{})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Renew(context.Background(), name, protocol.Since{Epoch: h.Epoch, Offset: h.Offset, Last: h.Last}); err != nil {
				t.Fatal(err)
			}
			slots[slot(prefix+name)] = true
		}
		most := 0
		for _, keys := range calls.calls {
			most = max(most, len(keys))
			for _, key := range keys {
				if slot(key) != slot(keys[0]) || !slots[slot(key)] {
					t.Errorf("%q are not in one slot, that of the channel", keys)
					break
				}
			}
		}
		if len(calls.calls) < len(names)*6 || most != 3 || len(slots) != len(names) {
			t.Errorf("of %d calls, with %d keys at the most, for channels in %d slots", len(calls.calls), most, len(slots))
		}
	}
}

// Braces of its own would be what a cluster goes by.
func TestAPrefixHasNoBraces(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"{", "}", "{app}:", "a}b"} {
		b, err := broker.New(broker.Config{URL: "redis://127.0.0.1:9", Prefix: prefix, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = b.Close()
			t.Errorf("%q is taken", prefix)
		}
	}
}
