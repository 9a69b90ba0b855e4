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
