package hub_test

import (
	"fmt"
	"testing"

	"fanlight/server/internal/filter"
	"fanlight/server/internal/hub"
	"fanlight/shared/protocol"
)

// One publication to 1,000 subscribers, without filters and with. All match:
// what a filter holds back costs less than what it lets through.
func BenchmarkFanOut(b *testing.B) {
	const subscribers = 1000
	for _, distinct := range []int{0, 1, 10, 100, subscribers} {
		b.Run(fmt.Sprintf("filters=%d", distinct), func(b *testing.B) {
			h, cache := newHub(), filter.NewCache(subscribers)
			for i := range subscribers {
				var filters []hub.Filter
				if distinct > 0 {
					f, err := cache.Get(fmt.Sprintf(`level in ["warn", "error"] && cpu > %d`, i%distinct))
					if err != nil {
						b.Fatal(err)
					}
					filters = append(filters, f)
				}
				if !h.Join("c", nobody{}, filters...).Start(protocol.Since{}, nil, func() {}) {
					b.Fatal("it does not start")
				}
			}
			p := pub("c", "e", 0)
			p.Tags = protocol.Tags{"level": "error", "cpu": 5000.0}
			b.ReportAllocs()
			for b.Loop() {
				p.Offset++
				p.ID = id(p.Offset)
				takes(h, p)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/subscribers, "ns/delivery")
		})
	}
}
