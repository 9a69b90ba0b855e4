package transport_test

import (
	"testing"

	"fanlight/server/internal/limit"
	"fanlight/server/internal/transport"
	"fanlight/shared/protocol"
)

// Else there is no end of those who come, are refused, and do not go.
func TestAConnectionThatDoesNotAnswerItsCloseTakesAPlace(t *testing.T) {
	t.Parallel()
	for way, refused := range map[string]func(*rig) *raw{
		"at the door": func(r *rig) *raw { return r.rawDialAt("/ws?rewind=nonsense", "", nil) },
		"later":       func(r *rig) *raw { return r.rawDial(protocol.Subprotocol, frame(finalText, `{"id":1,"ping":{}}`)) },
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			limiter := limit.New(limit.Config{})
			r := newRig(t, func(c *transport.Config) { c.Limiter = limiter })
			c := refused(r)
			for op := byte(0); op != opClose; {
				op, _ = c.next()
			}
			if n := limiter.Count(); n != 1 {
				t.Errorf("%d connections are held", n)
			}
			_ = c.Close()
			eventually(t, "its place is free", func() bool { return limiter.Count() == 0 })
		})
	}
}
