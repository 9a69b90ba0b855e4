package node

import (
	"github.com/redis/go-redis/v9"

	"fanlight/server/internal/hub"
)

// Redis returns the node's client.
func (n *Node) Redis() redis.UniversalClient { return n.broker.Redis() }

// Ask puts filters of the test's own in the place of a subscription's. It must
// not have started.
func (s *Subscription) Ask(filters ...hub.Filter) { s.filters = filters }
