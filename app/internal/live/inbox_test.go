package live

import (
	"testing"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func message(n int, size int) client.Received {
	return client.Received{Publication: protocol.Publication{Channel: "a", Offset: uint64(n), Data: make([]byte, size)}}
}

func TestTheInboxKeepsTheOrder(t *testing.T) {
	var in inbox
	if !in.add(client.Connecting{Attempt: 1}) {
		t.Error("the first event does not ask for a frame")
	}
	if in.add(message(1, 1)) {
		t.Error("the second event asks for a frame too")
	}
	in.add(client.Subscribed{Channel: "a"})
	b := in.take()
	if len(b.Events) != 3 || b.Dropped != 0 {
		t.Fatalf("the batch is %+v", b)
	}
	if _, ok := b.Events[2].(client.Subscribed); !ok {
		t.Errorf("the last is %T", b.Events[2])
	}
	if !in.add(message(2, 1)) {
		t.Error("after take, the first event does not ask for a frame")
	}
}

func TestAFullInboxLetsGoOfTheOldestMessagesAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct{ messages, size, kept int }{
		"by number":   {3*maxMessages + 7, 10, maxMessages},
		"by bytes":    {300, 64 << 10, maxBytes / (64 << 10)},
		"many rounds": {10 * maxMessages, 0, maxMessages},
	} {
		t.Run(name, func(t *testing.T) {
			var in inbox
			in.add(client.Connected{})
			for n := range c.messages {
				in.add(message(n+1, c.size))
			}
			in.add(client.Disconnected{})
			if held := len(in.events); held > 3*maxMessages+10 {
				t.Errorf("the inbox has grown to %d", held)
			}
			b := in.take()
			if len(b.Events) != c.kept+2 || b.Dropped != c.messages-c.kept {
				t.Fatalf("%d events, %d dropped", len(b.Events), b.Dropped)
			}
			if _, ok := b.Events[0].(client.Connected); !ok {
				t.Errorf("the first is %T", b.Events[0])
			}
			if first := b.Events[1].(client.Received); first.Offset != uint64(c.messages-c.kept+1) {
				t.Errorf("the oldest message is %d", first.Offset)
			}
			if in.take().Dropped != 0 {
				t.Error("the dropped ones are counted twice")
			}
		})
	}
}

func TestJoinsAndLeavesAreBoundedToo(t *testing.T) {
	var in inbox
	in.add(client.Connected{})
	for range maxMessages {
		in.add(client.Joined{})
		in.add(client.Left{})
	}
	in.add(message(1, 1))
	b := in.take()
	if len(b.Events) != maxMessages+1 || b.Dropped != 0 {
		t.Errorf("%d events, %d dropped", len(b.Events), b.Dropped)
	}
}
