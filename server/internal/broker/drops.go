package broker

import (
	"log/slog"
	"sync"
	"time"
)

// drops counts the messages that could not be delivered, and logs them at most
// once a second: a program that publishes garbage must not fill the disk too.
type drops struct {
	mu     sync.Mutex
	total  uint64
	logged time.Time
}

func (d *drops) add(log *slog.Logger, channel string, size int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total++
	if now := time.Now(); now.Sub(d.logged) >= time.Second {
		d.logged = now
		log.Warn("dropped a message that another program published to Redis",
			"channel", channel, "bytes", size, "error", err, "dropped_in_all", d.total)
	}
}

// Dropped returns how many messages of other programs were dropped so far.
func (b *Broker) Dropped() uint64 {
	b.dropped.mu.Lock()
	defer b.dropped.mu.Unlock()
	return b.dropped.total
}

// failures logs what Redis refuses, at most once a second: it may be asked
// thousands of times in one.
type failures struct {
	mu     sync.Mutex
	total  uint64
	logged time.Time
}

func (f *failures) add(log *slog.Logger, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total++
	if now := time.Now(); now.Sub(f.logged) >= time.Second {
		f.logged = now
		log.Warn("Redis did not do what it was asked for", "error", err, "failed_in_all", f.total)
	}
}
