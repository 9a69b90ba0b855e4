package node

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"fanlight/server/internal/broker"
	"fanlight/shared/channel"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// Publish checks a message and hands it to Redis. It returns an error, always
// a [*protocol.Error], when the message is refused at once; done is not called
// then. Else done is called once, later, with the outcome; it must not block.
// The context bounds only the wait for a place in the queue. Messages from one
// goroutine are published in their order.
func (n *Node) Publish(ctx context.Context, from Caller, p protocol.Publish, done func(protocol.Published, error)) error {
	if from.Relay {
		return n.publish(ctx, from, p, done)
	}
	became := func(published protocol.Published, err error) {
		n.published(outcome(published, err))
		n.note(from, ops.OpPublish, p.Channel, published.Position, err)
	}
	err := n.publish(ctx, from, p, func(published protocol.Published, err error) {
		became(published, err)
		done(published, err)
	})
	if err != nil {
		became(protocol.Published{}, err)
	}
	return err
}

func (n *Node) publish(ctx context.Context, from Caller, p protocol.Publish, done func(protocol.Published, error)) error {
	if _, err := n.authorize(from, channel.Publish, p.Channel); err != nil {
		return err
	}
	if err := n.checkReserved(from, p.Channel); err != nil {
		return err
	}
	if err := from.Limits.Message(p.Channel, len(p.Data)); err != nil {
		return err
	}
	if err := n.checkData(p.Data); err != nil {
		return err
	}
	if err := p.Tags.Check(); err != nil {
		return err
	}
	if len(p.Key) > protocol.MaxKey {
		return &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "key", Limit: protocol.MaxKey,
			Message: fmt.Sprintf("a key has at most %d bytes, not %d", protocol.MaxKey, len(p.Key)),
		}
	}
	if err := from.Limits.Publish(p.Channel, 1); err != nil {
		return err
	}
	n.broker.Publish(ctx, broker.Message{Channel: p.Channel, Data: protocol.OneLine(p.Data), Tags: p.Tags, Key: p.Key}, done)
	return nil
}

// PublishWait is Publish for callers that wait for the outcome.
func (n *Node) PublishWait(ctx context.Context, from Caller, p protocol.Publish) (protocol.Published, error) {
	type outcome struct {
		published protocol.Published
		err       error
	}
	done := make(chan outcome, 1)
	err := n.Publish(ctx, from, p, func(published protocol.Published, err error) { done <- outcome{published, err} })
	if err != nil {
		return protocol.Published{}, err
	}
	// Not bounded by the context: the message is on its way, and the broker
	// answers within its own time.
	o := <-done
	return o.published, o.err
}

func (n *Node) checkData(data json.RawMessage) error {
	switch {
	case len(data) == 0:
		return &protocol.Error{Code: protocol.CodeBadRequest, Field: "data", Message: "data is missing"}
	case len(data) > n.limits.Message:
		return &protocol.Error{
			Code: protocol.CodeTooLarge, Field: "data", Limit: n.limits.Message,
			Message: fmt.Sprintf("a message has at most %d bytes, not %d", n.limits.Message, len(data)),
		}
	case !utf8.Valid(data):
		return &protocol.Error{Code: protocol.CodeInvalidUTF8, Field: "data", Message: "data is not UTF-8"}
	case !json.Valid(data):
		return &protocol.Error{Code: protocol.CodeDataInvalid, Field: "data", Message: "data is not one JSON value"}
	}
	return nil
}
